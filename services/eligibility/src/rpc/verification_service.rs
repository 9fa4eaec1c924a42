use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::verification_service_server::VerificationService;
use tonic::{Request, Response, Status, async_trait};

use super::{Edge, card_decode, card_encode, status};

#[async_trait]
impl VerificationService for Edge {
    async fn verify_membership(
        &self,
        request: Request<wire::VerifyMembershipRequest>,
    ) -> Result<Response<wire::VerifyMembershipResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let asked = card_decode::verification(request.into_inner(), &caller, self.today())?;
        let asked = asked.map_err(status::problem)?;
        let verified = self.eligibility.verify_membership(&caller, &asked).await;
        let verification = verified.map_err(status::problem)?;
        Ok(Response::new(card_encode::verification(verification)))
    }

    async fn get_card_keys(
        &self,
        _request: Request<wire::GetCardKeysRequest>,
    ) -> Result<Response<wire::GetCardKeysResponse>, Status> {
        let jwks = self.eligibility.card_keys();
        Ok(Response::new(wire::GetCardKeysResponse { jwks }))
    }

    async fn get_card_revocations(
        &self,
        _request: Request<wire::GetCardRevocationsRequest>,
    ) -> Result<Response<wire::GetCardRevocationsResponse>, Status> {
        let list = self.eligibility.card_revocations().await.map_err(status::problem)?;
        Ok(Response::new(card_encode::revocations(&list)))
    }
}
