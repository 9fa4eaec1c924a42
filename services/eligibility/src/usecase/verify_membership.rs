use clock::Timestamp;
use member_identity::{OrganizationPath, RegionCode, Trade};
use rpc::Caller;
use tokio::time::Instant;

use super::{Eligibility, Failure, MemberReference};
use crate::domain::Slug;
use crate::domain::card_code::{CardCode, Level};
use crate::domain::grant::{Claim, Grant, ReferenceKind};
use crate::domain::member::State;
use crate::domain::registry::Found;

/// Whom a partner asks for.
#[derive(Clone, Debug)]
pub enum Subject {
    /// By a reference.
    Reference(MemberReference),
    /// By the code that the member shows.
    Code(CardCode),
}

/// A partner's question.
#[derive(Clone, Debug)]
pub struct VerificationRequest {
    /// Whom.
    pub subject: Subject,
    /// What for.
    pub purpose: Slug,
    /// Which of the partner's gates or tills asks; may be empty.
    pub terminal: String,
}

/// What a partner is told besides yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The highest level of a model worker, where it is granted.
    pub level: Option<Level>,
    /// The trade.
    pub trade: Option<Trade>,
    /// Where the member works.
    pub region: Option<RegionCode>,
}

/// Yes or no, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// True for a live, unsuspended member of the caller's subtree.
    pub is_member: bool,
    /// What else is granted; nothing with every no.
    pub claims: Claims,
    /// Business time when the answer was taken.
    pub as_of: Timestamp,
}

impl Eligibility {
    /// Whether a live, unsuspended member of the caller's subtree is meant, and what else the caller
    /// is granted for the purpose. Every other case is the same `false`, found on the same way:
    /// also when nothing is granted.
    pub async fn verify_membership(
        &self,
        caller: &Caller,
        request: &VerificationRequest,
    ) -> Result<Verification, Failure> {
        let core = &self.core;
        core.unknowns.require_room(caller, Instant::now())?;
        let as_of = core.clock.now();
        let (reference, kind) = match &request.subject {
            Subject::Reference(reference) => (reference.clone(), reference.kind()),
            Subject::Code(code) => {
                core.require_ours(code)?;
                core.use_code(caller, &request.terminal, code, as_of).await?;
                (MemberReference::Card(code.body.card_id), ReferenceKind::CardCode)
            }
        };
        let grants = core.memory.grants(&caller.subject, &request.purpose);
        let (answer, current_at) = self.look(&reference, |found| {
            let organization = found.organization();
            let granted = granted(&grants, organization, kind);
            let is_member = (found.state() == State::Active)
                & caller.sees(organization)
                & granted.clone().next().is_some();
            (is_member, claims(granted, found))
        });
        self.require_current(current_at)?;
        match answer {
            Some((true, claims)) => Ok(Verification { is_member: true, claims, as_of }),
            Some((false, _)) | None => {
                core.unknowns.count(caller, Instant::now());
                Ok(Verification { is_member: false, claims: Claims::default(), as_of })
            }
        }
    }
}

/// The grants that let the caller ask for a member of that organization in that way.
fn granted<'g>(
    grants: &'g [Grant],
    organization: &'g OrganizationPath,
    kind: ReferenceKind,
) -> impl Iterator<Item = &'g Grant> + Clone {
    let covers = move |grant: &&Grant| {
        grant.key.organization.contains(organization) & grant.references.has(kind)
    };
    grants.iter().filter(covers)
}

fn claims<'g>(granted: impl Iterator<Item = &'g Grant> + Clone, found: Found<'_>) -> Claims {
    let tells = |claim| granted.clone().any(|grant| grant.claims.has(claim));
    Claims {
        level: tells(Claim::ModelWorkerLevel).then(|| Level::of(found.honours())),
        trade: tells(Claim::Trade).then(|| found.trade()),
        region: tells(Claim::Region).then(|| found.region()),
    }
}
