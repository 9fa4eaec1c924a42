use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::policy_service_server::PolicyService;
use tonic::{Request, Response, Status, async_trait};

use super::{Edge, decode, encode, status};

/// Policies of one page, unless the caller says otherwise, and at most.
const PAGE_SIZES: (u32, u32) = (50, 200);
/// What the page tokens of this list are bound to.
const LIST: &str = "ListPolicies";

#[async_trait]
impl PolicyService for Edge {
    async fn publish_policy(
        &self,
        request: Request<wire::PublishPolicyRequest>,
    ) -> Result<Response<wire::PublishPolicyResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let draft = decode::policy_draft(request.into_inner())?;
        let published = self.eligibility.publish_policy(&caller, draft).await;
        let policy = encode::policy(published.map_err(status::problem)?);
        Ok(Response::new(wire::PublishPolicyResponse { policy: Some(policy) }))
    }

    async fn get_policy(
        &self,
        request: Request<wire::GetPolicyRequest>,
    ) -> Result<Response<wire::GetPolicyResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let (policy_id, revision) = decode::policy_revision(request.get_ref())?;
        let found = self.eligibility.get_policy(&caller, &policy_id, revision).await;
        let policy = encode::policy(found.map_err(status::problem)?);
        Ok(Response::new(wire::GetPolicyResponse { policy: Some(policy) }))
    }

    async fn list_policies(
        &self,
        request: Request<wire::ListPoliciesRequest>,
    ) -> Result<Response<wire::ListPoliciesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ListPoliciesRequest { page_size, page_token } = request.into_inner();
        let size = rpc::page_size(page_size, PAGE_SIZES.0, PAGE_SIZES.1)?;
        let after = decode::page_token(LIST, &page_token, decode::text_key)?;
        let listed = self.eligibility.list_policies(&caller, after, size).await;
        let policies = listed.map_err(status::problem)?;
        let last = policies.last().map(|policy| policy.content.policy_id.as_str().as_bytes());
        let next_page_token = encode::next_page_token(LIST, size, policies.len(), last);
        let policies = policies.into_iter().map(encode::policy).collect();
        Ok(Response::new(wire::ListPoliciesResponse { policies, next_page_token }))
    }
}
