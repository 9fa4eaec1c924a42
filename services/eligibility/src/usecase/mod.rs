//! The verbs of the registry, one a file.
//!
//! Verdicts are taken from memory; changes go through the store first and reach memory before they
//! are answered. A change runs on a task of its own, so that a cancelled call can neither leave it
//! half done nor keep memory from learning of it (laws A3 and E2).

mod batch_check;
mod change_standing;
mod create_organization;
mod explain;
mod failure;
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
mod verify_membership;

use std::future::Future;
use std::sync::Arc;

use clock::{BusinessDay, Clock, Zone};
use member_identity::{IdDocument, MemberId, OrganizationPath};
use tokio::sync::Mutex;
use tracing::Instrument;

use crate::domain::keyring::BlindKind;
use crate::domain::registry::Entry;
use crate::domain::vault::Vault;
use crate::store::Store;
use memory::{Content, Memory};
use sql::StoreError;

pub use batch_check::{Verdict, Verdicts};
pub use change_standing::StandingRequest;
pub use explain::Explanation;
pub use failure::Failure;
pub use import_roster::OpenImport;
pub use resolve::Resolved;
pub use verify_membership::Verification;

/// How a caller names a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberReference {
    /// By the id that eligibility gave out.
    Id(MemberId),
    /// By the number of an identity document.
    Document(IdDocument),
}

/// The registry with everything that its verbs need. Cheap to clone.
#[derive(Clone)]
pub struct Eligibility {
    core: Arc<Core>,
}

struct Core {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    memory: Memory,
    /// Held from before a change's commit until memory has it, so that memory sees changes in the
    /// order of their commits.
    turn: Mutex<()>,
}

impl Eligibility {
    /// Fills the registry in memory from the store.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        vault: Arc<Vault>,
    ) -> Result<Self, Failure> {
        let core = Core { store, clock, vault, memory: Memory::stale(), turn: Mutex::new(()) };
        core.reload().await?;
        Ok(Self { core: Arc::new(core) })
    }

    /// How many members are in memory.
    pub fn members_loaded(&self) -> usize {
        self.core.memory.read(|content| content.registry.len()).unwrap_or(0)
    }

    /// Business day of now, where no caller names one.
    fn today(&self) -> BusinessDay {
        BusinessDay::of(self.core.clock.now(), &Zone::shanghai())
    }

    /// Reads memory; loads it again first when it may have missed a change.
    async fn read<T>(&self, read: impl Fn(&Content) -> T) -> Result<T, Failure> {
        if let Some(value) = self.core.memory.read(&read) {
            return Ok(value);
        }
        let _turn = self.core.turn.lock().await;
        self.core.refresh().await?;
        let forgotten = || StoreError::Unavailable { detail: String::from("not in memory") };
        Ok(self.core.memory.read(&read).ok_or_else(forgotten)?)
    }

    /// The live member whom a reference names, if any.
    async fn find(&self, reference: &MemberReference) -> Result<Option<Entry>, Failure> {
        match reference {
            MemberReference::Id(id) => self.read(|content| content.registry.find(*id)).await,
            MemberReference::Document(document) => {
                let ring = self.core.vault.ring();
                let blinds = ring.blinds(BlindKind::IdNumber, &document.canonical());
                self.read(|content| content.registry.find_blind(&blinds)).await
            }
        }
    }

    /// Runs a change on a task of its own, one at a time. A change whose outcome is not known
    /// makes memory load again before it answers anything.
    async fn change<T, F>(&self, work: impl FnOnce(Arc<Core>) -> F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let core = Arc::clone(&self.core);
        let work = work(Arc::clone(&core));
        let task = async move {
            let _turn = core.turn.lock().await;
            core.refresh().await?;
            let unsure = core.memory.unsure();
            let result = work.await;
            match &result {
                Err(failure) if failure.may_have_happened() => drop(unsure),
                Ok(_) | Err(_) => unsure.settle(),
            }
            result
        };
        let ended = tokio::spawn(task.in_current_span()).await;
        ended.unwrap_or(Err(Failure::Fault("a change did not come to its end")))
    }
}

impl Core {
    async fn refresh(&self) -> Result<(), Failure> {
        match self.memory.is_stale() {
            true => self.reload().await,
            false => Ok(()),
        }
    }
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
        false => Err(crate::domain::Refusal::OutsideSubtree.into()),
    }
}

/// A policy may be used within its organization's subtree and from above it: who offers a benefit
/// judges by its own policy, and an office explains the province's.
fn require_offered(caller: &rpc::Caller, owner: &OrganizationPath) -> Result<(), Failure> {
    let below = |own: &OrganizationPath| owner.contains(own);
    match caller.sees(owner) || caller.organization.as_ref().is_some_and(below) {
        true => Ok(()),
        false => Err(crate::domain::Refusal::OutsideSubtree.into()),
    }
}
