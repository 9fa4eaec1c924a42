use rpc::Caller;

use super::{Eligibility, Failure, attempt, below_or_own, require_within};
use crate::domain::grant::{Grant, GrantKey};
use crate::store::Page;

impl Eligibility {
    /// States the whole of a grant. Order of answers: subtree, organization known. Memory has it
    /// before it is answered.
    pub async fn set_grant(&self, caller: &Caller, grant: Grant) -> Result<Grant, Failure> {
        require_within(caller, &grant.key.organization)?;
        let grant = Grant { updated_at: self.core.clock.now(), ..grant };
        self.change(|core| async move {
            let set = attempt(|| core.store.set_grant(grant.clone())).await??;
            // What others state at the same time is read in the order of the commits.
            core.catch_up().await?;
            Ok(set)
        })
        .await
    }

    /// Grants within the caller's subtree.
    pub async fn list_grants(
        &self,
        caller: &Caller,
        (after, size): (Option<GrantKey>, u32),
    ) -> Result<Vec<Grant>, Failure> {
        let below = below_or_own(caller, None)?;
        Ok(self.core.store.grants(Page { below, after, size }).await?)
    }
}
