use rpc::Caller;

use super::{Eligibility, Failure, require_within};
use crate::domain::policy::Policy;
use crate::domain::{Refusal, Slug};

impl Eligibility {
    /// A revision of a policy; the newest when none is named. Order of answers: policy known,
    /// subtree.
    pub async fn get_policy(
        &self,
        caller: &Caller,
        policy_id: &Slug,
        revision: Option<i32>,
    ) -> Result<Policy, Failure> {
        let policy = self.core.store.policy(policy_id, revision).await?;
        let policy = policy.ok_or(Refusal::NotFound("policy"))?;
        require_within(caller, &policy.content.organization)?;
        Ok(policy)
    }
}
