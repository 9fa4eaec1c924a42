//! The store on SQLite: one writer, many readers.

mod batch;
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
use sql::sqlite::Database;
use sql::{DatabaseConfig, MigrationFile, OpenProblem, StoreError, migrator};

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
        sql: include_str!("../../../migrations/sqlite/0001_issuance.sql"),
    },
    MigrationFile {
        version: 2,
        name: "funds",
        sql: include_str!("../../../migrations/sqlite/0002_funds.sql"),
    },
    MigrationFile {
        version: 3,
        name: "closures",
        sql: include_str!("../../../migrations/sqlite/0003_closures.sql"),
    },
];

/// Issuance's database as one SQLite file; cheap to clone.
#[derive(Clone)]
pub struct SqliteStore {
    database: Database,
    programmes: Arc<Programmes>,
}

impl SqliteStore {
    /// Opens the database and brings its schema up to date.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, OpenProblem> {
        let database = Database::open(config, &migrator(MIGRATIONS)).await?;
        Ok(Self { database, programmes: Arc::default() })
    }

    async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, StoreError> {
        self.database.readers().acquire().await.map_err(sql::sqlite::classify)
    }
}

#[async_trait]
impl Store for SqliteStore {
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
