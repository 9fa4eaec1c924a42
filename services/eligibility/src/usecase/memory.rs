use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Core, Failure};
use crate::domain::Slug;
use crate::domain::keyring::SealBroken;
use crate::domain::policy::ReadyPolicy;
use crate::domain::registry::{Applied, Registry};
use crate::store::{Page, StoredMember};
use sql::StoreError;

/// Members that one read of the store brings into memory.
const LOAD_PAGE: u32 = 5_000;
/// Policies that one read of the store brings into memory.
const POLICY_PAGE: u32 = 200;

/// The registry and the policies as verdicts are taken from them. Nothing while it may have missed
/// a change.
pub(super) struct Memory(RwLock<Option<Content>>);

/// What is in memory.
#[derive(Default)]
pub(super) struct Content {
    /// Live members.
    pub(super) registry: Registry,
    /// The newest revision of each policy.
    pub(super) policies: HashMap<Slug, Arc<ReadyPolicy>>,
}

/// Memory while a change is under way: forgotten on drop, so that a change which never came to an
/// end, even by a panic, is never missed.
pub(super) struct Unsure<'m>(Option<&'m Memory>);

impl Unsure<'_> {
    /// Memory has the change, or there was none.
    pub(super) fn settle(mut self) {
        self.0 = None;
    }
}

impl Drop for Unsure<'_> {
    fn drop(&mut self) {
        if let Some(memory) = self.0 {
            *memory.0.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl Memory {
    pub(super) fn stale() -> Self {
        Self(RwLock::new(None))
    }

    pub(super) fn is_stale(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Forgets everything unless it is settled.
    pub(super) fn unsure(&self) -> Unsure<'_> {
        Unsure(Some(self))
    }

    /// Reads what is there; `None` while there is nothing.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Content) -> T) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(read)
    }

    /// Takes in a committed change of members.
    pub(super) fn update(&self, update: impl FnOnce(&mut Registry)) {
        let mut content = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(content) = content.as_mut() {
            update(&mut content.registry);
        }
    }

    /// Takes in a committed policy.
    pub(super) fn publish(&self, ready: ReadyPolicy) {
        let mut content = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(content) = content.as_mut() {
            content.policies.insert(ready.policy.content.policy_id.clone(), Arc::new(ready));
        }
    }
}

impl Core {
    /// Fills memory from the store. Whoever calls it holds the turn, so that no change is missed.
    pub(super) async fn reload(&self) -> Result<(), Failure> {
        let registry = self.load_registry().await?;
        let policies = self.load_policies().await?;
        let content = Content { registry, policies };
        *self.memory.0.write().unwrap_or_else(PoisonError::into_inner) = Some(content);
        Ok(())
    }

    async fn load_registry(&self) -> Result<Registry, Failure> {
        let mut registry = Registry::default();
        let mut after = None;
        loop {
            let members = self.store.load(after, LOAD_PAGE).await?;
            let Some(last) = members.last() else {
                return Ok(registry);
            };
            after = Some(last.member.member_id);
            for stored in members {
                registry.apply(self.unseal(stored)?);
            }
            tokio::task::yield_now().await;
        }
    }

    fn unseal(&self, stored: StoredMember) -> Result<Applied, Failure> {
        let StoredMember { member, key, sex, birth, blinds } = stored;
        let id = member.member_id;
        let broken = |problem: SealBroken| StoreError::Corrupt {
            table: "member",
            id: id.to_string(),
            detail: problem.to_string(),
        };
        let key = self.vault.unwrap(member.person, &key).map_err(broken)?;
        let sex = sex.map(|sealed| self.vault.open_sex(&key, id, &sealed)).transpose();
        let birth = birth.map(|sealed| self.vault.open_birth(&key, id, &sealed)).transpose();
        Ok(Applied { sex: sex.map_err(broken)?, birth: birth.map_err(broken)?, member, blinds })
    }

    async fn load_policies(&self) -> Result<HashMap<Slug, Arc<ReadyPolicy>>, Failure> {
        let mut policies = HashMap::new();
        let mut after = None;
        loop {
            let page = Page { below: None, after: after.take(), size: POLICY_PAGE };
            let revisions = self.store.policies(page).await?;
            let Some(last) = revisions.last() else {
                return Ok(policies);
            };
            after = Some(last.content.policy_id.clone());
            for policy in revisions {
                let policy_id = policy.content.policy_id.clone();
                let ready = super::read_criteria::ready(policy).await?;
                policies.insert(policy_id, Arc::new(ready));
            }
        }
    }
}
