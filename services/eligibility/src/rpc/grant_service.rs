use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::grant_service_server::GrantService;
use tonic::{Request, Response, Status, async_trait};

use super::{Edge, card_decode, card_encode, decode, encode, status};

/// Grants of one page, unless the caller says otherwise, and at most.
const PAGE_SIZES: (u32, u32) = (100, 1_000);
/// What the page tokens of this list are bound to.
const LIST: &str = "ListGrants";

#[async_trait]
impl GrantService for Edge {
    async fn set_grant(
        &self,
        request: Request<wire::SetGrantRequest>,
    ) -> Result<Response<wire::SetGrantResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let grant = card_decode::grant(request.into_inner().grant)?;
        let set = self.eligibility.set_grant(&caller, grant).await;
        let grant = Some(card_encode::grant(set.map_err(status::problem)?));
        Ok(Response::new(wire::SetGrantResponse { grant }))
    }

    async fn list_grants(
        &self,
        request: Request<wire::ListGrantsRequest>,
    ) -> Result<Response<wire::ListGrantsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ListGrantsRequest { page_size, page_token } = request.into_inner();
        let size = rpc::page_size(page_size, PAGE_SIZES.0, PAGE_SIZES.1)?;
        let after = decode::page_token(LIST, &page_token, card_decode::grant_key)?;
        let listed = self.eligibility.list_grants(&caller, (after, size)).await;
        let grants = listed.map_err(status::problem)?;
        let last = grants.last().map(|grant| card_encode::grant_key(&grant.key));
        let next_page_token = encode::next_page_token(LIST, size, grants.len(), last.as_deref());
        let grants = grants.into_iter().map(card_encode::grant).collect();
        Ok(Response::new(wire::ListGrantsResponse { grants, next_page_token }))
    }
}
