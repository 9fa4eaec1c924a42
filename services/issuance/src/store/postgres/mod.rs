//! The store on PostgreSQL, which several replicas share.
//!
//! Steps run as READ COMMITTED. Their row locks are taken in one order, so that they do not meet
//! crosswise: the row of `meta` that campaign verbs wait in line for; the campaign; its stocks by
//! key; the fund that the campaign draws on; the rows of persons by person.
//!
//! - A batch of claims locks its stock, which lets the batches of a stock take effect one after the
//!   other, and reads its campaign only then. It never waits for a campaign while it has a stock.
//! - Closures lock the row of their source before everything else, and then funds: one follower
//!   takes in a message at a time.
//! - A campaign verb locks the campaign and all its stocks: what it changes holds for every batch
//!   that comes after it, and those before it are committed. Batches would not let it in if they
//!   shared a lock on the campaign: sharers do not wait for those who wait for them to end.

mod campaigns;
mod claims;
mod claims_write;
mod closures;
mod feed;
mod funds;
mod reads;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::{PersonKey, VoucherId};
use sql::postgres::{Database, classify};
use sql::{DatabaseConfig, MigrationFile, OpenProblem, StoreError, migrator};
use sqlx::pool::PoolConnection;

use super::programmes::Programmes;
use super::{
    CampaignAt, CampaignQuery, ClaimAnswers, ClaimBatch, ClosureStore, FundQuery, Issued, Standing,
    StandingQuery, Store, VoucherQuery,
};
use crate::domain::{
    Campaign, CampaignCommand, CampaignId, CampaignRefusal, Epoch, FeedHeads, Fund, FundCommand,
    FundId, FundRefusal, Stock, StockKey, VoucherEntries,
};

const MIGRATIONS: &[MigrationFile] = &[
    MigrationFile {
        version: 1,
        name: "issuance",
        sql: include_str!("../../../migrations/postgres/0001_issuance.sql"),
    },
    MigrationFile {
        version: 2,
        name: "funds",
        sql: include_str!("../../../migrations/postgres/0002_funds.sql"),
    },
    MigrationFile {
        version: 3,
        name: "closures",
        sql: include_str!("../../../migrations/postgres/0003_closures.sql"),
    },
];

/// Issuance's database on a PostgreSQL server; cheap to clone.
#[derive(Clone)]
pub struct PostgresStore {
    database: Database,
    programmes: Arc<Programmes>,
}

impl PostgresStore {
    /// Connects and brings the schema up to date.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, OpenProblem> {
        let database = Database::open(config, &migrator(MIGRATIONS)).await?;
        Ok(Self { database, programmes: Arc::default() })
    }

    async fn reader(&self) -> Result<PoolConnection<sqlx::Postgres>, StoreError> {
        self.database.readers().acquire().await.map_err(classify)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn claim_batch(&self, batch: ClaimBatch) -> Result<ClaimAnswers, StoreError> {
        let programmes = Arc::clone(&self.programmes);
        let step = async move |tx: &mut _| claims::decide(tx, &programmes, &batch).await;
        self.database.write("claim_batch", step).await
    }

    async fn change_campaign(
        &self,
        command: CampaignCommand,
        at: Timestamp,
    ) -> Result<Result<Campaign, CampaignRefusal>, StoreError> {
        let programmes = Arc::clone(&self.programmes);
        let step = async move |tx: &mut _| campaigns::change(tx, &programmes, (&command, at)).await;
        self.database.write("change_campaign", step).await
    }

    async fn campaign(&self, campaign_id: &CampaignId) -> Result<Option<Campaign>, StoreError> {
        reads::campaign(&mut *self.reader().await?, &self.programmes, campaign_id).await
    }

    async fn campaigns(&self, query: CampaignQuery) -> Result<Vec<Campaign>, StoreError> {
        reads::campaigns(&mut *self.reader().await?, &self.programmes, &query).await
    }

    async fn create_fund(
        &self,
        command: FundCommand,
        at: Timestamp,
    ) -> Result<Result<Fund, FundRefusal>, StoreError> {
        let step = async move |tx: &mut _| funds::create(tx, (&command, at)).await;
        self.database.write("create_fund", step).await
    }

    async fn fund(&self, fund_id: &FundId) -> Result<Option<Fund>, StoreError> {
        funds::fund(&mut *self.reader().await?, fund_id).await
    }

    async fn funds(&self, query: FundQuery) -> Result<Vec<Fund>, StoreError> {
        funds::funds(&mut *self.reader().await?, &query).await
    }

    async fn stock(&self, stock: &StockKey) -> Result<Option<Stock>, StoreError> {
        reads::stock(&mut *self.reader().await?, stock).await
    }

    async fn voucher(&self, voucher_id: VoucherId) -> Result<Option<Issued>, StoreError> {
        reads::voucher(&mut *self.reader().await?, &self.programmes, voucher_id).await
    }

    async fn vouchers(&self, query: VoucherQuery) -> Result<Vec<Issued>, StoreError> {
        reads::vouchers(&mut *self.reader().await?, &self.programmes, &query).await
    }

    async fn standings(
        &self,
        query: StandingQuery,
    ) -> Result<HashMap<PersonKey, Standing>, StoreError> {
        claims::standings(&mut *self.reader().await?, &query).await
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        feed::epoch(&mut *self.reader().await?).await
    }

    async fn feed_heads(&self) -> Result<FeedHeads, StoreError> {
        feed::heads(&mut *self.reader().await?).await
    }

    async fn campaign_feed(&self, after: i64, limit: u32) -> Result<Vec<CampaignAt>, StoreError> {
        feed::campaigns(&mut *self.reader().await?, &self.programmes, (after, limit)).await
    }

    async fn latest_changes(
        &self,
        campaign_ids: &[CampaignId],
    ) -> Result<Vec<CampaignAt>, StoreError> {
        feed::latest_changes(&mut *self.reader().await?, &self.programmes, campaign_ids).await
    }

    async fn voucher_feed(
        &self,
        stock: &StockKey,
        after: i64,
        limit: u32,
    ) -> Result<VoucherEntries, StoreError> {
        feed::vouchers(&mut *self.reader().await?, stock, (after, limit)).await
    }

    fn closures(&self) -> &dyn ClosureStore {
        self
    }

    async fn close(&self) {
        self.database.close().await;
    }
}
