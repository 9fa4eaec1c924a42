use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::card_service_server::CardService;
use member_identity::CardId;
use tonic::{Request, Response, Status, async_trait};

use super::{Edge, card_decode, card_encode, decode, encode, status};
use crate::domain::card::CardVerb;

/// Cards of one page, unless the caller says otherwise, and at most.
const PAGE_SIZES: (u32, u32) = (20, 100);

#[async_trait]
impl CardService for Edge {
    async fn issue_card(
        &self,
        request: Request<wire::IssueCardRequest>,
    ) -> Result<Response<wire::IssueCardResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let issue = card_decode::issue(request.get_ref())?;
        let issued = self.eligibility.change_card(&caller, issue).await;
        let card = Some(card_encode::card(issued.map_err(status::problem)?));
        Ok(Response::new(wire::IssueCardResponse { card }))
    }

    async fn report_card_lost(
        &self,
        request: Request<wire::ReportCardLostRequest>,
    ) -> Result<Response<wire::ReportCardLostResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ReportCardLostRequest { request_id, card_id } = request.into_inner();
        let lost = card_decode::change(CardVerb::ReportLost, &request_id, &card_id)?;
        let lost = self.eligibility.change_card(&caller, lost).await;
        let card = Some(card_encode::card(lost.map_err(status::problem)?));
        Ok(Response::new(wire::ReportCardLostResponse { card }))
    }

    async fn reissue_card(
        &self,
        request: Request<wire::ReissueCardRequest>,
    ) -> Result<Response<wire::ReissueCardResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ReissueCardRequest { request_id, card_id } = request.into_inner();
        let reissue = card_decode::change(CardVerb::Reissue, &request_id, &card_id)?;
        let reissued = self.eligibility.change_card(&caller, reissue).await;
        let card = Some(card_encode::card(reissued.map_err(status::problem)?));
        Ok(Response::new(wire::ReissueCardResponse { card }))
    }

    async fn revoke_card(
        &self,
        request: Request<wire::RevokeCardRequest>,
    ) -> Result<Response<wire::RevokeCardResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::RevokeCardRequest { request_id, card_id } = request.into_inner();
        let revoke = card_decode::change(CardVerb::Revoke, &request_id, &card_id)?;
        let revoked = self.eligibility.change_card(&caller, revoke).await;
        let card = Some(card_encode::card(revoked.map_err(status::problem)?));
        Ok(Response::new(wire::RevokeCardResponse { card }))
    }

    async fn get_card(
        &self,
        request: Request<wire::GetCardRequest>,
    ) -> Result<Response<wire::GetCardResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let card_id = card_decode::card_id(&request.get_ref().card_id)?;
        let found = self.eligibility.get_card(&caller, card_id).await;
        let card = Some(card_encode::card(found.map_err(status::problem)?));
        Ok(Response::new(wire::GetCardResponse { card }))
    }

    async fn list_cards(
        &self,
        request: Request<wire::ListCardsRequest>,
    ) -> Result<Response<wire::ListCardsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ListCardsRequest { member_id, page_size, page_token } = request.into_inner();
        let query = format!("ListCards of {member_id}");
        let member_id = card_decode::member_id(&member_id)?;
        let size = rpc::page_size(page_size, PAGE_SIZES.0, PAGE_SIZES.1)?;
        let card_id = |bytes: &[u8]| CardId::try_from(bytes).ok();
        let after = decode::page_token(&query, &page_token, card_id)?;
        let listed = self.eligibility.list_cards(&caller, member_id, (after, size)).await;
        let cards = listed.map_err(status::problem)?;
        let last = cards.last().map(|shown| shown.card.card_id.as_bytes().as_slice());
        let next_page_token = encode::next_page_token(&query, size, cards.len(), last);
        let cards = cards.into_iter().map(card_encode::card).collect();
        Ok(Response::new(wire::ListCardsResponse { cards, next_page_token }))
    }

    async fn present_card(
        &self,
        request: Request<wire::PresentCardRequest>,
    ) -> Result<Response<wire::PresentCardResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let member_id = card_decode::member_id(&request.get_ref().member_id)?;
        let presented = self.eligibility.present_card(&caller, member_id).await;
        let presented = presented.map_err(status::problem)?;
        Ok(Response::new(card_encode::presented(presented)))
    }
}
