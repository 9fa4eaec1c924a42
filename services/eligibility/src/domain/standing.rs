//! Suspending and reinstating members.

use clock::Timestamp;
use member_identity::MemberId;

use super::Refusal;
use super::member::{Member, State};

/// What is done to a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandingVerb {
    /// Stops the member from qualifying for anything.
    Suspend,
    /// Lets the member qualify again.
    Reinstate,
}

impl StandingVerb {
    /// The word that the store knows it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suspend => "SUSPEND",
            Self::Reinstate => "REINSTATE",
        }
    }

    /// The stage that it leads to.
    pub const fn leads_to(self) -> State {
        match self {
            Self::Suspend => State::Suspended,
            Self::Reinstate => State::Active,
        }
    }
}

/// One call of such a verb.
#[derive(Clone, Debug)]
pub struct StandingChange {
    /// The caller's subject: with the verb, the scope of the request id (law A1).
    pub caller: String,
    /// The caller's request id.
    pub request_id: String,
    /// What is to be done.
    pub verb: StandingVerb,
    /// To whom.
    pub member_id: MemberId,
    /// The subtree that the caller may change; everything when absent.
    pub within: Option<member_identity::OrganizationPath>,
    /// The time of the commit.
    pub at: Timestamp,
}

/// What a call comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StandingOutcome {
    /// The request id has been answered before, and this is what it was answered.
    Replayed(Member),
    /// The member is in that stage already.
    Unchanged(Member),
    /// The member changes.
    Changed(Member),
}

/// Decides in the order of answers: replay, member known, subtree. `earlier` is the member as the
/// first answer to the same request id showed it; `member` is the member as it is.
pub fn decide_standing(
    change: &StandingChange,
    earlier: Option<Member>,
    member: Option<Member>,
) -> Result<StandingOutcome, Refusal> {
    if let Some(earlier) = earlier {
        return match earlier.member_id == change.member_id {
            true => Ok(StandingOutcome::Replayed(earlier)),
            false => Err(Refusal::RequestIdReused { field: "member_id" }),
        };
    }
    let member = member.ok_or(Refusal::MemberUnknown)?;
    let organization = &member.registration.organization;
    if change.within.as_ref().is_some_and(|within| !within.contains(organization)) {
        return Err(Refusal::OutsideSubtree);
    }
    let state = change.verb.leads_to();
    if member.state == state {
        return Ok(StandingOutcome::Unchanged(member));
    }
    let version = member.version + 1;
    Ok(StandingOutcome::Changed(Member { state, version, updated_at: change.at, ..member }))
}
