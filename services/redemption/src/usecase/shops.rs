use std::sync::Arc;

use clock::Clock;
use member_identity::OrganizationPath;
use rpc::Caller;

use super::{Failure, Page, attempt, subject};
use crate::domain::RequestId;
use crate::domain::shops::{Shop, ShopAction, ShopCommand, ShopKey, Stop, StopKey};
use crate::store::{ShopQuery, Store};

/// What the ops of shops need.
#[derive(Clone)]
pub struct Merchants {
    /// The shops.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
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

/// What a list may show: what is asked for, or else what the caller may see.
fn below_or_own(
    caller: &Caller,
    below: Option<OrganizationPath>,
) -> Result<Option<OrganizationPath>, Failure> {
    let Some(below) = below else { return Ok(caller.organization.clone()) };
    caller.require_within(&below)?;
    Ok(Some(below))
}
