use sql::StoreError;

use crate::domain::Refusal;

/// Why a verb gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The business says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Memory has not kept up with the store, and the asker would not know.
    #[error("the registry in memory is too old")]
    Outdated,
    /// A fault of ours.
    #[error("{0}")]
    Fault(&'static str),
}

impl Failure {
    /// Whether what failed may have been committed all the same.
    pub(super) fn may_have_happened(&self) -> bool {
        matches!(self, Self::Store(StoreError::OutcomeUnknown))
    }
}
