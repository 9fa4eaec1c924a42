//! One verb, one file. A use case says who may, finds the member, and hands what is to be decided
//! to the store and the domain; it knows neither messages nor SQL.
//!
//! [`Checkout`], [`Wallets`], [`Settlement`], [`Merchants`], [`Terminals`], [`Events`] and
//! [`Webhooks`] are what the services of the contract call.
//! [`Members`] finds persons, [`Feed`] knows whether the wallets are level with issuance, and
//! `sweep` holds what runs by itself.

mod authorize;
mod check_terminal;
mod checkout;
mod close_days;
mod deliver;
mod events;
mod feed;
mod follow_closures;
mod follow_feed;
mod get_authorization;
mod get_daily_totals;
mod get_statement;
mod get_trial_balance;
mod import_shops;
mod list_wallet_vouchers;
mod members;
mod quote;
mod rechecks;
mod reconcile;
mod resolve_difference;
mod settlement_keys;
mod shops;
mod sweep;
mod webhooks;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use authorize::AuthorizeRequest;
pub use check_terminal::{TakenAsked, TerminalAsked, TerminalCheck, Terminals};
pub use checkout::{Checkout, CheckoutLanes, CheckoutStages, Wish};
pub use deliver::{Deliverer, Receivers};
pub use events::{EventPages, EventSignal, Events, seal_events_by_themselves};
pub use feed::{Feed, FeedLevel, FeedMessage, FollowProblem, IssuancePeer, IssuanceUnavailable};
pub use follow_closures::{ClosureCursor, ClosureFollower, ClosureMessage, Closures};
pub use follow_feed::FeedFollower;
pub use get_authorization::GetAuthorization;
pub use get_daily_totals::DailyTotals;
pub use get_statement::{Statement, StatementPieces};
pub use get_trial_balance::TrialBalance;
pub use import_shops::{OpenShopImport, ShopsHeader};
pub use list_wallet_vouchers::{WalletPage, Wallets};
pub use members::{EligibilityPeer, Member, MemberReference, Members, ResolveProblem};
pub use quote::QuoteRequest;
pub use rechecks::{CheckPeer, CheckQuestion, Checked, EligibilityUnavailable};
pub use reconcile::{Differences, OpenReconciliation, Reconciled};
pub use resolve_difference::ResolveRequest;
pub use settlement_keys::SettlementKeys;
pub use shops::Merchants;
pub use sweep::{
    close_days_by_themselves, close_vouchers_by_themselves, expire_holds_by_themselves,
};
pub use webhooks::{WebhookSecrets, Webhooks};

use clock::{BusinessDay, Clock};
use rpc::{Caller, Problem};

use crate::domain::shops::ShopRefusal;
use crate::domain::{Partner, Refusal, Subject};
use crate::store::{Store, StoreError};

/// Why a use case did not do what it was asked.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The business says no.
    Refused(Refusal),
    /// A verb on shops is refused.
    Shop(ShopRefusal),
    /// The caller may not.
    Caller(Problem),
    /// No live member is known by that reference.
    MemberUnknown,
    /// Nothing to say about the caller: eligibility cannot be asked now.
    EligibilityUnavailable,
    /// The caller has no such authorization.
    AuthorizationUnknown,
    /// The day has no closed statement yet.
    DayNotClosed(BusinessDay),
    /// Too much is waiting; nothing was done.
    Overloaded,
    /// The caller's deadline passed before work began.
    DeadlinePassed,
    /// The service is stopping; nothing was done.
    Stopping,
    /// The store did not do it.
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ShopRefusal> for Failure {
    fn from(refusal: ShopRefusal) -> Self {
        Self::Shop(refusal)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Caller(problem)
    }
}

/// What settlement needs.
#[derive(Clone)]
pub struct Settlement {
    /// The journal, the days and the statements.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// What heads of statements are signed with.
    pub keys: Arc<SettlementKeys>,
}

/// A page of a list, and where the next one goes on.
#[derive(Clone, Debug)]
pub struct Page<T, K> {
    /// The rows.
    pub rows: Vec<T>,
    /// The key of the last row, when there are more.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// The page of the rows that were read: one more than it has tells whether there is a next one.
    fn of(mut rows: Vec<T>, size: u32, key: impl FnOnce(&T) -> K) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| more).map(key);
        Self { rows, next }
    }
}

/// Runs of one step. Each but the first is after a conflict with another that has committed.
const RUNS_MAX: u32 = 4;

/// Takes a step, again when another got in its way: steps may be repeated.
async fn attempt<T, F>(step: impl Fn() -> F) -> Result<T, StoreError>
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

/// The payment platform that a caller is.
fn partner(caller: &Caller) -> Partner {
    named(caller)
}

/// Whoever the caller is.
fn subject(caller: &Caller) -> Subject {
    named(caller)
}

fn named<K: FromStr<Err: fmt::Debug>>(caller: &Caller) -> K {
    caller.subject.parse().expect("a token's subject has the form of a key")
}
