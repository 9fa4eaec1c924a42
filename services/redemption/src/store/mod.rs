//! What redemption remembers, behind one trait.
//!
//! One method is one atomic step over a batch. A backend lays out the locked state, lets the
//! domain judge, and writes what changed in one commit; it holds no rule of the business itself.
//! `conformance` states what every backend must do; `wants`, `rows`, `campaigns`,
//! `columns`, `written` and `days` are what the backends have in common.

mod campaigns;
mod columns;
#[cfg(feature = "testing")]
pub mod conformance;
mod days;
pub mod postgres;
mod rows;
mod shops;
pub mod sqlite;
mod wants;
mod written;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, PersonKey, TransactionId, VoucherId};
pub use sql::StoreError;
use sql::{Backend, DatabaseConfig, OpenProblem};

pub use self::shops::{PlacesAsked, ShopAnswer, ShopImportReport, ShopQuery, ShopStore};
use crate::domain::{
    Answer, Authorization, Campaign, CampaignId, Command, DailyTotal, FeedBatch, FeedCursors,
    FeedProblem, Found, Moment, OrderNumber, Partner, Remembered, RequestKey, StatementHead,
    StatementRow, WalletVoucher,
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
pub type StatementPosition = (Timestamp, TransactionId);

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

    /// The newest [`WALLET_MAX`] vouchers of a person, and those of `named` that are the person's.
    async fn wallet(
        &self,
        person: PersonKey,
        named: &[VoucherId],
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

    /// How far the feed was taken in.
    async fn feed_cursors(&self) -> Result<FeedCursors, StoreError>;

    /// Takes in one message of the feed and moves the cursors, in one commit, so that each
    /// position takes effect once, whichever replica brings it first. A message that does not go
    /// on where the cursors stand changes nothing and is a [`FeedProblem`].
    async fn apply_feed(&self, batch: FeedBatch) -> Result<Result<(), FeedProblem>, StoreError>;

    /// Takes in vouchers that were asked for outside the feed. Moves no cursor: the feed will
    /// bring them again, and then they change nothing.
    async fn apply_found(&self, found: Found) -> Result<(), StoreError>;

    /// Closes every open day before `today`, each in one commit with its totals and statements,
    /// and opens `today`. Days between the last known one and `today` are closed empty. Gives the
    /// days that were closed here and not by another replica, ascending.
    async fn close_days(
        &self,
        today: BusinessDay,
        at: Timestamp,
    ) -> Result<Vec<BusinessDay>, StoreError>;

    /// When a day was closed; `None` for a day that is open or not known.
    async fn closed_at(&self, day: BusinessDay) -> Result<Option<Timestamp>, StoreError>;

    /// The totals of a day, of all platforms or of one, by platform, then campaign.
    async fn daily_totals(
        &self,
        day: BusinessDay,
        platform: Option<&Partner>,
    ) -> Result<Vec<DailyTotal>, StoreError>;

    /// What a platform's statement of a closed day holds; `None` when the platform had no rows on
    /// that day, or the day is not closed.
    async fn statement(
        &self,
        day: BusinessDay,
        platform: &Partner,
    ) -> Result<Option<StatementHead>, StoreError>;

    /// At most `limit` rows of a platform's day in the statement's order, after a position.
    async fn statement_rows(
        &self,
        day: BusinessDay,
        platform: &Partner,
        after: Option<StatementPosition>,
        limit: u32,
    ) -> Result<Vec<StatementRow>, StoreError>;

    /// Shops, tills and stops, in the same database.
    fn shops(&self) -> &dyn ShopStore;

    /// Finishes what is under way and closes the database.
    async fn close(&self);
}
