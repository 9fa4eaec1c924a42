use group_commit::LaneProblem;

use crate::domain::{CampaignRefusal, ClaimRefusal, ForeignCursors, FundRefusal};
use crate::store::StoreError;

/// Why a use case has no answer to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The rules of Claim say no.
    #[error("the claim is refused: {0:?}")]
    Claim(ClaimRefusal),
    /// The rules of the campaign verbs say no.
    #[error("the change is refused: {0:?}")]
    Campaign(CampaignRefusal),
    /// The rules of funds say no.
    #[error("the fund is refused: {0:?}")]
    Fund(FundRefusal),
    /// Nothing of that kind is there.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What the call names is not the caller's to act for.
    #[error("outside the caller's subtree")]
    OutsideSubtree,
    /// No live member has that id.
    #[error("the member is not known")]
    MemberUnknown,
    /// The cursors of a follower are not of this store.
    #[error(transparent)]
    ForeignCursors(#[from] ForeignCursors),
    /// The cursor is not of that selection.
    #[error("not a cursor of this selection")]
    ForeignCursor,
    /// The service stops and begins nothing more.
    #[error("the service stops")]
    Stopping,
    /// Eligibility cannot be reached, or what it said is too old by now (law E1).
    #[error("eligibility gives no verdict in time")]
    Eligibility,
    /// The lane did not work on it.
    #[error(transparent)]
    Lane(#[from] LaneProblem),
    /// The store could not do its step.
    #[error(transparent)]
    Store(#[from] StoreError),
}
