use member_identity::OrganizationPath;

use super::Partner;

/// Who calls, and for which part of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The subject of the token.
    pub partner: Partner,
    /// The subtree that the caller may act in; everywhere when absent (services, and
    /// whoever holds the keys that sign).
    pub organization: Option<OrganizationPath>,
}

impl Caller {
    /// Whether the caller may act for an organization: it is at or below the caller's own.
    pub fn acts_for(&self, organization: &OrganizationPath) -> bool {
        self.organization.as_ref().is_none_or(|own| own.contains(organization))
    }

    /// Whether the caller may see what an organization offers: it is at or below the caller's own,
    /// or above it, since a campaign of the province is offered in its cities.
    pub fn sees(&self, organization: &OrganizationPath) -> bool {
        let above = |own: &OrganizationPath| organization.contains(own);
        self.acts_for(organization) || self.organization.as_ref().is_some_and(above)
    }
}
