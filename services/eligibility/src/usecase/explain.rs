use std::sync::Arc;

use clock::BusinessDay;
use rpc::Caller;

use super::{Eligibility, Failure, MemberReference, Resolved};
use crate::domain::Slug;
use crate::domain::member::State;
use crate::domain::policy::ReadyPolicy;
use crate::domain::verdict::BatchJudge;

/// The whole verdict on one member.
#[derive(Debug)]
pub struct Explanation {
    /// Whether the member is suspended, which comes before any criterion.
    pub suspended: bool,
    /// Whether each criterion holds, in the policy's order.
    pub holds: Vec<bool>,
    /// The policy that was used.
    pub policy: Arc<ReadyPolicy>,
}

impl Explanation {
    /// Whether the member qualifies.
    pub fn qualifies(&self) -> bool {
        !self.suspended && self.holds.iter().all(|holds| *holds)
    }
}

impl Eligibility {
    /// Judges one member and gives the outcome of every criterion. Ages are counted on `day`, or
    /// today. Order of answers: policy known, its subtree, member known, its subtree.
    pub async fn explain(
        &self,
        caller: &Caller,
        policy_id: &Slug,
        reference: &MemberReference,
        day: Option<BusinessDay>,
    ) -> Result<Explanation, Failure> {
        let policy = self.newest_policy(caller, policy_id)?;
        let Resolved { entry, current_at } = self.resolve(caller, reference).await?;
        self.require_current(current_at)?;
        let day = day.unwrap_or_else(|| self.today());
        let holds = BatchJudge::new(&policy, day).each(&entry);
        Ok(Explanation { suspended: entry.state == State::Suspended, holds, policy })
    }
}
