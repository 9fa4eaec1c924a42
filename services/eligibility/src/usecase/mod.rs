//! The verbs of the registry, one a file.
//!
//! Verdicts are taken from memory; changes go through the store first and reach memory before they
//! are answered, those of other replicas by following the store's versions. A change runs on a task
//! of its own, so that a cancelled call can neither leave it half done nor keep memory from learning
//! of it (laws A3 and E2).

mod batch_check;
mod change_standing;
mod create_organization;
mod explain;
mod failure;
mod follow;
mod get_member;
mod get_organization;
mod get_policy;
mod get_roster_import;
mod import_roster;
mod list_members;
mod list_organizations;
mod list_policies;
mod memory;
mod publish_policy;
mod read_criteria;
mod resolve;
mod select_members;
mod verify_membership;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clock::{BusinessDay, Clock, Zone};
use member_identity::{IdDocument, MemberId, OrganizationPath};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::Instrument;

use crate::domain::Refusal;
use crate::domain::keyring::BlindKind;
use crate::domain::registry::{Entry, Found};
use crate::domain::vault::Vault;
use crate::store::Store;
use follow::Following;
use memory::Memory;
use sql::StoreError;

pub use batch_check::{Verdict, Verdicts};
pub use change_standing::StandingRequest;
pub use explain::Explanation;
pub use failure::Failure;
pub use import_roster::OpenImport;
pub use resolve::Resolved;
pub use select_members::{Selected, Selection};
pub use verify_membership::Verification;

/// How a caller names a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberReference {
    /// By the id that eligibility gave out.
    Id(MemberId),
    /// By the number of an identity document.
    Document(IdDocument),
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
    ) -> Result<Self, Failure> {
        let (memory, turn) = (Memory::empty(Instant::now()), Mutex::new(()));
        let core = Arc::new(Core { store, clock, vault, memory, age_max: pace.age_max, turn });
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
        }
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
