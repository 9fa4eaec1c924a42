use std::time::Duration;

use tokio::sync::watch;

/// Tells the followers of the feed in this process that something was committed, and all streams
/// when they have to end.
#[derive(Debug)]
pub(super) struct CommitSignal(watch::Sender<Commits>);

#[derive(Clone, Copy, Debug, Default)]
struct Commits {
    count: u64,
    ended: bool,
}

/// One follower's end of the signal.
#[derive(Debug)]
pub(super) struct CommitWaiter(watch::Receiver<Commits>);

impl CommitSignal {
    pub fn new() -> Self {
        Self(watch::Sender::new(Commits::default()))
    }

    /// Something was committed.
    pub fn committed(&self) {
        self.0.send_modify(|commits| commits.count += 1);
    }

    /// The service stops: streams end.
    pub fn end(&self) {
        self.0.send_modify(|commits| commits.ended = true);
    }

    pub fn subscribe(&self) -> CommitWaiter {
        CommitWaiter(self.0.subscribe())
    }
}

impl CommitWaiter {
    /// Takes note of what was committed so far, before it is read; false when followers end.
    pub fn note(&mut self) -> bool {
        !self.0.borrow_and_update().ended
    }

    /// Waits until streams have to end.
    pub async fn ended(&mut self) {
        // The other side goes with the service, which is an end too.
        let _ = self.0.wait_for(|commits| commits.ended).await;
    }

    /// Waits for a commit since the last note, or for as long as it takes to look at what other
    /// processes committed.
    pub async fn wait(&mut self, at_most: Duration) {
        // Both a timeout and an ended signal are found by what follows: reading, and `note`.
        let _ = tokio::time::timeout(at_most, self.0.changed()).await;
    }
}
