use member_identity::MemberId;
use rpc::Caller;

use super::{Eligibility, Failure, below_or_own};
use crate::domain::member::Member;
use crate::store::Page;

impl Eligibility {
    /// Members of the organizations at or below a path, by id; of the caller's own when none is
    /// named.
    pub async fn list_members(
        &self,
        caller: &Caller,
        page: Page<MemberId>,
    ) -> Result<Vec<Member>, Failure> {
        let below = below_or_own(caller, page.below)?;
        Ok(self.core.store.members(Page { below, ..page }).await?)
    }
}
