use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use member_identity::PersonKey;
use tokio::time::{Instant, timeout};

use super::Failure;
use crate::domain::{FeedBatch, FeedCursors, Found};
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

/// Whether the wallets are level with issuance, and the one question to ask on a miss.
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

    /// Asks issuance what a person has whose wallet shows nothing that can be used; true when it
    /// has something. Also while the wallets are level: a voucher is on its way for a moment, and
    /// nobody shall be told in that moment that there is none. No answer is no harm: the checkout
    /// goes on with what there is.
    pub async fn ask(&self, person: PersonKey) -> Result<bool, Failure> {
        if self.level() == FeedLevel::Stopped || self.is_open() {
            return Ok(false);
        }
        match timeout(ASK_TIMEOUT, self.issuance.find_vouchers(person)).await {
            Ok(Ok(found)) => {
                self.failures.store(0, Ordering::Relaxed);
                let has_some = !found.vouchers.is_empty();
                if has_some {
                    self.store.apply_found(found).await?;
                }
                Ok(has_some)
            }
            Ok(Err(IssuanceUnavailable)) | Err(_) => {
                self.failed();
                Ok(false)
            }
        }
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
