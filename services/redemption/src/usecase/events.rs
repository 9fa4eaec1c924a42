//! Events: numbered by a sealer that runs by itself, and watched by the platforms that they are of.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt as _};
use rpc::{Caller, ErrorReason, Problem};
use tokio::sync::watch;

use super::{Failure, partner};
use crate::domain::{Event, Partner};
use crate::store::{Store, StoreError};

/// How often the sealer looks for steps.
const SEAL_EVERY: Duration = Duration::from_millis(50);
/// Authorizations whose steps are numbered in one commit.
const SEAL_MAX: u32 = 1_000;
/// Events that are read at once.
const PAGE: u32 = 200;
/// How long a watcher waits before it looks for what another replica numbered.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What events need.
#[derive(Clone)]
pub struct Events {
    /// Where they are.
    pub store: Arc<dyn Store>,
    /// What ends the streams, and what wakes them.
    pub signal: Arc<EventSignal>,
}

/// Tells the watchers of this process that something was numbered, and when their streams have to
/// end.
#[derive(Debug, Default)]
pub struct EventSignal(watch::Sender<Sealed>);

#[derive(Clone, Copy, Debug, Default)]
struct Sealed {
    count: u64,
    ended: bool,
}

/// Pages of events, each of one or more.
pub type EventPages = BoxStream<'static, Result<Vec<Event>, Failure>>;

impl EventSignal {
    /// The service stops: streams end.
    pub fn end(&self) {
        self.0.send_modify(|sealed| sealed.ended = true);
    }

    fn sealed(&self) {
        self.0.send_modify(|sealed| sealed.count += 1);
    }
}

impl Events {
    /// The caller's own events after a position: those that are there, then each that comes, until
    /// the service stops. A position that the stream has not reached is of another store: a backup
    /// was restored.
    pub async fn watch(&self, caller: &Caller, after: i64) -> Result<EventPages, Failure> {
        let partner = partner(caller);
        // Noted before the first look: what is numbered from now on wakes the watcher.
        let sealed = self.signal.0.subscribe();
        if after > self.store.event_head(&partner).await? {
            return Err(Failure::Caller(Problem::new(ErrorReason::ForeignCursors)));
        }
        let store = Arc::clone(&self.store);
        let watcher = Watcher { store, partner, after, sealed };
        Ok(stream::try_unfold(watcher, Watcher::next).boxed())
    }
}

struct Watcher {
    store: Arc<dyn Store>,
    partner: Partner,
    after: i64,
    sealed: watch::Receiver<Sealed>,
}

impl Watcher {
    async fn next(mut self) -> Result<Option<(Vec<Event>, Self)>, Failure> {
        loop {
            if self.sealed.borrow_and_update().ended {
                return Ok(None);
            }
            let events = self.store.events(&self.partner, self.after, PAGE).await?;
            if let Some(last) = events.last() {
                self.after = last.position;
                return Ok(Some((events, self)));
            }
            // A timeout, and an end, are found by what follows.
            let _ = tokio::time::timeout(LOOK_EVERY, self.sealed.changed()).await;
        }
    }
}

/// Numbers steps soon after they are committed, until `stop` turns true.
pub async fn seal_events_by_themselves(events: Events, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = seal_all(&events).await {
            tracing::warn!(%error, "events are not numbered yet");
        }
        tokio::select! {
            () = tokio::time::sleep(SEAL_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn seal_all(events: &Events) -> Result<(), StoreError> {
    loop {
        let sealed = events.store.seal_events(SEAL_MAX).await?;
        if sealed > 0 {
            events.signal.sealed();
        }
        // Every authorization has one step or more.
        if sealed < SEAL_MAX {
            return Ok(());
        }
    }
}
