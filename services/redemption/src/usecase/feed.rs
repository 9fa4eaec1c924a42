use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use clock::Timestamp;
use futures::stream::BoxStream;
use member_identity::PersonKey;
use tokio::time::{Instant, timeout};

use super::Failure;
use crate::domain::{FeedBatch, FeedCursors, Found, ShownStage};
use crate::store::Store;

/// How long a checkout waits for the one question to issuance.
const ASK_TIMEOUT: Duration = Duration::from_millis(300);
/// After so many failures in a row issuance is not asked for a while.
const FAILURES_MAX: u32 = 5;
/// How long it is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(2);

/// A message of the feed, and whether it was the last that there was.
#[derive(Clone, Debug)]
pub struct FeedMessage {
    /// What it brings.
    pub batch: FeedBatch,
    /// True when nothing more was committed when it was made.
    pub level: bool,
}

/// Why the feed cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowProblem {
    /// Issuance cannot be reached; worth another try.
    #[error("issuance cannot be reached")]
    Unavailable,
    /// Issuance says that the cursors are of another store than it has.
    #[error("issuance has another store than the one that was followed")]
    OtherStore,
    /// A message that makes no sense.
    #[error("a message of the feed is malformed: {0}")]
    Malformed(String),
}

/// Issuance did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuanceUnavailable;

/// Issuance, as far as redemption asks it.
#[async_trait]
pub trait IssuancePeer: Send + Sync + 'static {
    /// Everything after `cursors`, and then whatever comes.
    async fn follow(
        &self,
        cursors: FeedCursors,
    ) -> Result<BoxStream<'static, Result<FeedMessage, FollowProblem>>, FollowProblem>;

    /// The unexpired vouchers of one person.
    async fn find_vouchers(&self, person: PersonKey) -> Result<Found, IssuanceUnavailable>;
}

/// How the wallets stand to issuance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedLevel {
    /// They may lack vouchers, or issuance cannot be reached.
    Behind,
    /// They had everything when issuance last spoke.
    Level,
    /// The follower has stopped for good, and somebody must look.
    Stopped,
}

/// Whether the wallets are level with issuance, and the one question to ask while they are not.
pub struct Feed {
    level: AtomicU8,
    issuance: Arc<dyn IssuancePeer>,
    store: Arc<dyn Store>,
    failures: AtomicU32,
    open_until: Mutex<Option<Instant>>,
}

impl Feed {
    /// A feed that was not followed yet.
    pub fn new(issuance: Arc<dyn IssuancePeer>, store: Arc<dyn Store>) -> Self {
        Self {
            level: AtomicU8::new(FeedLevel::Behind as u8),
            issuance,
            store,
            failures: AtomicU32::new(0),
            open_until: Mutex::default(),
        }
    }

    /// How the wallets stand.
    pub fn level(&self) -> FeedLevel {
        let level = self.level.load(Ordering::Acquire);
        let all = [FeedLevel::Behind, FeedLevel::Level, FeedLevel::Stopped];
        all.into_iter().find(|known| *known as u8 == level).unwrap_or(FeedLevel::Behind)
    }

    pub(super) fn set_level(&self, level: FeedLevel) {
        self.level.store(level as u8, Ordering::Release);
        metrics::gauge!("zhisong_feed_behind").set(f64::from(level != FeedLevel::Level));
        metrics::gauge!("zhisong_feed_stopped").set(f64::from(level == FeedLevel::Stopped));
    }

    pub(super) fn issuance(&self) -> &Arc<dyn IssuancePeer> {
        &self.issuance
    }

    /// While the wallets are behind and a person has nothing available, asks issuance once what
    /// the person has. No answer is no harm: the checkout goes on with what there is.
    pub async fn catch_up(&self, person: PersonKey, now: Timestamp) -> Result<(), Failure> {
        if self.level() != FeedLevel::Behind || self.is_open() {
            return Ok(());
        }
        let wallet = self.store.wallet(person, &[]).await?;
        if wallet.vouchers.iter().any(|voucher| voucher.shown(now) == ShownStage::Available) {
            return Ok(());
        }
        match timeout(ASK_TIMEOUT, self.issuance.find_vouchers(person)).await {
            Ok(Ok(found)) => {
                self.failures.store(0, Ordering::Relaxed);
                if !found.vouchers.is_empty() {
                    self.store.apply_found(found).await?;
                }
            }
            Ok(Err(IssuanceUnavailable)) | Err(_) => self.failed(),
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        let open_until = self.open_until.lock().unwrap_or_else(PoisonError::into_inner);
        open_until.is_some_and(|until| Instant::now() < until)
    }

    fn failed(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_MAX {
            self.failures.store(0, Ordering::Relaxed);
            let until = Instant::now() + LEFT_ALONE;
            *self.open_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
    }
}
