use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::watch;

use super::{Feed, FeedLevel, FeedMessage, FollowProblem};
use crate::domain::FeedProblem;
use crate::store::{Store, StoreError};

/// The first wait before issuance is called again; doubled each time.
const WAIT_FIRST: Duration = Duration::from_millis(50);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Follows issuance's feed and fills the wallets, for as long as the service runs.
pub struct FeedFollower {
    /// Where its stage is kept.
    pub feed: Arc<Feed>,
    /// The wallets.
    pub store: Arc<dyn Store>,
}

/// Why following ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Follow(#[from] FollowProblem),
    #[error(transparent)]
    Feed(#[from] FeedProblem),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Issuance ended the call.
    #[error("issuance ended the feed")]
    Closed,
}

impl Ended {
    /// Whether calling again may help. What is wrong with the feed itself does not mend: going on
    /// could lose or double vouchers.
    fn may_pass(&self) -> bool {
        match self {
            Self::Closed | Self::Follow(FollowProblem::Unavailable) => true,
            Self::Store(StoreError::Corrupt { .. }) => false,
            Self::Store(_) => true,
            Self::Follow(FollowProblem::OtherStore | FollowProblem::Malformed(_))
            | Self::Feed(_) => false,
        }
    }
}

impl FeedFollower {
    /// Runs until `stop` turns true, or the feed is such that it must not be followed.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.follow() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn follow(&self) {
        let mut wait = WAIT_FIRST;
        loop {
            let mut progress = false;
            let ended = match self.take_in(&mut progress).await {
                Ok(never) => match never {},
                Err(ended) => ended,
            };
            if !ended.may_pass() {
                self.feed.set_level(FeedLevel::Stopped);
                tracing::error!(error = %ended, "the voucher feed is stopped and needs a look");
                return;
            }
            self.feed.set_level(FeedLevel::Behind);
            wait = if progress { WAIT_FIRST } else { (wait * 2).min(WAIT_MAX) };
            tracing::debug!(error = %ended, "the voucher feed is called again");
            tokio::time::sleep(wait).await;
        }
    }

    /// One call. `progress` turns true with the first message.
    async fn take_in(&self, progress: &mut bool) -> Result<std::convert::Infallible, Ended> {
        let cursors = self.store.feed_cursors().await?;
        let mut messages = self.feed.issuance().follow(cursors).await?;
        loop {
            let message = messages.next().await.ok_or(Ended::Closed)??;
            self.apply(message).await?;
            *progress = true;
        }
    }

    async fn apply(&self, message: FeedMessage) -> Result<(), Ended> {
        let FeedMessage { batch, level } = message;
        self.store.apply_feed(batch).await??;
        self.feed.set_level(if level { FeedLevel::Level } else { FeedLevel::Behind });
        Ok(())
    }
}
