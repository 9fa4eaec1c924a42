use member_identity::OrganizationPath;
use rpc::Caller;

use super::{Eligibility, Failure, require_within};
use crate::domain::Refusal;
use crate::domain::organization::Organization;

impl Eligibility {
    /// One organization by path.
    pub async fn get_organization(
        &self,
        caller: &Caller,
        path: &OrganizationPath,
    ) -> Result<Organization, Failure> {
        require_within(caller, path)?;
        let organization = self.core.store.organization(path).await?;
        organization.ok_or_else(|| Refusal::NotFound("organization").into())
    }
}
