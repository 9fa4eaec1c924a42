//! What redemption remembers, behind one trait.
//!
//! One method is one atomic step over a batch. A backend lays out the locked state, lets the
//! domain judge, and writes what changed in one commit; it holds no rule of the business itself.
//! `conformance` states what every backend must do; `wants`, `rows`, `campaigns`, `columns`,
//! `written`, `events`, `shops`, `webhooks`, `days` and `reconciliations` are what the backends have
//! in common.

mod campaigns;
mod closures;
mod columns;
#[cfg(feature = "testing")]
pub mod conformance;
mod days;
mod events;
pub mod postgres;
mod reconciliations;
mod rows;
mod shops;
pub mod sqlite;
mod wants;
mod webhooks;
mod written;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, OrganizationPath, PersonKey, TransactionId, VoucherId};
pub use sql::StoreError;
use sql::{Backend, DatabaseConfig, OpenProblem};

pub use self::closures::ClosureStore;
pub use self::shops::{PlacesAsked, ShopAnswer, ShopImportReport, ShopQuery, ShopStore};
pub use self::webhooks::WebhookStore;
use crate::domain::{
    AccountBalance, Answer, Authorization, BadRow, Campaign, CampaignId, ClosedDay, Command,
    Counterparty, DailyTotal, Difference, Event, FeedBatch, FeedCursors, FeedProblem, FileBatch,
    Found, Moment, OrderNumber, Partner, Reconciliation, ReconciliationKey, Remembered, RequestKey,
    Resolution, Resolve, ResolveProblem, StatementHead, StatementRow, Taken, WalletVoucher,
};

/// Opens the store that the configuration names, and brings its schema up to date.
pub async fn open(config: &DatabaseConfig) -> Result<Arc<dyn Store>, OpenProblem> {
    Ok(match config.backend()? {
        Backend::Sqlite => Arc::new(sqlite::SqliteStore::open(config).await?),
        Backend::Postgres => Arc::new(postgres::PostgresStore::open(config).await?),
    })
}

/// How an authorization is named by its platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationKey {
    /// By its id.
    Id(AuthorizationId),
    /// The newest one of that order.
    Order(OrderNumber),
}

/// A request as it was answered, and the authorization that it made.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// What it said and how it came out.
    pub remembered: Remembered,
    /// The authorization as it is now.
    pub authorization: Option<Authorization>,
}

/// Vouchers and the campaigns of all of them.
#[derive(Clone, Debug, Default)]
pub struct WalletRead {
    /// The vouchers.
    pub vouchers: Vec<WalletVoucher>,
    /// Their campaigns.
    pub campaigns: HashMap<CampaignId, Campaign>,
}

/// Where a list of a statement's rows goes on: after this row.
pub type StatementPosition = (Partner, Timestamp, TransactionId);

/// Bad rows of a file that are kept, the first ones.
pub const BAD_ROWS_MAX: usize = 1_000;
/// Words on a difference that are shown with it, the last ones.
pub const HISTORY_MAX: i64 = 20;

/// Vouchers of a person that a checkout looks at; named ones are always found.
pub const WALLET_MAX: u32 = 200;

/// The store.
///
/// Every error leaves nothing half done. [`StoreError::Conflict`]: nothing was done, run it again.
/// [`StoreError::OutcomeUnknown`]: the commit was sent and not answered; running the same batch
/// again gives the true answers. [`StoreError::Unavailable`]: nothing was done.
/// [`StoreError::Corrupt`]: what is stored contradicts itself, nothing was done.
/// Dropping a future of a method that writes leaves no transaction open (law A3).
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Judges the commands in their order and commits what they changed together with their
    /// answers (laws R1 to R5 and A1); gives one answer a command, in the order of the commands.
    /// A request that was answered before gets the same answer and changes nothing.
    ///
    /// Of a wallet the [`WALLET_MAX`] vouchers that end last are laid out, but none that is over;
    /// of a person who has no other, the one that ended last.
    async fn checkout_batch(
        &self,
        commands: Vec<Command>,
        moment: Moment,
    ) -> Result<Vec<Answer>, StoreError>;

    /// Writes down the holds that ran out before `moment`, at most `max` of them, the oldest
    /// first; gives their number. Changes no answer: a hold that ran out counts as expired at once.
    /// Those that a step of another replica is at are left to it.
    async fn expire_holds(&self, moment: Moment, max: u32) -> Result<u32, StoreError>;

    /// How a request was answered; `None` when it never was.
    async fn recall(&self, key: &RequestKey) -> Result<Option<Recalled>, StoreError>;

    /// What [`Self::checkout_batch`] would lay out of a person's wallet at `now`, and those of
    /// `named` that are the person's.
    async fn wallet(
        &self,
        person: PersonKey,
        named: &[VoucherId],
        now: Timestamp,
    ) -> Result<WalletRead, StoreError>;

    /// At most `limit` vouchers of a person, newest first, from the first that is older than
    /// `before`.
    async fn wallet_page(
        &self,
        person: PersonKey,
        before: Option<VoucherId>,
        limit: u32,
    ) -> Result<WalletRead, StoreError>;

    /// One authorization of a platform's own.
    async fn authorization(
        &self,
        partner: &Partner,
        key: &AuthorizationKey,
    ) -> Result<Option<Authorization>, StoreError>;

    /// Numbers the steps of at most `max` authorizations that are not numbered yet, in the streams
    /// of their platforms, in one commit; gives the number of steps. Nothing while another replica
    /// is at it.
    async fn seal_events(&self, max: u32) -> Result<u32, StoreError>;

    /// The last position of a platform's stream; 0 before the first event.
    async fn event_head(&self, partner: &Partner) -> Result<i64, StoreError>;

    /// At most `limit` events of a platform after a position: consecutive, without a gap.
    async fn events(
        &self,
        partner: &Partner,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError>;

    /// How far the feed was taken in.
    async fn feed_cursors(&self) -> Result<FeedCursors, StoreError>;

    /// Takes in one message of the feed and moves the cursors, in one commit, so that each
    /// position takes effect once, whichever replica brings it first. A message that does not go
    /// on where the cursors stand changes nothing and is a [`FeedProblem`].
    async fn apply_feed(&self, batch: FeedBatch) -> Result<Result<(), FeedProblem>, StoreError>;

    /// Takes in vouchers that were asked for outside the feed. Moves no cursor: the feed will
    /// bring them again, and then they change nothing.
    async fn apply_found(&self, found: Found) -> Result<(), StoreError>;

    /// Closes every open day before `today`, each in one commit with its totals and statements, and
    /// opens `today`. Days that were closed before funders had statements get them. Days between
    /// the last known one and `today` are closed empty. Gives the days that were closed here and
    /// not by another replica, ascending.
    async fn close_days(
        &self,
        today: BusinessDay,
        at: Timestamp,
    ) -> Result<Vec<BusinessDay>, StoreError>;

    /// A day as it was closed; `None` for a day that is open or not known.
    async fn closed_day(&self, day: BusinessDay) -> Result<Option<ClosedDay>, StoreError>;

    /// The totals of a day, of all rows or of one counterparty's, by platform, then campaign.
    async fn daily_totals(
        &self,
        day: BusinessDay,
        whose: Option<&Counterparty>,
    ) -> Result<Vec<DailyTotal>, StoreError>;

    /// The organizations that a platform's day has rows of, ascending.
    async fn organizations_of(
        &self,
        day: BusinessDay,
        platform: &Partner,
    ) -> Result<Vec<OrganizationPath>, StoreError>;

    /// What a counterparty's statement of a closed day holds; `None` when the counterparty had no
    /// rows on that day, or the day is not closed.
    async fn statement(
        &self,
        day: BusinessDay,
        counterparty: &Counterparty,
    ) -> Result<Option<StatementHead>, StoreError>;

    /// At most `limit` rows of a counterparty's day in the statement's order, by platform and then
    /// in time, after a position.
    async fn statement_rows(
        &self,
        day: BusinessDay,
        counterparty: &Counterparty,
        after: Option<StatementPosition>,
        limit: u32,
    ) -> Result<Vec<StatementRow>, StoreError>;

    /// Every account of the ledger with what it came to, ordered by class and name: closed days by
    /// their accounts and open days by their entries, all of the same instant.
    async fn trial_balance(&self) -> Result<Vec<AccountBalance>, StoreError>;

    /// Begins a reconciliation of a closed day, or gives it as it stands.
    async fn begin_reconciliation(
        &self,
        key: &ReconciliationKey,
        day: BusinessDay,
    ) -> Result<Reconciliation, StoreError>;

    /// A reconciliation as it stands; `None` when it was never begun.
    async fn reconciliation(
        &self,
        key: &ReconciliationKey,
    ) -> Result<Option<Reconciliation>, StoreError>;

    /// Puts the part of a file away that comes next, in one commit; what was put away before, or
    /// is of another file, changes nothing. Gives what was done, and how the reconciliation then
    /// stands. Of the bad rows the first [`BAD_ROWS_MAX`] of a file are kept.
    async fn stage_part(
        &self,
        key: &ReconciliationKey,
        part: FileBatch,
    ) -> Result<(Taken, Reconciliation), StoreError>;

    /// Brings a reconciliation whose file is all put away one bounded step further, in one commit,
    /// until it is finished: then every item that agrees is gone and every other is a difference.
    async fn advance_reconciliation(
        &self,
        key: &ReconciliationKey,
        at: Timestamp,
    ) -> Result<Reconciliation, StoreError>;

    /// The rows of a file that do not read, as far as they are kept, by line.
    async fn bad_rows(&self, key: &ReconciliationKey) -> Result<Vec<BadRow>, StoreError>;

    /// At most `limit` differences of a finished reconciliation by id, after `after` (of all:
    /// after the empty text), each with the last [`HISTORY_MAX`] words on it.
    async fn differences(
        &self,
        key: &ReconciliationKey,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Difference>, StoreError>;

    /// Adds a word to a difference of a finished reconciliation, in one commit; a request that was
    /// done before gets the same answer and adds nothing (law A1).
    async fn resolve_difference(
        &self,
        command: Resolve,
    ) -> Result<Result<Resolution, ResolveProblem>, StoreError>;

    /// Vouchers that are over, in the same database.
    fn closures(&self) -> &dyn ClosureStore;

    /// Shops, tills and stops, in the same database.
    fn shops(&self) -> &dyn ShopStore;

    /// Webhooks and their dead letters.
    fn webhooks(&self) -> &dyn WebhookStore;

    /// Finishes what is under way and closes the database.
    async fn close(&self);
}
