//! How many answers have arrived: a fault is due after so many, whatever the machine's speed.

use tokio::sync::watch;

/// Counts answers. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Arrivals(watch::Sender<usize>);

impl Default for Arrivals {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Arrivals {
    /// One more answer has arrived.
    pub fn add(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// Waits until so many have arrived.
    pub async fn reach(&self, enough: usize) {
        let mut count = self.0.subscribe();
        count.wait_for(|count| *count >= enough).await.expect("the sender is held by self");
    }

    /// Waits until so many more have arrived than when this is called.
    pub async fn more(&self, further: usize) {
        let now = *self.0.borrow();
        self.reach(now + further).await;
    }
}
