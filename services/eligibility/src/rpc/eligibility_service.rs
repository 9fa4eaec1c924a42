use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::eligibility_service_server::EligibilityService;
use tonic::{Request, Response, Status, async_trait};

use super::{Edge, decode, encode, status};

#[async_trait]
impl EligibilityService for Edge {
    async fn batch_check(
        &self,
        request: Request<wire::BatchCheckRequest>,
    ) -> Result<Response<wire::BatchCheckResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let decode::BatchCheck { policy_id, members, day } =
            decode::batch_check(request.get_ref())?;
        let checked = self.eligibility.batch_check(&caller, &policy_id, members, day).await;
        let verdicts = checked.map_err(status::problem)?;
        Ok(Response::new(encode::verdicts(verdicts)))
    }

    async fn select_members(
        &self,
        request: Request<wire::SelectMembersRequest>,
    ) -> Result<Response<wire::SelectMembersResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let selection = decode::selection(request.get_ref())?;
        let size = selection.size;
        let selected = self.eligibility.select_members(&caller, selection).await;
        let selected = selected.map_err(status::problem)?;
        let query = decode::selection_query(request.get_ref());
        Ok(Response::new(encode::selected(selected, (&query, size))))
    }

    async fn resolve(
        &self,
        request: Request<wire::ResolveRequest>,
    ) -> Result<Response<wire::ResolveResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let member = decode::member(request.into_inner().member, &caller, self.today())?;
        let resolved = self.eligibility.resolve(&caller, &member).await;
        let resolved = resolved.map_err(status::problem)?;
        Ok(Response::new(encode::resolved(&resolved)))
    }

    async fn explain(
        &self,
        request: Request<wire::ExplainRequest>,
    ) -> Result<Response<wire::ExplainResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let decode::Explain { policy_id, member, day } =
            decode::explain(request.into_inner(), &caller, self.today())?;
        let explained = self.eligibility.explain(&caller, &policy_id, &member, day).await;
        let explanation = explained.map_err(status::problem)?;
        Ok(Response::new(encode::explanation(&explanation)))
    }
}
