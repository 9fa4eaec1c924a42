use rpc::Caller;

use super::{Eligibility, Failure, attempt, require_within};
use crate::domain::organization::{Creation, Organization};

impl Eligibility {
    /// Adds an organization. A first one at the top can only be added by a caller whose own it is,
    /// or who has no limit, because nobody else's subtree holds its path.
    pub async fn create_organization(
        &self,
        caller: &Caller,
        organization: Organization,
    ) -> Result<Organization, Failure> {
        require_within(caller, &organization.path)?;
        let at = self.core.clock.now();
        let create = || self.core.store.create_organization(organization.clone(), at);
        match attempt(create).await?? {
            Creation::Added(organization) | Creation::Exists(organization) => Ok(organization),
        }
    }
}
