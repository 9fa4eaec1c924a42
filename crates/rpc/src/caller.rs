use std::collections::BTreeSet;
use std::sync::Arc;

use contracts::common::v1::ErrorReason;
use member_identity::OrganizationPath;
use tokio::time::Instant;

use crate::Problem;

/// Who makes a call, as their token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The partner, office or service: 1 to 64 characters of `0-9 A-Z a-z _ -`.
    pub subject: String,
    /// What the caller may do, as `voucher.claim`.
    pub scopes: BTreeSet<String>,
    /// The subtree within which the caller may do it; all of it when absent
    /// (services, and whoever holds the keys that sign).
    pub organization: Option<OrganizationPath>,
}

impl Caller {
    /// Refuses with `OUTSIDE_SUBTREE` what does not belong to the caller's subtree.
    pub fn require_within(&self, organization: &OrganizationPath) -> Result<(), Problem> {
        match self.sees(organization) {
            true => Ok(()),
            false => Err(Problem::new(ErrorReason::OutsideSubtree)),
        }
    }

    /// Whether an organization belongs to the caller's subtree.
    pub fn sees(&self, organization: &OrganizationPath) -> bool {
        self.organization.as_ref().is_none_or(|own| own.contains(organization))
    }

    /// Whether the caller's token lists a scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }
}

/// When the caller stops waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(pub Instant);

/// The caller of a request. Every request that reaches a handler has one, because
/// [`CallerLayer`](crate::CallerLayer) put it there; one that has none is refused.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<Arc<Caller>, Problem> {
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    caller.ok_or_else(|| Problem::new(ErrorReason::TokenMissing))
}

/// When the caller stops waiting; `None` when the call states no timeout.
pub fn deadline<T>(request: &tonic::Request<T>) -> Option<Instant> {
    request.extensions().get::<Deadline>().map(|deadline| deadline.0)
}
