//! Sends the events of webhooks, by itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::Clock;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;

use crate::domain::Event;
use crate::domain::webhooks::{Delivery, Sent};
use crate::store::{Store, StoreError};

/// How often it looks for something to send.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a sender has a webhook to itself: longer than a try may take, so that only a process
/// that died leaves a lease to end by itself.
const LEASE: Duration = Duration::from_secs(30);
/// Webhooks that this process sends to at once.
const AT_ONCE: usize = 32;

/// Whoever can be sent events.
#[async_trait]
pub trait Receivers: Send + Sync {
    /// Sends a batch of events, once, and waits for the answer for 10 s at most. A signature is of
    /// `now`.
    async fn send(&self, delivery: &Delivery, events: Vec<Event>, now: clock::Timestamp) -> Sent;
}

/// Sends what is due.
pub struct Deliverer {
    /// The webhooks and their events.
    pub store: Arc<dyn Store>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Whom to send to.
    pub receivers: Arc<dyn Receivers>,
}

impl Deliverer {
    /// Runs until `stop` turns true. What is under way then is not waited for: it was sent or not,
    /// and is sent again when its lease has ended.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut sending = FuturesUnordered::new();
        loop {
            match self.lease(AT_ONCE - sending.len()).await {
                Ok(due) => sending.extend(due.into_iter().map(|one| self.deliver(one))),
                Err(error) => tracing::warn!(%error, "webhooks are not sent to now"),
            }
            tokio::select! {
                // Whoever had one batch may have another.
                Some(()) = sending.next() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn lease(&self, room: usize) -> Result<Vec<Delivery>, StoreError> {
        let limit = u32::try_from(room).expect("it is a small number");
        if limit == 0 {
            return Ok(Vec::new());
        }
        let now = self.clock.wall();
        self.store.webhooks().lease_deliveries(now, now.plus(LEASE), limit).await
    }

    async fn deliver(&self, delivery: Delivery) {
        if let Err(error) = self.try_once(&delivery).await {
            tracing::warn!(%error, "a webhook's events are sent again later");
        }
    }

    async fn try_once(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let (first, last) = delivery.positions;
        let limit = u32::try_from(last - first + 1).expect("a batch is small");
        let partner = &delivery.webhook.key.partner;
        let events = self.store.events(partner, first - 1, limit).await?;
        let sent = self.receivers.send(delivery, events, self.clock.wall()).await;
        let outcome = match sent {
            Sent::Accepted => "accepted",
            Sent::Failed(_) => "failed",
        };
        metrics::counter!("zhisong_webhook_batches_total", "outcome" => outcome).increment(1);
        self.store.webhooks().settle_delivery(delivery, sent, self.clock.wall()).await
    }
}
