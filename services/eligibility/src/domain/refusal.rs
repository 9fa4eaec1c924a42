use std::time::Duration;

use member_identity::{CardId, OrganizationPath};

use super::card::{CardState, CardVerb};
use super::policy::CriterionProblem;

/// What the business says no to, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What the call names is outside the caller's subtree.
    #[error("outside the caller's organization subtree")]
    OutsideSubtree,
    /// Nothing of that kind and name.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A field that is well formed does not fit what is there.
    #[error("{path}: {problem}")]
    FieldInvalid {
        /// The field's path in the request.
        path: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An organization of that path exists with other content.
    #[error("the organization exists with another {field}")]
    OrganizationExists {
        /// The first field that differs.
        field: &'static str,
    },
    /// The organization above does not exist.
    #[error("there is no organization {parent}")]
    ParentMissing {
        /// Its path.
        parent: OrganizationPath,
    },
    /// No live member is known by that reference.
    #[error("no live member is known by that reference")]
    MemberUnknown,
    /// The request id was used with other content.
    #[error("the request id was used with another {field}")]
    RequestIdReused {
        /// The first field that differs.
        field: &'static str,
    },
    /// The import id belongs to another organization's import.
    #[error("the import id belongs to another organization's import")]
    ImportIdReused,
    /// Criteria that cannot be published.
    #[error("{} criteria cannot be published", .0.len())]
    CriteriaInvalid(Vec<CriterionProblem>),
    /// The member has a card that is active or lost.
    #[error("the member has a card")]
    CardExists(CardId),
    /// The card is not in a state from which that verb goes.
    #[error("a card that is {} does not {}", state.as_str(), verb.as_str())]
    CardState {
        /// The card's state.
        state: CardState,
        /// What was asked for.
        verb: CardVerb,
    },
    /// The member is suspended.
    #[error("the member is suspended")]
    MemberSuspended,
    /// The code is not one of ours.
    #[error("the code is not one of ours")]
    CodeInvalid,
    /// The code has ended, or is not valid yet.
    #[error("the code has ended")]
    CodeExpired,
    /// The code was used at another terminal.
    #[error("the code was used elsewhere")]
    CodeReplayed,
    /// The caller was told no too often.
    #[error("the caller was told no too often")]
    VerificationLimited {
        /// When the next call may be answered.
        retry_after: Duration,
    },
    /// The account is another member's.
    #[error("the account is another member's")]
    AccountLinked,
}
