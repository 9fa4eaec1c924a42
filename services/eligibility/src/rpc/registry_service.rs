use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::registry_service_server::RegistryService;
use member_identity::MemberId;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{Edge, decode, encode, status};
use crate::domain::standing::StandingVerb;
use crate::store::Page;

/// Organizations of one page, unless the caller says otherwise, and at most.
const ORGANIZATION_PAGE_SIZES: (u32, u32) = (100, 1_000);
/// Members of one page, unless the caller says otherwise, and at most.
const MEMBER_PAGE_SIZES: (u32, u32) = (100, 5_000);

#[async_trait]
impl RegistryService for Edge {
    async fn create_organization(
        &self,
        request: Request<wire::CreateOrganizationRequest>,
    ) -> Result<Response<wire::CreateOrganizationResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let organization = decode::organization(request.into_inner().organization)?;
        let created = self.eligibility.create_organization(&caller, organization).await;
        let organization = Some(encode::organization(created.map_err(status::problem)?));
        Ok(Response::new(wire::CreateOrganizationResponse { organization }))
    }

    async fn get_organization(
        &self,
        request: Request<wire::GetOrganizationRequest>,
    ) -> Result<Response<wire::GetOrganizationResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let path = decode::organization_path("path", &request.get_ref().path)?;
        let found = self.eligibility.get_organization(&caller, &path).await;
        let organization = Some(encode::organization(found.map_err(status::problem)?));
        Ok(Response::new(wire::GetOrganizationResponse { organization }))
    }

    async fn list_organizations(
        &self,
        request: Request<wire::ListOrganizationsRequest>,
    ) -> Result<Response<wire::ListOrganizationsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ListOrganizationsRequest { below, page_size, page_token } = request.into_inner();
        let query = format!("ListOrganizations below {below}");
        let (size, max) = ORGANIZATION_PAGE_SIZES;
        let size = rpc::page_size(page_size, size, max)?;
        let after = decode::page_token(&query, &page_token, decode::text_key)?;
        let page = Page { below: decode::below(&below)?, after, size };
        let listed = self.eligibility.list_organizations(&caller, page).await;
        let organizations = listed.map_err(status::problem)?;
        let last = organizations.last().map(|one| one.path.as_str().as_bytes());
        let next_page_token = encode::next_page_token(&query, size, organizations.len(), last);
        let organizations = organizations.into_iter().map(encode::organization).collect();
        Ok(Response::new(wire::ListOrganizationsResponse { organizations, next_page_token }))
    }

    async fn get_member(
        &self,
        request: Request<wire::GetMemberRequest>,
    ) -> Result<Response<wire::GetMemberResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let member = decode::member(request.into_inner().member, &caller, self.today())?;
        let found = self.eligibility.get_member(&caller, &member).await;
        let member = Some(encode::member(found.map_err(status::problem)?));
        Ok(Response::new(wire::GetMemberResponse { member }))
    }

    async fn list_members(
        &self,
        request: Request<wire::ListMembersRequest>,
    ) -> Result<Response<wire::ListMembersResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ListMembersRequest { below, page_size, page_token } = request.into_inner();
        let query = format!("ListMembers below {below}");
        let size = rpc::page_size(page_size, MEMBER_PAGE_SIZES.0, MEMBER_PAGE_SIZES.1)?;
        let member_id = |bytes: &[u8]| MemberId::try_from(bytes).ok();
        let after = decode::page_token(&query, &page_token, member_id)?;
        let page = Page { below: decode::below(&below)?, after, size };
        let listed = self.eligibility.list_members(&caller, page).await;
        let members = listed.map_err(status::problem)?;
        let last = members.last().map(|member| member.member_id.as_bytes().as_slice());
        let next_page_token = encode::next_page_token(&query, size, members.len(), last);
        let members = members.into_iter().map(encode::member).collect();
        Ok(Response::new(wire::ListMembersResponse { members, next_page_token }))
    }

    async fn suspend_member(
        &self,
        request: Request<wire::SuspendMemberRequest>,
    ) -> Result<Response<wire::SuspendMemberResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::SuspendMemberRequest { request_id, member_id } = request.into_inner();
        let suspend = decode::standing(StandingVerb::Suspend, &request_id, &member_id)?;
        let suspended = self.eligibility.change_standing(&caller, suspend).await;
        let member = Some(encode::member(suspended.map_err(status::problem)?));
        Ok(Response::new(wire::SuspendMemberResponse { member }))
    }

    async fn reinstate_member(
        &self,
        request: Request<wire::ReinstateMemberRequest>,
    ) -> Result<Response<wire::ReinstateMemberResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ReinstateMemberRequest { request_id, member_id } = request.into_inner();
        let reinstate = decode::standing(StandingVerb::Reinstate, &request_id, &member_id)?;
        let reinstated = self.eligibility.change_standing(&caller, reinstate).await;
        let member = Some(encode::member(reinstated.map_err(status::problem)?));
        Ok(Response::new(wire::ReinstateMemberResponse { member }))
    }

    async fn import_roster(
        &self,
        request: Request<Streaming<wire::ImportRosterRequest>>,
    ) -> Result<Response<wire::ImportRosterResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let mut stream = request.into_inner();
        let first = stream.message().await?.and_then(|message| message.part);
        let (import_id, organization) = decode::roster_header(first)?;
        let opened = self.eligibility.open_import(&caller, &import_id, &organization).await;
        let mut import = opened.map_err(status::problem)?;
        while let Some(message) = stream.message().await? {
            let rows = decode::roster_rows(message.part)?;
            import.take(rows).await.map_err(status::problem)?;
        }
        let report = import.finish().await.map_err(status::problem)?;
        let roster_import = Some(encode::roster_import(report));
        Ok(Response::new(wire::ImportRosterResponse { roster_import }))
    }

    async fn get_roster_import(
        &self,
        request: Request<wire::GetRosterImportRequest>,
    ) -> Result<Response<wire::GetRosterImportResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let import_id = decode::import_id(&request.get_ref().import_id)?;
        let found = self.eligibility.get_roster_import(&caller, &import_id).await;
        let roster_import = Some(encode::roster_import(found.map_err(status::problem)?));
        Ok(Response::new(wire::GetRosterImportResponse { roster_import }))
    }
}
