//! Keeping memory up with the store, whoever changes it.
//!
//! Every change of members carries the next version of their shard, and every publication the next
//! version of the policies. Memory knows the versions that it has; what is beyond them is read.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use member_identity::Shard;
use sql::StoreError;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use super::{Core, Failure};
use crate::domain::keyring::SealBroken;
use crate::domain::registry::{Applied, Handle};
use crate::domain::vault::Vault;
use crate::store::{HandleCursor, ShardCursor, StoredHandle, StoredMember, Versions};

/// Members that one read of the store brings into memory, about.
const MEMBERS_PAGE: u32 = 4_096;
/// Shards that one read of the store looks at.
const SHARDS_PAGE: u32 = 32;
/// Policies, or grants, that one read of the store brings into memory.
const POLICIES_PAGE: u32 = 200;
/// A store that is silent for longer has not answered.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// The task that keeps memory up with the store. Ends when this is dropped.
pub(super) struct Following(AbortHandle);

impl Following {
    /// Begins to look for changes, this long apart.
    pub(super) fn start(core: &Arc<Core>, every: Duration) -> Self {
        Self(tokio::spawn(follow(Arc::downgrade(core), every)).abort_handle())
    }

    /// Looks no more.
    pub(super) fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn follow(core: Weak<Core>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut keeps_up = true;
    loop {
        ticks.tick().await;
        let Some(core) = core.upgrade() else { return };
        let caught_up = core.catch_up().await;
        // An outage is said once, not four times a second.
        match (&caught_up, keeps_up) {
            (Err(failure), true) => tracing::warn!(error = %failure, "changes cannot be followed"),
            (Ok(()), false) => tracing::info!("changes are followed again"),
            (Ok(()), true) | (Err(_), false) => (),
        }
        keeps_up = caught_up.is_ok();
    }
}

impl Core {
    /// Brings into memory whatever was committed before the call.
    pub(super) async fn catch_up(&self) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        let began = Instant::now();
        let versions = answer(self.store.versions()).await?;
        self.follow_members(&versions).await?;
        // After the members whom they find.
        self.follow_handles(&versions).await?;
        self.follow_policies(&versions).await?;
        self.follow_grants(&versions).await?;
        self.memory.came_to(&versions, began);
        Ok(())
    }

    /// Reads page by page, while the members of earlier pages are unsealed on other threads.
    async fn follow_members(&self, versions: &Versions) -> Result<(), Failure> {
        let mut behind = self.memory.read(|content| cursors(&content.versions, versions));
        let mut unsealing = JoinSet::new();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        while !behind.is_empty() {
            let members = self.next_page(&mut behind).await?;
            if unsealing.len() > threads {
                self.take_in(unsealing.join_next().await)?;
            }
            let vault = Arc::clone(&self.vault);
            unsealing.spawn_blocking(move || unseal_all(&vault, members));
        }
        while let Some(unsealed) = unsealing.join_next().await {
            self.take_in(Some(unsealed))?;
        }
        Ok(())
    }

    /// Reads on in the first few shards; those that may have more go to the end of the queue.
    async fn next_page(
        &self,
        behind: &mut VecDeque<ShardCursor>,
    ) -> Result<Vec<StoredMember>, Failure> {
        let count = behind.len().min(SHARDS_PAGE as usize);
        let cursors: Vec<ShardCursor> = behind.drain(..count).collect();
        let per_shard = MEMBERS_PAGE / SHARDS_PAGE;
        let index_version = self.vault.ring().index_version();
        let read = self.store.changed_members(&cursors, per_shard, index_version);
        let members = answer(read).await?;
        for cursor in cursors {
            let of_shard = |one: &&StoredMember| one.member.member_id.shard() == cursor.shard;
            let mut read = members.iter().filter(of_shard);
            if let Some(last) = read.nth(per_shard as usize - 1) {
                let (version, member_id) = (last.shard_version, last.member.member_id);
                behind.push_back(ShardCursor { version, member_id, ..cursor });
            }
        }
        Ok(members)
    }

    fn take_in(&self, unsealed: Option<Unsealed>) -> Result<(), Failure> {
        match unsealed {
            Some(Ok(members)) => self.memory.apply(members?),
            Some(Err(_)) => return Err(Failure::Fault("unsealing did not come to its end")),
            None => (),
        }
        Ok(())
    }

    /// Reads page by page, as members are read.
    async fn follow_handles(&self, versions: &Versions) -> Result<(), Failure> {
        let behind = self.memory.read(|content| cursors(&content.versions, versions));
        let behind = behind.into_iter();
        let cursor = |cursor: ShardCursor| HandleCursor::behind(cursor.shard, cursor.version);
        let mut behind: VecDeque<HandleCursor> = behind.map(cursor).collect();
        let per_shard = MEMBERS_PAGE / SHARDS_PAGE;
        while !behind.is_empty() {
            let count = behind.len().min(SHARDS_PAGE as usize);
            let cursors: Vec<HandleCursor> = behind.drain(..count).collect();
            let changed = answer(self.store.changed_handles(&cursors, per_shard)).await?;
            let handles: Vec<Handle> = changed.iter().map(|stored| stored.handle).collect();
            self.memory.apply_handles(&handles);
            for cursor in cursors {
                let of_shard = |one: &&StoredHandle| one.handle.member_id.shard() == cursor.shard;
                let mut read = changed.iter().filter(of_shard);
                if let Some(last) = read.nth(per_shard as usize - 1) {
                    let (version, key) = (last.shard_version, last.handle.key);
                    behind.push_back(HandleCursor { version, key, ..cursor });
                }
            }
        }
        Ok(())
    }

    async fn follow_grants(&self, versions: &Versions) -> Result<(), Failure> {
        let mut known = self.memory.read(|content| content.versions.grants);
        while known < versions.grants {
            let changed = answer(self.store.changed_grants(known, POLICIES_PAGE)).await?;
            let Some((last, _)) = changed.last() else { break };
            known = *last;
            self.memory.apply_grants(changed.into_iter().map(|(_, grant)| grant).collect());
        }
        Ok(())
    }

    async fn follow_policies(&self, versions: &Versions) -> Result<(), Failure> {
        let mut known = self.memory.read(|content| content.versions.policies);
        while known < versions.policies {
            let changed = answer(self.store.changed_policies(known, POLICIES_PAGE)).await?;
            let Some((last, _)) = changed.last() else { break };
            known = *last;
            for (_, policy) in changed {
                self.memory.publish(super::read_criteria::ready(policy).await?);
            }
        }
        Ok(())
    }
}

type Unsealed = Result<Result<Vec<Applied>, StoreError>, tokio::task::JoinError>;

/// Where the shards that have changed are to be read on.
fn cursors(known: &Versions, versions: &Versions) -> VecDeque<ShardCursor> {
    let both = known.shards.iter().zip(versions.shards.iter());
    let cursor = |(shard, (known, version)): (u8, (&i64, &i64))| {
        (version > known).then_some(ShardCursor::behind(Shard(shard), *known))
    };
    (0..=u8::MAX).zip(both).filter_map(cursor).collect()
}

async fn answer<T>(read: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let silent = || StoreError::Unavailable { detail: String::from("the database is silent") };
    tokio::time::timeout(SILENCE_MAX, read).await.unwrap_or_else(|_| Err(silent()))
}

fn unseal_all(vault: &Vault, members: Vec<StoredMember>) -> Result<Vec<Applied>, StoreError> {
    members.into_iter().map(|stored| unseal(vault, stored)).collect()
}

fn unseal(vault: &Vault, stored: StoredMember) -> Result<Applied, StoreError> {
    let StoredMember { member, key, sex, birth, blind, shard_version: _ } = stored;
    let id = member.member_id;
    let broken = |problem: SealBroken| StoreError::Corrupt {
        table: "member",
        id: id.to_string(),
        detail: problem.to_string(),
    };
    let key = vault.unwrap(member.person, &key).map_err(broken)?;
    let sex = sex.map(|sealed| vault.open_sex(&key, id, &sealed)).transpose();
    let birth = birth.map(|sealed| vault.open_birth(&key, id, &sealed)).transpose();
    Ok(Applied { sex: sex.map_err(broken)?, birth: birth.map_err(broken)?, member, blind })
}
