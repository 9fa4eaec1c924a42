use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::time::Instant;

use crate::domain::Slug;
use crate::domain::grant::Grant;
use crate::domain::member::Member;
use crate::domain::policy::ReadyPolicy;
use crate::domain::registry::{Applied, Handle, Registry};
use crate::store::{ImportStep, Versions};

/// Members that are taken in before others may look again: well below a millisecond's worth.
const AT_ONCE_MAX: usize = 256;

/// The registry and the policies as verdicts are taken from them. Held for no longer than a look
/// or a batch takes, and never across an await.
pub(super) struct Memory(RwLock<Content>);

/// What is in memory.
pub(super) struct Content {
    /// Live members.
    pub(super) registry: Registry,
    /// The newest revision of each policy.
    pub(super) policies: HashMap<Slug, Arc<ReadyPolicy>>,
    /// What each partner is granted for each purpose.
    grants: HashMap<String, HashMap<Slug, Arc<[Grant]>>>,
    /// The changes that are in memory.
    pub(super) versions: Versions,
    /// Nothing that was committed before then is missing: ages count from here (law E1).
    pub(super) current_at: Instant,
}

impl Memory {
    /// Without anything: every change is yet to be read.
    pub(super) fn empty(now: Instant) -> Self {
        Self(RwLock::new(Content {
            registry: Registry::default(),
            policies: HashMap::new(),
            grants: HashMap::new(),
            versions: Versions::none(),
            current_at: now,
        }))
    }

    /// Reads what is there.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Content) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in committed members, in any order: the newest version of each stays.
    pub(super) fn apply(&self, members: Vec<Applied>) {
        let mut members = members.into_iter().peekable();
        while members.peek().is_some() {
            let some = members.by_ref().take(AT_ONCE_MAX);
            self.write(|content| some.for_each(|one| content.registry.apply(one)));
        }
    }

    /// Takes in a batch that this replica has committed. When nobody else's change lies between
    /// what is in memory and the batch, there is nothing to read of it any more.
    pub(super) fn apply_own(&self, step: ImportStep) {
        self.apply(step.applied);
        self.write(|content| {
            for (shard, version) in step.versions {
                let known = &mut content.versions.shards[usize::from(shard.0)];
                if *known == version - 1 {
                    *known = version;
                }
            }
        });
    }

    /// Takes in a committed change of stage.
    pub(super) fn set_state(&self, member: &Member) {
        self.write(|content| content.registry.set_state(member));
    }

    /// Takes in committed handles, in any order: the newest version of each stays.
    pub(super) fn apply_handles(&self, handles: &[Handle]) {
        for some in handles.chunks(AT_ONCE_MAX) {
            self.write(|content| some.iter().for_each(|one| content.registry.apply_handle(one)));
        }
    }

    /// Takes in committed grants in the order of their commits.
    pub(super) fn apply_grants(&self, grants: Vec<Grant>) {
        self.write(|content| grants.into_iter().for_each(|grant| content.grant(grant)));
    }

    /// What a partner is granted for a purpose.
    pub(super) fn grants(&self, partner: &str, purpose: &Slug) -> Arc<[Grant]> {
        let granted = |content: &Content| content.grants.get(partner)?.get(purpose).cloned();
        self.read(granted).unwrap_or_default()
    }

    /// Takes in a committed policy, unless a newer revision is there.
    pub(super) fn publish(&self, ready: ReadyPolicy) {
        self.write(|content| {
            let policy_id = ready.policy.content.policy_id.clone();
            let known = content.policies.get(&policy_id);
            if known.is_none_or(|known| known.policy.revision < ready.policy.revision) {
                content.policies.insert(policy_id, Arc::new(ready));
            }
        });
    }

    /// Every change up to these versions is in memory, and they were read at that time or later.
    pub(super) fn came_to(&self, versions: &Versions, current_at: Instant) {
        self.write(|content| {
            for (known, read) in content.versions.shards.iter_mut().zip(versions.shards.iter()) {
                *known = (*known).max(*read);
            }
            content.versions.policies = content.versions.policies.max(versions.policies);
            content.versions.grants = content.versions.grants.max(versions.grants);
            content.current_at = content.current_at.max(current_at);
        });
    }

    fn write(&self, write: impl FnOnce(&mut Content)) {
        write(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Content {
    fn grant(&mut self, grant: Grant) {
        let purposes = self.grants.entry(grant.key.partner.clone()).or_default();
        let known = purposes.entry(grant.key.purpose.clone()).or_default();
        let others = known.iter().filter(|other| other.key != grant.key).cloned();
        let mut all: Vec<Grant> = others.collect();
        all.push(grant);
        *known = all.into();
    }
}
