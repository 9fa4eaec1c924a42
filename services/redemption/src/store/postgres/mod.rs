//! The store on PostgreSQL: several replicas on one database.
//!
//! Steps are READ COMMITTED and lock rows in one order, so that replicas wait for each other and
//! do not deadlock: the row of the business day (shared; closing takes it alone), then vouchers by
//! id. Whoever has locked the vouchers of an authorization has locked the authorization too: it
//! has at least one voucher, and no step changes it without them. Then rows are written, batches
//! sorted by key: requests, orders, the journal. Who closes vouchers takes those that are free, and
//! the head of the closures last of all. A key that two steps write at once is a conflict
//! for the second, which is run again and sees what the first has done.

mod accounts;
mod balance;
mod batch;
mod checkout;
mod closures;
mod days;
mod differences;
mod events;
mod feed;
mod journal;
mod load;
mod locked;
mod reads;
mod reconciliation;
mod save;
mod shops;
mod statements;
mod sweep;
mod webhooks;

use async_trait::async_trait;
use clock::{BusinessDay, Timestamp};
use member_identity::{OrganizationPath, PersonKey, VoucherId};
use sql::postgres::Database;
use sql::{DatabaseConfig, MigrationFile, OpenProblem, StoreError};

use super::days::Closed;
use super::{
    AuthorizationKey, ClosureStore, Recalled, ShopStore, StatementPosition, Store, WalletRead,
    WebhookStore,
};
use crate::domain::{
    AccountBalance, Answer, Authorization, BadRow, ClosedDay, Command, Counterparty, DailyTotal,
    Difference, Event, FeedBatch, FeedCursors, FeedProblem, FileBatch, Found, Moment, Partner,
    Reconciliation, ReconciliationKey, RequestKey, Resolution, Resolve, ResolveProblem,
    StatementHead, StatementRow, Taken,
};

/// The schema, step by step.
const MIGRATIONS: &[MigrationFile] = &[
    MigrationFile {
        version: 1,
        name: "redemption",
        sql: include_str!("../../../migrations/postgres/0001_redemption.sql"),
    },
    MigrationFile {
        version: 2,
        name: "replicas",
        sql: include_str!("../../../migrations/postgres/0002_replicas.sql"),
    },
    MigrationFile {
        version: 3,
        name: "checkout",
        sql: include_str!("../../../migrations/postgres/0003_checkout.sql"),
    },
    MigrationFile {
        version: 4,
        name: "settlement",
        sql: include_str!("../../../migrations/postgres/0004_settlement.sql"),
    },
    MigrationFile {
        version: 5,
        name: "shops",
        sql: include_str!("../../../migrations/postgres/0005_shops.sql"),
    },
    MigrationFile {
        version: 6,
        name: "events",
        sql: include_str!("../../../migrations/postgres/0006_events.sql"),
    },
    MigrationFile {
        version: 7,
        name: "closures",
        sql: include_str!("../../../migrations/postgres/0007_closures.sql"),
    },
    MigrationFile {
        version: 8,
        name: "webhooks",
        sql: include_str!("../../../migrations/postgres/0008_webhooks.sql"),
    },
    MigrationFile {
        version: 9,
        name: "chains",
        sql: include_str!("../../../migrations/postgres/0009_chains.sql"),
    },
];

/// Redemption's database on a PostgreSQL server.
#[derive(Clone)]
pub struct PostgresStore {
    database: Database,
}

impl PostgresStore {
    /// Opens the database and brings its schema up to date.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, OpenProblem> {
        Ok(Self { database: Database::open(config, &sql::migrator(MIGRATIONS)).await? })
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn checkout_batch(
        &self,
        commands: Vec<Command>,
        moment: Moment,
    ) -> Result<Vec<Answer>, StoreError> {
        let step = async move |tx: &mut _| checkout::judge_all(tx, &commands, moment).await;
        self.database.write("checkout_batch", step).await
    }

    async fn expire_holds(&self, moment: Moment, max: u32) -> Result<u32, StoreError> {
        let step = async move |tx: &mut _| sweep::expire(tx, moment, max).await;
        self.database.write("expire_holds", step).await
    }

    async fn recall(&self, key: &RequestKey) -> Result<Option<Recalled>, StoreError> {
        let mut connection = self.reader().await?;
        reads::recall(&mut connection, key).await
    }

    async fn wallet(
        &self,
        person: PersonKey,
        named: &[VoucherId],
        now: Timestamp,
    ) -> Result<WalletRead, StoreError> {
        let mut connection = self.reader().await?;
        reads::wallet(&mut connection, person, named, now).await
    }

    async fn wallet_page(
        &self,
        person: PersonKey,
        before: Option<VoucherId>,
        limit: u32,
    ) -> Result<WalletRead, StoreError> {
        let mut connection = self.reader().await?;
        reads::wallet_page(&mut connection, person, before, limit).await
    }

    async fn authorization(
        &self,
        partner: &Partner,
        key: &AuthorizationKey,
    ) -> Result<Option<Authorization>, StoreError> {
        let mut connection = self.reader().await?;
        reads::authorization(&mut connection, partner, key).await
    }

    async fn seal_events(&self, max: u32) -> Result<u32, StoreError> {
        let step = async move |tx: &mut _| events::seal(tx, max).await;
        self.database.write("seal_events", step).await
    }

    async fn event_head(&self, partner: &Partner) -> Result<i64, StoreError> {
        let mut connection = self.reader().await?;
        events::head(&mut connection, partner).await
    }

    async fn events(
        &self,
        partner: &Partner,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let mut connection = self.reader().await?;
        events::page(&mut connection, partner, (after, limit)).await
    }

    async fn feed_cursors(&self) -> Result<FeedCursors, StoreError> {
        let mut connection = self.reader().await?;
        feed::cursors(&mut connection).await
    }

    async fn apply_feed(&self, batch: FeedBatch) -> Result<Result<(), FeedProblem>, StoreError> {
        let step = async move |tx: &mut _| feed::apply(tx, &batch).await;
        self.database.write("apply_feed", step).await
    }

    async fn apply_found(&self, found: Found) -> Result<(), StoreError> {
        let step = async move |tx: &mut _| feed::apply_found(tx, &found).await;
        self.database.write("apply_found", step).await
    }

    async fn close_days(
        &self,
        today: BusinessDay,
        at: Timestamp,
    ) -> Result<Vec<BusinessDay>, StoreError> {
        let mut closed = Vec::new();
        loop {
            let step = async move |tx: &mut _| days::close_first(tx, today, at).await;
            match self.database.write("close_day", step).await? {
                Closed::None => return Ok(closed),
                Closed::Days(days) => closed.extend(days),
                Closed::Funders => {}
            }
        }
    }

    async fn closed_day(&self, day: BusinessDay) -> Result<Option<ClosedDay>, StoreError> {
        let mut connection = self.reader().await?;
        days::closed(&mut connection, day).await
    }

    async fn daily_totals(
        &self,
        day: BusinessDay,
        whose: Option<&Counterparty>,
    ) -> Result<Vec<DailyTotal>, StoreError> {
        let mut connection = self.reader().await?;
        reads::daily_totals(&mut connection, day, whose).await
    }

    async fn organizations_of(
        &self,
        day: BusinessDay,
        platform: &Partner,
    ) -> Result<Vec<OrganizationPath>, StoreError> {
        let mut connection = self.reader().await?;
        statements::organizations(&mut connection, day, platform).await
    }

    async fn statement(
        &self,
        day: BusinessDay,
        counterparty: &Counterparty,
    ) -> Result<Option<StatementHead>, StoreError> {
        let mut connection = self.reader().await?;
        statements::head(&mut connection, day, counterparty).await
    }

    async fn statement_rows(
        &self,
        day: BusinessDay,
        counterparty: &Counterparty,
        after: Option<StatementPosition>,
        limit: u32,
    ) -> Result<Vec<StatementRow>, StoreError> {
        let mut connection = self.reader().await?;
        statements::rows(&mut connection, (day, counterparty), after, limit).await
    }

    async fn trial_balance(&self) -> Result<Vec<AccountBalance>, StoreError> {
        let mut connection = self.reader().await?;
        balance::trial(&mut connection).await
    }

    async fn begin_reconciliation(
        &self,
        key: &ReconciliationKey,
        day: BusinessDay,
    ) -> Result<Reconciliation, StoreError> {
        let key = key.clone();
        let step = async move |tx: &mut _| reconciliation::begin(tx, &key, day).await;
        self.database.write("begin_reconciliation", step).await
    }

    async fn reconciliation(
        &self,
        key: &ReconciliationKey,
    ) -> Result<Option<Reconciliation>, StoreError> {
        let mut connection = self.reader().await?;
        reconciliation::load(&mut connection, key).await
    }

    async fn stage_part(
        &self,
        key: &ReconciliationKey,
        part: FileBatch,
    ) -> Result<(Taken, Reconciliation), StoreError> {
        let key = key.clone();
        let step = async move |tx: &mut _| reconciliation::stage(tx, &key, &part).await;
        self.database.write("stage_part", step).await
    }

    async fn advance_reconciliation(
        &self,
        key: &ReconciliationKey,
        at: Timestamp,
    ) -> Result<Reconciliation, StoreError> {
        let key = key.clone();
        let step = async move |tx: &mut _| reconciliation::advance(tx, &key, at).await;
        self.database.write("advance_reconciliation", step).await
    }

    async fn bad_rows(&self, key: &ReconciliationKey) -> Result<Vec<BadRow>, StoreError> {
        let mut connection = self.reader().await?;
        reconciliation::bad_rows(&mut connection, key).await
    }

    async fn differences(
        &self,
        key: &ReconciliationKey,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Difference>, StoreError> {
        let mut connection = self.reader().await?;
        differences::page(&mut connection, key, after, limit).await
    }

    async fn resolve_difference(
        &self,
        command: Resolve,
    ) -> Result<Result<Resolution, ResolveProblem>, StoreError> {
        let step = async move |tx: &mut _| differences::resolve(tx, &command).await;
        self.database.write("resolve_difference", step).await
    }

    fn closures(&self) -> &dyn ClosureStore {
        self
    }

    fn shops(&self) -> &dyn ShopStore {
        self
    }

    fn webhooks(&self) -> &dyn WebhookStore {
        self
    }

    async fn close(&self) {
        self.database.close().await;
    }
}

impl PostgresStore {
    async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, StoreError> {
        self.database.readers().acquire().await.map_err(sql::postgres::classify)
    }
}
