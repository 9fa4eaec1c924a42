//! What the tests of the use cases work with: a store that fails when it is told to.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use clock::{ManualClock, Timestamp};
use issuance::domain::{
    Campaign, CampaignCommand, CampaignId, CampaignRefusal, Epoch, FeedHeads, Fund, FundCommand,
    FundId, FundRefusal, Stock, StockKey, VoucherEntries,
};
use issuance::store::conformance::{Bench, noon};
use issuance::store::{
    self, CampaignAt, CampaignQuery, ClaimAnswers, ClaimBatch, ClosureStore, FundQuery, Issued,
    Standing, StandingQuery, Store, StoreError, VoucherQuery,
};
use issuance::usecase::fakes::{CountingEntropy, FakeEligibility};
use issuance::usecase::{Issuance, LaneLimits, Parts};
use member_identity::{PersonKey, VoucherId};
use sql::DatabaseConfig;

/// When a claim batch fails.
pub enum Fault {
    /// Before it does anything.
    Before(StoreError),
    /// After it is committed.
    After(StoreError),
}

/// A store that fails the next claim batches as told.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    /// What the next claim batches fail with; they work when there are none left.
    pub faults: Mutex<VecDeque<Fault>>,
    /// Claim batches so far.
    pub batches: AtomicU32,
}

#[async_trait]
impl Store for FaultyStore {
    async fn claim_batch(&self, batch: ClaimBatch) -> Result<ClaimAnswers, StoreError> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        let fault = self.faults.lock().expect("no panic").pop_front();
        match fault {
            Some(Fault::Before(error)) => Err(error),
            Some(Fault::After(error)) => {
                self.inner.claim_batch(batch).await.expect("the store works");
                Err(error)
            }
            None => self.inner.claim_batch(batch).await,
        }
    }

    async fn change_campaign(
        &self,
        command: CampaignCommand,
        at: Timestamp,
    ) -> Result<Result<Campaign, CampaignRefusal>, StoreError> {
        self.inner.change_campaign(command, at).await
    }

    async fn campaign(&self, campaign_id: &CampaignId) -> Result<Option<Campaign>, StoreError> {
        self.inner.campaign(campaign_id).await
    }

    async fn campaigns(&self, query: CampaignQuery) -> Result<Vec<Campaign>, StoreError> {
        self.inner.campaigns(query).await
    }

    async fn create_fund(
        &self,
        command: FundCommand,
        at: Timestamp,
    ) -> Result<Result<Fund, FundRefusal>, StoreError> {
        self.inner.create_fund(command, at).await
    }

    async fn fund(&self, fund_id: &FundId) -> Result<Option<Fund>, StoreError> {
        self.inner.fund(fund_id).await
    }

    async fn funds(&self, query: FundQuery) -> Result<Vec<Fund>, StoreError> {
        self.inner.funds(query).await
    }

    async fn stock(&self, stock: &StockKey) -> Result<Option<Stock>, StoreError> {
        self.inner.stock(stock).await
    }

    async fn voucher(&self, voucher_id: VoucherId) -> Result<Option<Issued>, StoreError> {
        self.inner.voucher(voucher_id).await
    }

    async fn vouchers(&self, query: VoucherQuery) -> Result<Vec<Issued>, StoreError> {
        self.inner.vouchers(query).await
    }

    async fn standings(
        &self,
        query: StandingQuery,
    ) -> Result<HashMap<PersonKey, Standing>, StoreError> {
        self.inner.standings(query).await
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        self.inner.epoch().await
    }

    async fn feed_heads(&self) -> Result<FeedHeads, StoreError> {
        self.inner.feed_heads().await
    }

    async fn campaign_feed(&self, after: i64, limit: u32) -> Result<Vec<CampaignAt>, StoreError> {
        self.inner.campaign_feed(after, limit).await
    }

    async fn latest_changes(
        &self,
        campaign_ids: &[CampaignId],
    ) -> Result<Vec<CampaignAt>, StoreError> {
        self.inner.latest_changes(campaign_ids).await
    }

    async fn voucher_feed(
        &self,
        stock: &StockKey,
        after: i64,
        limit: u32,
    ) -> Result<VoucherEntries, StoreError> {
        self.inner.voucher_feed(stock, after, limit).await
    }

    fn closures(&self) -> &dyn ClosureStore {
        self.inner.closures()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// The use cases over a fresh database at noon of 22 July 2022.
pub struct Desk {
    pub issuance: Arc<Issuance>,
    pub store: Arc<FaultyStore>,
    pub eligibility: Arc<FakeEligibility>,
    pub clock: Arc<ManualClock>,
    pub bench: Bench,
    _folder: tempfile::TempDir,
}

impl Desk {
    /// With lanes of these bounds.
    pub async fn open(limits: LaneLimits) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let url = format!("sqlite://{}", folder.path().join("issuance.db").display());
        let inner = store::open(&DatabaseConfig::at(url)).await.expect("the database opens");
        let (faults, batches) = (Mutex::default(), AtomicU32::new(0));
        let store = Arc::new(FaultyStore { inner, faults, batches });
        let eligibility = Arc::new(FakeEligibility::default());
        let clock = Arc::new(ManualClock::at(noon("2022-07-22")));
        let parts = Parts {
            store: store.clone(),
            clock: clock.clone(),
            eligibility: eligibility.clone(),
            entropy: Arc::new(CountingEntropy::default()),
        };
        let issuance = Arc::new(Issuance::new(parts, limits));
        let bench = Bench::over(store.clone());
        Self { issuance, store, eligibility, clock, bench, _folder: folder }
    }

    /// With the usual bounds.
    pub async fn usual() -> Self {
        Self::open(LaneLimits { batch_max: 1_024, queue_max: 20_000 }).await
    }

    /// Holds the time of durations, in a test that begins with it paused: it would run ahead
    /// whenever the test waits for the database, which is on other threads.
    pub fn hold_time() {
        tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Questions to eligibility and transactions so far.
    pub fn worked(&self) -> (u32, u32) {
        let asked = self.eligibility.asked.load(Ordering::SeqCst);
        (asked, self.store.batches.load(Ordering::SeqCst))
    }
}
