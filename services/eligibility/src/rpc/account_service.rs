use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::account_service_server::AccountService;
use rpc::encode_timestamp;
use tonic::{Request, Response, Status, async_trait};

use super::{Edge, card_decode, status};

#[async_trait]
impl AccountService for Edge {
    async fn link_account(
        &self,
        request: Request<wire::LinkAccountRequest>,
    ) -> Result<Response<wire::LinkAccountResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let card_decode::Link { request_id, account_id, code } =
            card_decode::link(request.get_ref())?;
        let code = code.map_err(status::problem)?;
        let linked = self.eligibility.link_account(&caller, (request_id, account_id), code).await;
        let linked_at = Some(encode_timestamp(linked.map_err(status::problem)?));
        Ok(Response::new(wire::LinkAccountResponse { linked_at }))
    }

    async fn unlink_account(
        &self,
        request: Request<wire::UnlinkAccountRequest>,
    ) -> Result<Response<wire::UnlinkAccountResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let (request_id, account_id) = card_decode::unlink(request.get_ref())?;
        let unlinked = self.eligibility.unlink_account(&caller, request_id, account_id).await;
        let unlinked_at = Some(encode_timestamp(unlinked.map_err(status::problem)?));
        Ok(Response::new(wire::UnlinkAccountResponse { unlinked_at }))
    }
}
