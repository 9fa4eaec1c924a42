use rpc::Caller;

use super::read_criteria::read_criteria;
use super::{Eligibility, Failure, attempt, require_within};
use crate::domain::Refusal;
use crate::domain::policy::{Policy, PolicyDraft, Publication, ReadyPolicy};

impl Eligibility {
    /// Publishes a policy. Order of answers: subtree, criteria, organization known, owner. What
    /// cannot be judged by is never published.
    pub async fn publish_policy(
        &self,
        caller: &Caller,
        draft: PolicyDraft,
    ) -> Result<Policy, Failure> {
        require_within(caller, &draft.organization)?;
        let conditions = read_criteria(draft.criteria.clone()).await?;
        let conditions = conditions.map_err(Refusal::CriteriaInvalid)?;
        let at = self.core.clock.now();
        self.change(|core| async move {
            match attempt(|| core.store.publish_policy(draft.clone(), at)).await?? {
                Publication::New(policy) => {
                    core.memory.publish(ReadyPolicy { policy: policy.clone(), conditions });
                    Ok(policy)
                }
                Publication::Same(policy) => Ok(policy),
            }
        })
        .await
    }
}
