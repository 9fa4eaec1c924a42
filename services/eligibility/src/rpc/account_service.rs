use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::account_service_server::AccountService;
use member_identity::LinkId;
use rpc::encode_timestamp;
use tonic::{Request, Response, Status, async_trait};

use super::{Edge, card_decode, card_encode, decode, encode, status};

/// Links of one page, unless the caller says otherwise, and at most.
const PAGE_SIZES: (u32, u32) = (20, 100);

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

    async fn list_links(
        &self,
        request: Request<wire::ListLinksRequest>,
    ) -> Result<Response<wire::ListLinksResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ListLinksRequest { member_id, page_size, page_token } = request.into_inner();
        let query = format!("ListLinks of {member_id}");
        let member_id = card_decode::member_id(&member_id)?;
        let size = rpc::page_size(page_size, PAGE_SIZES.0, PAGE_SIZES.1)?;
        let link_id = |bytes: &[u8]| LinkId::try_from(bytes).ok();
        let after = decode::page_token(&query, &page_token, link_id)?;
        let listed = self.eligibility.list_links(&caller, member_id, (after, size)).await;
        let links = listed.map_err(status::problem)?;
        let last = links.last().map(|link| link.link_id.as_bytes().as_slice());
        let next_page_token = encode::next_page_token(&query, size, links.len(), last);
        let links = links.into_iter().map(card_encode::link).collect();
        Ok(Response::new(wire::ListLinksResponse { links, next_page_token }))
    }

    async fn withdraw_link(
        &self,
        request: Request<wire::WithdrawLinkRequest>,
    ) -> Result<Response<wire::WithdrawLinkResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let (request_id, link_id) = card_decode::withdraw(request.get_ref())?;
        let ended = self.eligibility.withdraw_link(&caller, request_id, link_id).await;
        let unlinked_at = Some(encode_timestamp(ended.map_err(status::problem)?));
        Ok(Response::new(wire::WithdrawLinkResponse { unlinked_at }))
    }
}
