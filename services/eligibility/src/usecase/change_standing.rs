use member_identity::MemberId;
use rpc::{Caller, RequestId};

use super::{Eligibility, Failure, attempt};
use crate::domain::member::Member;
use crate::domain::standing::{StandingChange, StandingOutcome, StandingVerb};

/// A call that suspends or reinstates.
#[derive(Clone, Debug)]
pub struct StandingRequest {
    /// The caller's request id.
    pub request_id: RequestId,
    /// What is to be done.
    pub verb: StandingVerb,
    /// To whom.
    pub member_id: MemberId,
}

impl Eligibility {
    /// Suspends or reinstates a member. Order of answers: replay, member known, subtree. Memory
    /// has the change before it is answered (law E2).
    pub async fn change_standing(
        &self,
        caller: &Caller,
        request: StandingRequest,
    ) -> Result<Member, Failure> {
        let change = StandingChange {
            caller: caller.subject.clone(),
            request_id: request.request_id.as_str().to_owned(),
            verb: request.verb,
            member_id: request.member_id,
            within: caller.organization.clone(),
            at: self.core.clock.now(),
        };
        self.change(|core| async move {
            match attempt(|| core.store.change_standing(change.clone())).await?? {
                StandingOutcome::Changed(member) => {
                    core.memory.set_state(&member);
                    core.revocations.forget().await;
                    Ok(member)
                }
                StandingOutcome::Unchanged(member) | StandingOutcome::Replayed(member) => {
                    Ok(member)
                }
            }
        })
        .await
    }
}
