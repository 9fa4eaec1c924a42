use std::sync::Arc;
use std::time::Duration;

use rpc::{Caller, ErrorReason, Problem};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::Failure;
use crate::domain::{ClosureEntries, ClosureHead};
use crate::store::Store;

/// Closures in one message, as the contract states.
const CLOSURES_MAX: u32 = 2_000;
/// How often a level follower looks for more.
const POLL: Duration = Duration::from_millis(250);
/// After how long a follower to whom nothing was sent is told that it is still level.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Where a follower goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosureCursor {
    /// The store that it followed; none before the first message.
    pub epoch: Option<[u8; 16]>,
    /// The last position taken in.
    pub position: i64,
}

/// One message to a follower.
#[derive(Clone, Debug)]
pub struct ClosureMessage {
    /// This store.
    pub epoch: [u8; 16],
    /// What comes after the cursor; may be empty.
    pub entries: ClosureEntries,
    /// Nothing more was committed when this message was made.
    pub level: bool,
}

/// Closures, for who follows them.
#[derive(Clone)]
pub struct Closures {
    /// Where they are.
    pub store: Arc<dyn Store>,
    /// Turns true when calls that go on for ever have to end.
    pub ended: watch::Receiver<bool>,
}

/// One call that follows the closures.
pub struct ClosureFollower {
    closures: Closures,
    epoch: [u8; 16],
    position: i64,
    /// When it was last told that it is level; none while it is not.
    told: Option<Instant>,
}

impl Closures {
    /// Begins to follow after a cursor, if it is of this store. Closures are of everybody's
    /// vouchers, so only a caller without a limit may.
    pub async fn follow(
        &self,
        caller: &Caller,
        cursor: ClosureCursor,
    ) -> Result<ClosureFollower, Failure> {
        if caller.organization.is_some() {
            return Err(Problem::new(ErrorReason::OutsideSubtree).into());
        }
        let head = self.store.closures().closure_head().await?;
        let ClosureHead { epoch, position } = head;
        let is_foreign = cursor.epoch.is_some_and(|own| own != epoch);
        if is_foreign || cursor.position > position {
            return Err(Problem::new(ErrorReason::ForeignCursors).into());
        }
        let position = cursor.position;
        Ok(ClosureFollower { closures: self.clone(), epoch, position, told: None })
    }
}

impl ClosureFollower {
    /// The next message, as soon as there is one; none when the service stops.
    pub async fn next(&mut self) -> Result<Option<ClosureMessage>, Failure> {
        while !*self.closures.ended.borrow() {
            let store = self.closures.store.closures();
            let entries = store.closures_after(self.position, CLOSURES_MAX).await?;
            let sent = i64::try_from(entries.closures.len()).expect("one message is small");
            if sent > 0 || self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                let level = sent < i64::from(CLOSURES_MAX);
                self.position += sent;
                self.told = level.then(Instant::now);
                return Ok(Some(ClosureMessage { epoch: self.epoch, entries, level }));
            }
            // The other side goes with the service, which is an end too.
            if timeout(POLL, self.closures.ended.wait_for(|ended| *ended)).await.is_ok() {
                return Ok(None);
            }
        }
        Ok(None)
    }
}
