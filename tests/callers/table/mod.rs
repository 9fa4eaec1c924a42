//! Every method: a call that the right caller may make, and the calls that name what belongs to
//! another organization, with what they must be answered.

mod cards;
mod clock;
mod eligibility;
mod issuance;
mod merchant;
mod redemption;
mod registry;
mod settlement;
mod webhooks;

use contracts::common::v1::ErrorReason;
use prost::bytes::Bytes;
use tonic::Code;

use crate::raw::Ask;
use crate::world::World;

/// One method.
pub struct Row {
    /// Its path.
    pub path: &'static str,
    /// A call that is answered.
    pub own: Ask,
    /// Who makes that call.
    pub by: By,
    /// Calls that name what is not the caller's.
    pub foreign: Foreign,
}

/// Who may call a method, given its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A caller who is bound to a subtree.
    Subtree,
    /// Only a caller who is not: a service.
    Everywhere,
    /// Whoever asks, without a token.
    Everybody,
}

/// Calls that name what belongs to another organization.
pub enum Foreign {
    /// Each with its answer.
    Cases(Vec<Case>),
    /// There can be none.
    NotApplicable(NotApplicable),
}

/// Why no call of a method can name what belongs to another organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotApplicable {
    /// Business time is the process's and belongs to no organization.
    TimeHasNoOwner,
    /// What everybody may know belongs to no organization.
    IsPublic,
    /// Closing names nothing: it does for all platforms what the service does by itself soon
    /// after midnight, and nothing more.
    ClosesEveryDayThatIsOver,
}

/// One such call.
pub struct Case {
    /// What it names.
    pub what: &'static str,
    /// The call.
    pub ask: Ask,
    /// Scopes that the caller has besides the method's.
    pub more_scopes: &'static [&'static str],
    /// What it must be answered.
    pub expect: Expect,
}

/// What a call must be answered.
pub enum Expect {
    /// A refusal.
    Refused(Code, ErrorReason),
    /// An answer that holds nothing of the other organization's, as the check says.
    Answered(Box<dyn Fn(&Bytes) -> bool>),
}

impl Row {
    fn new(path: &'static str, own: Ask, foreign: Vec<Case>) -> Self {
        Self { path, own, by: By::Subtree, foreign: Foreign::Cases(foreign) }
    }

    fn none(path: &'static str, own: Ask, why: NotApplicable) -> Self {
        Self { path, own, by: By::Subtree, foreign: Foreign::NotApplicable(why) }
    }

    /// A method for everybody.
    fn public(path: &'static str, own: Ask) -> Self {
        let foreign = Foreign::NotApplicable(NotApplicable::IsPublic);
        Self { path, own, by: By::Everybody, foreign }
    }

    /// A method for services: whoever is bound to a subtree is refused the very same call.
    fn everywhere(path: &'static str, own: Ask) -> Self {
        let foreign = vec![outside("everybody's", own.clone())];
        Self { path, own, by: By::Everywhere, foreign: Foreign::Cases(foreign) }
    }
}

fn refused(what: &'static str, ask: Ask, code: Code, reason: ErrorReason) -> Case {
    Case { what, ask, more_scopes: &[], expect: Expect::Refused(code, reason) }
}

fn outside(what: &'static str, ask: Ask) -> Case {
    refused(what, ask, Code::PermissionDenied, ErrorReason::OutsideSubtree)
}

fn answered(what: &'static str, ask: Ask, check: impl Fn(&Bytes) -> bool + 'static) -> Case {
    Case { what, ask, more_scopes: &[], expect: Expect::Answered(Box::new(check)) }
}

/// The whole table, in the order in which the calls of the right caller can be made.
pub fn rows(world: &World) -> Vec<Row> {
    let parts = [
        clock::rows(world),
        registry::rows(world),
        eligibility::rows(world),
        cards::rows(world),
        issuance::rows(world),
        redemption::rows(world),
        settlement::rows(world),
        merchant::rows(world),
        webhooks::rows(world),
    ];
    parts.into_iter().flatten().collect()
}
