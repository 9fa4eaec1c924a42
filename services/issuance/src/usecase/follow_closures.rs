//! Following redemption's closures.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::Clock;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::signal::CommitWaiter;
use super::{Failure, Issuance};
use crate::domain::{ClosureBatch, ClosureCursor, ClosureProblem};
use crate::store::{Store, StoreError};

/// The first wait before redemption is called again; doubled each time.
const WAIT_FIRST: Duration = Duration::from_millis(50);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Why the closures cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowProblem {
    /// Redemption cannot be reached; worth another try.
    #[error("redemption cannot be reached")]
    Unavailable,
    /// Redemption says that the cursor is of another store than it has.
    #[error("redemption has another store than the one that was followed")]
    OtherStore,
    /// A message that makes no sense.
    #[error("a message of closures is malformed: {0}")]
    Malformed(String),
}

/// Redemption, as far as issuance follows it.
#[async_trait]
pub trait RedemptionPeer: Send + Sync + 'static {
    /// Everything after the cursor, and then whatever comes.
    async fn follow_closures(
        &self,
        cursor: ClosureCursor,
    ) -> Result<BoxStream<'static, Result<ClosureBatch, FollowProblem>>, FollowProblem>;
}

/// Follows redemption's closures and gives unspent money back to its funds, for as long as the
/// service runs.
pub struct ClosureFollower {
    redemption: Arc<dyn RedemptionPeer>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    waiter: CommitWaiter,
}

/// Why following ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Follow(#[from] FollowProblem),
    #[error(transparent)]
    Closure(#[from] ClosureProblem),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redemption ended the call.
    #[error("redemption ended the call")]
    Closed,
}

impl Ended {
    /// Whether calling again may help. What is wrong with the closures themselves does not mend:
    /// going on could lose or double money.
    fn may_pass(&self) -> bool {
        match self {
            Self::Closed | Self::Follow(FollowProblem::Unavailable) => true,
            Self::Store(StoreError::Corrupt { .. }) => false,
            Self::Store(_) => true,
            Self::Follow(FollowProblem::OtherStore | FollowProblem::Malformed(_))
            | Self::Closure(_) => false,
        }
    }
}

impl Issuance {
    /// A follower of redemption's closures, to be run.
    pub fn closure_follower(&self, redemption: Arc<dyn RedemptionPeer>) -> ClosureFollower {
        let (store, clock) = (&self.surroundings.store, &self.surroundings.clock);
        let waiter = self.surroundings.signal.subscribe();
        ClosureFollower { redemption, store: Arc::clone(store), clock: Arc::clone(clock), waiter }
    }

    /// How far redemption's closures were taken in, and when it was last heard.
    pub async fn closure_cursor(&self) -> Result<ClosureCursor, Failure> {
        Ok(self.surroundings.store.closures().closure_cursor().await?)
    }
}

impl ClosureFollower {
    /// Runs until the service stops, or the closures are such that they must not be followed.
    pub async fn run(mut self) {
        tokio::select! {
            () = follow(&*self.redemption, &*self.store, &*self.clock) => {}
            () = self.waiter.ended() => {}
        }
    }
}

async fn follow(redemption: &dyn RedemptionPeer, store: &dyn Store, clock: &dyn Clock) {
    let mut wait = WAIT_FIRST;
    loop {
        let mut progress = false;
        let ended = match take_in((redemption, store, clock), &mut progress).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        };
        if !ended.may_pass() {
            metrics::gauge!("zhisong_closures_stopped").set(1.0);
            tracing::error!(error = %ended, "the closures are stopped and need a look");
            return;
        }
        wait = if progress { WAIT_FIRST } else { (wait * 2).min(WAIT_MAX) };
        tracing::debug!(error = %ended, "redemption's closures are called for again");
        tokio::time::sleep(wait).await;
    }
}

/// One call. `progress` turns true with the first message.
async fn take_in(
    (redemption, store, clock): (&dyn RedemptionPeer, &dyn Store, &dyn Clock),
    progress: &mut bool,
) -> Result<Infallible, Ended> {
    let cursor = store.closures().closure_cursor().await?;
    let mut messages = redemption.follow_closures(cursor).await?;
    metrics::gauge!("zhisong_closures_stopped").set(0.0);
    loop {
        let batch = messages.next().await.ok_or(Ended::Closed)??;
        store.closures().apply_closures(batch, clock.now()).await??;
        *progress = true;
    }
}
