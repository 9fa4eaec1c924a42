use rpc::Caller;

use super::{Eligibility, Failure};
use crate::domain::Slug;
use crate::domain::policy::Policy;
use crate::store::Page;

impl Eligibility {
    /// The newest revision of each policy of the caller's subtree, by name, after a name.
    pub async fn list_policies(
        &self,
        caller: &Caller,
        after: Option<Slug>,
        size: u32,
    ) -> Result<Vec<Policy>, Failure> {
        let page = Page { below: caller.organization.clone(), after, size };
        Ok(self.core.store.policies(page).await?)
    }
}
