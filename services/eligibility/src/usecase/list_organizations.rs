use member_identity::OrganizationPath;
use rpc::Caller;

use super::{Eligibility, Failure, below_or_own};
use crate::domain::organization::Organization;
use crate::store::Page;

impl Eligibility {
    /// Organizations at or below a path, by path; the caller's own when none is named.
    pub async fn list_organizations(
        &self,
        caller: &Caller,
        page: Page<OrganizationPath>,
    ) -> Result<Vec<Organization>, Failure> {
        let below = below_or_own(caller, page.below)?;
        Ok(self.core.store.organizations(Page { below, ..page }).await?)
    }
}
