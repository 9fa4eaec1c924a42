use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::verification_service_server::VerificationService;
use tonic::{Request, Response, Status, async_trait};

use super::{Edge, decode, encode, status};

#[async_trait]
impl VerificationService for Edge {
    async fn verify_membership(
        &self,
        request: Request<wire::VerifyMembershipRequest>,
    ) -> Result<Response<wire::VerifyMembershipResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let member = decode::verification(request.into_inner(), self.today())?;
        let verified = self.eligibility.verify_membership(&caller, &member).await;
        let verification = verified.map_err(status::problem)?;
        Ok(Response::new(encode::verification(verification)))
    }
}
