use std::time::Duration;

use async_trait::async_trait;
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

    /// The person behind a member; none for a member that is not known.
    async fn resolve(&self, member_id: MemberId) -> Result<Option<Resolved>, Unreachable>;
}
