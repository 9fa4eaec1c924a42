//! What the tests of the use cases work with: an eligibility that says what it is told to, and a
//! store that refuses when it is told to.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use clock::{ManualClock, Timestamp};
use issuance::domain::{
    Campaign, CampaignCommand, CampaignId, CampaignRefusal, Entropy, Epoch, FeedHeads, JudgedBy,
    MemberVerdict, Stock, StockKey, VoucherEntries,
};
use issuance::store::conformance::{Bench, noon, person};
use issuance::store::{
    self, CampaignAt, CampaignQuery, ClaimAnswers, ClaimBatch, Issued, Store, StoreError,
    VoucherQuery,
};
use issuance::usecase::{
    Checked, EligibilityPeer, Issuance, LaneLimits, Parts, Resolved, Unreachable,
};
use member_identity::{MemberId, OrganizationPath, VoucherId};
use sql::DatabaseConfig;
use tokio::sync::Semaphore;

type OnCheck = Box<dyn Fn(u32) + Send + Sync>;

/// Every member qualifies; how old verdicts are and what happens on a question is told.
pub struct FakeEligibility {
    /// Ages of the next answers; zero when there are none left, unreachable for `None`.
    pub ages: Mutex<VecDeque<Option<Duration>>>,
    /// Questions so far.
    pub asked: AtomicU32,
    /// A question waits for a permit.
    pub gate: Semaphore,
    /// What happens while a question is under way; it has the question's number, from 1.
    pub on_check: Mutex<OnCheck>,
}

impl FakeEligibility {
    fn new() -> Self {
        Self {
            ages: Mutex::default(),
            asked: AtomicU32::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            on_check: Mutex::new(Box::new(|_| {})),
        }
    }
}

/// The organization of every member that is known.
fn organization() -> OrganizationPath {
    OrganizationPath::parse("gd/guangzhou").expect("a path")
}

/// The number that a member was made of.
fn number(member_id: MemberId) -> u32 {
    u32::from_be_bytes(member_id.as_bytes()[7..11].try_into().expect("four bytes"))
}

/// The member with that number.
pub fn member(number: u32) -> MemberId {
    let mut entropy = [0; 9];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    MemberId::mint(person(number).shard(), Timestamp::from_micros(0), entropy)
}

/// The member that eligibility does not know.
pub const UNKNOWN: u32 = u32::MAX;

#[async_trait]
impl EligibilityPeer for FakeEligibility {
    async fn batch_check(
        &self,
        _judged_by: &JudgedBy,
        members: &[MemberId],
    ) -> Result<Checked, Unreachable> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.expect("is never closed").forget();
        self.on_check.lock().expect("no panic")(asked);
        let age = self.ages.lock().expect("no panic").pop_front().unwrap_or(Some(Duration::ZERO));
        let age = age.ok_or(Unreachable)?;
        let verdict = |member_id: &MemberId| match number(*member_id) {
            UNKNOWN => MemberVerdict::Unknown,
            number => MemberVerdict::Known {
                person: person(number),
                organization: organization(),
                failed: None,
            },
        };
        Ok(Checked { verdicts: members.iter().map(verdict).collect(), age })
    }

    async fn resolve(&self, member_id: MemberId) -> Result<Option<Resolved>, Unreachable> {
        Ok(match number(member_id) {
            UNKNOWN => None,
            number => Some(Resolved { person: person(number), organization: organization() }),
        })
    }
}

/// A store that fails the next claim batches as told, before they do anything.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    /// What the next claim batches fail with; they work when there are none left.
    pub faults: Mutex<VecDeque<StoreError>>,
}

#[async_trait]
impl Store for FaultyStore {
    async fn claim_batch(&self, batch: ClaimBatch) -> Result<ClaimAnswers, StoreError> {
        let fault = self.faults.lock().expect("no panic").pop_front();
        match fault {
            Some(fault) => Err(fault),
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

    async fn stock(&self, stock: &StockKey) -> Result<Option<Stock>, StoreError> {
        self.inner.stock(stock).await
    }

    async fn voucher(&self, voucher_id: VoucherId) -> Result<Option<Issued>, StoreError> {
        self.inner.voucher(voucher_id).await
    }

    async fn vouchers(&self, query: VoucherQuery) -> Result<Vec<Issued>, StoreError> {
        self.inner.vouchers(query).await
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

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn draw(&self) -> [u8; 9] {
        let mut bytes = [0; 9];
        bytes[1..].copy_from_slice(&self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        bytes
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
        let store = Arc::new(FaultyStore { inner, faults: Mutex::default() });
        let eligibility = Arc::new(FakeEligibility::new());
        let clock = Arc::new(ManualClock::at(noon("2022-07-22")));
        let parts = Parts {
            store: store.clone(),
            clock: clock.clone(),
            eligibility: eligibility.clone(),
            entropy: Arc::new(Counting(AtomicU64::new(0))),
        };
        let issuance = Arc::new(Issuance::new(parts, limits));
        let bench = Bench::over(store.clone());
        Self { issuance, store, eligibility, clock, bench, _folder: folder }
    }

    /// With the usual bounds.
    pub async fn usual() -> Self {
        Self::open(LaneLimits { batch_max: 1_024, queue_max: 20_000 }).await
    }
}
