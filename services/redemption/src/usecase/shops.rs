use std::future::Future;
use std::sync::Arc;

use clock::Clock;
use member_identity::OrganizationPath;
use rpc::Caller;

use super::Failure;
use crate::domain::shops::{Shop, ShopAction, ShopCommand, ShopKey, Stop, StopKey};
use crate::domain::{RequestId, Subject};
use crate::store::{ShopQuery, Store, StoreError};

/// Runs of one step. Each but the first is after a conflict with another that has committed.
const RUNS_MAX: u32 = 4;

/// What the ops of shops need.
#[derive(Clone)]
pub struct Merchants {
    /// The shops.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
}

/// A page of a list, and where the next one goes on.
#[derive(Clone, Debug)]
pub struct Page<T, K> {
    /// The rows.
    pub rows: Vec<T>,
    /// The key of the last row, when there are more.
    pub next: Option<K>,
}

impl Merchants {
    /// One verb on a shop, a list, a mapping or a stop. Gives the version or the number that it is
    /// answered with. Order of answers: replay, subtree of what it names, existence, subtree of
    /// what exists, version.
    pub async fn change(
        &self,
        caller: &Caller,
        request_id: RequestId,
        action: ShopAction,
    ) -> Result<i64, Failure> {
        let command = ShopCommand {
            subject: subject(caller),
            within: caller.organization.clone(),
            request_id,
            action,
            at: self.clock.now(),
        };
        let change = || self.store.shops().change_shops(command.clone());
        Ok(attempt(change).await??)
    }

    /// Shops of the caller's subtree, by platform, then shop id.
    pub async fn list(
        &self,
        caller: &Caller,
        query: ShopQuery,
        after: Option<ShopKey>,
        size: u32,
    ) -> Result<Page<Shop, ShopKey>, Failure> {
        let below = below_or_own(caller, query.below.clone())?;
        let query = ShopQuery { below, ..query };
        // One more than asked for tells whether there is a next page.
        let found = self.store.shops().list_shops(&query, after.as_ref(), size + 1).await?;
        Ok(Page::of(found, size, |shop| shop.key.clone()))
    }

    /// The stops in force of the caller's subtree.
    pub async fn stops(
        &self,
        caller: &Caller,
        after: Option<StopKey>,
        size: u32,
    ) -> Result<Page<Stop, StopKey>, Failure> {
        let below = caller.organization.as_ref();
        let found = self.store.shops().stops(below, after.as_ref(), size + 1).await?;
        Ok(Page::of(found, size, |stop| stop.key.clone()))
    }
}

impl<T, K> Page<T, K> {
    fn of(mut rows: Vec<T>, size: u32, key: impl FnOnce(&T) -> K) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(key);
        Self { rows, next }
    }
}

/// Takes a step, again when another got in its way: steps may be repeated.
pub(super) async fn attempt<T, F>(step: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 1..RUNS_MAX {
        match step().await {
            Err(StoreError::Conflict) => (),
            result => return result,
        }
    }
    step().await
}

/// What a list may show: what is asked for, or else what the caller may see.
fn below_or_own(
    caller: &Caller,
    below: Option<OrganizationPath>,
) -> Result<Option<OrganizationPath>, Failure> {
    let Some(below) = below else { return Ok(caller.organization.clone()) };
    caller.require_within(&below)?;
    Ok(Some(below))
}

fn subject(caller: &Caller) -> Subject {
    caller.subject.parse().expect("a token's subject has the form of a key")
}
