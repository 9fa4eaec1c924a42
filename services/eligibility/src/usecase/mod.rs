//! The verbs of the registry, one a file.
//!
//! Verdicts are taken from memory; changes go through the store first and reach memory before they
//! are answered, those of other replicas by following the store's versions. A change runs on a task
//! of its own, so that a cancelled call can neither leave it half done nor keep memory from learning
//! of it (laws A3 and E2).

mod batch_check;
mod card_keys;
mod change_card;
mod change_standing;
mod codes;
mod create_organization;
mod explain;
mod failure;
mod follow;
mod get_member;
mod get_organization;
mod get_policy;
mod get_roster_import;
mod grants;
mod import_roster;
mod link_account;
mod list_members;
mod list_organizations;
mod list_policies;
mod memory;
mod present_card;
mod publish_policy;
mod read_criteria;
mod resolve;
mod revocations;
mod select_members;
mod unknowns;
mod verify_membership;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clock::{BusinessDay, Clock, Zone};
use member_identity::{CardId, CardNumber, IdDocument, MemberId, OrganizationPath};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::Instrument;

use crate::domain::Refusal;
use crate::domain::account::Account;
use crate::domain::grant::ReferenceKind;
use crate::domain::keyring::{Blind, BlindKind};
use crate::domain::registry::{Entry, Found};
use crate::domain::vault::Vault;
use crate::store::Store;
use follow::Following;
use memory::Memory;
use revocations::Revocations;
use sql::StoreError;
use unknowns::Unknowns;

pub use batch_check::{Verdict, Verdicts};
pub use card_keys::{CardKeys, CardSettings};
pub use change_card::{CardRequest, ShownCard};
pub use change_standing::StandingRequest;
pub use explain::Explanation;
pub use failure::Failure;
pub use import_roster::OpenImport;
pub use present_card::Presented;
pub use resolve::Resolved;
pub use revocations::RevocationList;
pub use select_members::{Selected, Selection};
pub use verify_membership::{Claims, Subject, Verification, VerificationRequest};

/// How a caller names a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberReference {
    /// By the id that eligibility gave out.
    Id(MemberId),
    /// By the number of an identity document.
    Document(IdDocument),
    /// By an active card.
    Card(CardId),
    /// By the number of an active card.
    CardNumber(CardNumber),
    /// By a partner's account.
    Account(Account),
}

impl MemberReference {
    /// What a partner must be granted to use it.
    pub(crate) const fn kind(&self) -> ReferenceKind {
        match self {
            Self::Id(_) => ReferenceKind::MemberId,
            Self::Document(_) => ReferenceKind::IdNumber,
            Self::Card(_) => ReferenceKind::CardCode,
            Self::CardNumber(_) => ReferenceKind::CardNumber,
            Self::Account(_) => ReferenceKind::LinkedAccount,
        }
    }
}

/// How closely memory follows the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long after one look for changes the next one begins.
    pub poll_every: Duration,
    /// Beyond this age memory answers no question whose asker is not told the age (law E2).
    pub age_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { poll_every: Duration::from_millis(250), age_max: Duration::from_secs(1) }
    }
}

/// The registry with everything that its verbs need. Cheap to clone.
#[derive(Clone)]
pub struct Eligibility {
    core: Arc<Core>,
    following: Arc<Following>,
}

struct Core {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    memory: Memory,
    age_max: Duration,
    cards: CardSettings,
    unknowns: Unknowns,
    revocations: Revocations,
    /// Held while changes are read, so that they are read once.
    turn: Mutex<()>,
}

/// Attempts at a step that others got in the way of. Each time one of the others came through.
const ATTEMPTS: u32 = 8;

impl Eligibility {
    /// Fills the registry in memory from the store and follows it from then on.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        vault: Arc<Vault>,
        pace: Pace,
        cards: CardSettings,
    ) -> Result<Self, Failure> {
        let core = Arc::new(Core {
            store,
            clock,
            vault,
            memory: Memory::empty(Instant::now()),
            age_max: pace.age_max,
            unknowns: Unknowns::new(cards.unknowns_per_minute),
            cards,
            revocations: Revocations::default(),
            turn: Mutex::new(()),
        });
        core.catch_up().await?;
        let following = Arc::new(Following::start(&core, pace.poll_every));
        Ok(Self { core, following })
    }

    /// Follows the store no longer, finishes what is under way and closes it.
    pub async fn close(&self) {
        self.following.stop();
        self.core.store.close().await;
    }

    /// How many members are in memory.
    pub fn members_loaded(&self) -> usize {
        self.core.memory.read(|content| content.registry.len())
    }

    /// How many bytes they take.
    pub fn memory_bytes(&self) -> usize {
        self.core.memory.read(|content| content.registry.bytes())
    }

    /// Business day of now, where no caller names one.
    fn today(&self) -> BusinessDay {
        BusinessDay::of(self.core.clock.now(), &Zone::shanghai())
    }

    /// Looks at the live member whom a reference names, if any; and how current that is.
    fn look<T>(
        &self,
        reference: &MemberReference,
        look: impl FnOnce(Found<'_>) -> T,
    ) -> (Option<T>, Instant) {
        let memory = &self.core.memory;
        match reference {
            MemberReference::Id(id) => {
                memory.read(|content| (content.registry.find(*id).map(look), content.current_at))
            }
            MemberReference::Document(document) => {
                let ring = self.core.vault.ring();
                let blinds = ring.blinds(BlindKind::IdNumber, &document.canonical());
                memory.read(|content| {
                    (content.registry.find_blind(&blinds).map(look), content.current_at)
                })
            }
            MemberReference::Card(card_id) => self.look_handle(&[*card_id.as_bytes()], look),
            MemberReference::CardNumber(number) => {
                let ring = self.core.vault.ring();
                self.look_handle(&ring.blinds(BlindKind::CardNumber, number.reveal()), look)
            }
            MemberReference::Account(account) => {
                let ring = self.core.vault.ring();
                self.look_handle(&ring.blinds(BlindKind::Account, &account.canonical()), look)
            }
        }
    }

    fn look_handle<T>(
        &self,
        keys: &[Blind],
        look: impl FnOnce(Found<'_>) -> T,
    ) -> (Option<T>, Instant) {
        let find = |content: &memory::Content| {
            (content.registry.find_handle(keys).map(look), content.current_at)
        };
        self.core.memory.read(find)
    }

    /// The live member whom a reference names, if any; and how current that is.
    fn find(&self, reference: &MemberReference) -> (Option<Entry>, Instant) {
        self.look(reference, |found| found.entry())
    }

    /// Refuses to answer from a memory that is too far behind, where the age is not told.
    fn require_current(&self, current_at: Instant) -> Result<(), Failure> {
        match current_at.elapsed() <= self.core.age_max {
            true => Ok(()),
            false => Err(Failure::Outdated),
        }
    }

    /// What memory does not have is not there, unless memory is too far behind to say so.
    fn require_known<T>(
        &self,
        found: Option<T>,
        current_at: Instant,
        refusal: Refusal,
    ) -> Result<T, Failure> {
        if found.is_none() {
            self.require_current(current_at)?;
        }
        Ok(found.ok_or(refusal)?)
    }

    /// Runs a change on a task of its own. One whose outcome is not known is looked for in the
    /// store before it is answered; should that fail too, the next look finds it.
    async fn change<T, F>(&self, work: impl FnOnce(Arc<Core>) -> F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let core = Arc::clone(&self.core);
        let work = work(Arc::clone(&core));
        let task = async move {
            let result = work.await;
            if result.as_ref().is_err_and(Failure::may_have_happened)
                && let Err(failure) = core.catch_up().await
            {
                tracing::warn!(error = %failure, "a change of unknown outcome was not looked up");
            }
            result
        };
        let ended = tokio::spawn(task.in_current_span()).await;
        ended.unwrap_or(Err(Failure::Fault("a change did not come to its end")))
    }
}

/// Takes a step, again when another got in its way: steps may be repeated.
async fn attempt<T, F>(step: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 1..ATTEMPTS {
        match step().await {
            Err(StoreError::Conflict) => (),
            result => return result,
        }
    }
    step().await
}

/// What a list may show: what is asked for, or else what the caller may see.
fn below_or_own(
    caller: &rpc::Caller,
    below: Option<OrganizationPath>,
) -> Result<Option<OrganizationPath>, Failure> {
    let Some(below) = below else {
        return Ok(caller.organization.clone());
    };
    require_within(caller, &below)?;
    Ok(Some(below))
}

fn require_within(caller: &rpc::Caller, organization: &OrganizationPath) -> Result<(), Failure> {
    match caller.sees(organization) {
        true => Ok(()),
        false => Err(Refusal::OutsideSubtree.into()),
    }
}

/// A policy may be used within its organization's subtree and from above it: who offers a benefit
/// judges by its own policy, and an office explains the province's.
fn require_offered(caller: &rpc::Caller, owner: &OrganizationPath) -> Result<(), Failure> {
    let below = |own: &OrganizationPath| owner.contains(own);
    match caller.sees(owner) || caller.organization.as_ref().is_some_and(below) {
        true => Ok(()),
        false => Err(Refusal::OutsideSubtree.into()),
    }
}
