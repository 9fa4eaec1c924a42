//! Claim: one member takes one voucher, through the campaign's lane; who cannot get one is told so
//! from memory (`shortcut`).

mod lane;
mod lanes;
mod recent;
mod shortcut;

use member_identity::MemberId;
use tokio::time::Instant;

pub(super) use self::lane::{ClaimAnswer, ClaimStages, Prepared, Wish};
pub use self::lanes::LaneLimits;
pub(super) use self::lanes::Lanes;
use super::{Failure, Issuance};
use crate::domain::{Caller, CampaignId, RequestId};
use crate::store::Issued;

/// Who wants one of what.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who asks for the member.
    pub caller: Caller,
    /// The id of the request.
    pub request_id: RequestId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The member.
    pub member_id: MemberId,
}

impl Issuance {
    /// Takes a voucher, or gives the one that the same request got before. Dropping the future
    /// does not undo it. Refusals come in the order that `domain/claim.rs` states; nothing is
    /// begun after the deadline.
    pub async fn claim(&self, claim: Claim, deadline: Option<Instant>) -> Result<Issued, Failure> {
        let Claim { caller, request_id, campaign_id, member_id } = claim;
        let lane = self.lanes.of(&campaign_id).await?;
        let entropy = self.surroundings.entropy.draw();
        let wish = Wish { caller, request_id, member_id, entropy };
        let answer = lane.answer(wish, deadline).await;
        answer.unwrap_or_else(|problem| {
            self.lanes.settle(&campaign_id, &lane, problem);
            Err(Failure::Lane(problem))
        })
    }
}
