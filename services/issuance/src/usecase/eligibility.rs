use std::time::Duration;

use async_trait::async_trait;
use clock::BusinessDay;
use member_identity::{MemberId, OrganizationPath, PersonKey};

use crate::domain::{JudgedBy, MemberVerdict};

/// Verdicts as eligibility sent them.
#[derive(Clone, Debug)]
pub struct Checked {
    /// One a member, in the order of the question.
    pub verdicts: Vec<MemberVerdict>,
    /// How old they were when they were sent, by eligibility's monotonic clock.
    pub age: Duration,
}

/// The person behind a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The natural person.
    pub person: PersonKey,
    /// The organization that keeps the membership.
    pub organization: OrganizationPath,
}

/// Whom to select by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectionQuery {
    /// The policy.
    pub policy_id: String,
    /// Its revision; 0 for the newest.
    pub revision: i32,
    /// Ages are counted on it.
    pub day: BusinessDay,
    /// Only members at or below it; everybody when absent.
    pub organization: Option<OrganizationPath>,
    /// Goes on behind this; empty for the beginning.
    pub cursor: String,
}

/// A page of the members whom a policy selects, small enough for one chunk of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedPage {
    /// Those who qualify.
    pub members: Vec<MemberId>,
    /// Goes on behind this page; empty on the last one.
    pub cursor: String,
    /// Members that were looked at for it.
    pub scanned: i64,
    /// Members that all pages look at.
    pub total: i64,
}

/// Why there is no such page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectionRefusal {
    /// There is no such policy or revision.
    PolicyUnknown,
    /// The policy is neither of the organization's subtree nor from above it.
    OutsideSubtree,
    /// The cursor is not of this selection.
    ForeignCursor,
}

/// Eligibility cannot be asked, or gave an answer that means nothing; logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("eligibility cannot be reached")]
pub struct Unreachable;

/// What issuance asks of eligibility.
#[async_trait]
pub trait EligibilityPeer: Send + Sync + 'static {
    /// Judges members, in one round; they may repeat.
    async fn batch_check(
        &self,
        judged_by: &JudgedBy,
        members: &[MemberId],
    ) -> Result<Checked, Unreachable>;

    /// A page of the members whom a policy selects, in an order that stays.
    async fn select_members(
        &self,
        query: &SelectionQuery,
    ) -> Result<Result<SelectedPage, SelectionRefusal>, Unreachable>;

    /// The person behind a member; none for a member that is not known.
    async fn resolve(&self, member_id: MemberId) -> Result<Option<Resolved>, Unreachable>;
}
