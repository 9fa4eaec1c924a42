//! What runs by itself. The timers are monotonic; what they compare is business time.

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use tokio::sync::watch;

use super::{CheckoutStages, Settlement};
use crate::domain::{Moment, business_day};
use crate::store::{Store, StoreError};

/// How often the sweeper and the closer look.
const EVERY: Duration = Duration::from_secs(1);
/// Holds written down in one commit.
const HOLDS_MAX: u32 = 500;
/// Vouchers looked at in one commit, and rows of the journal read in one.
const VOUCHERS_MAX: u32 = 500;

/// Writes down holds that ran out, until `stop` turns true. Answers do not wait for it.
pub async fn expire_holds_by_themselves(
    stages: Arc<CheckoutStages>,
    mut stop: watch::Receiver<bool>,
) {
    while next_look(&mut stop).await {
        if let Err(error) = expire_all(&stages).await {
            tracing::warn!(%error, "holds that ran out are not written down yet");
        }
    }
}

async fn expire_all(stages: &CheckoutStages) -> Result<(), StoreError> {
    loop {
        let now = stages.clock.now();
        let moment = Moment { now, entropy: Arc::clone(&stages.entropy) };
        if stages.store.expire_holds(moment, HOLDS_MAX).await? < HOLDS_MAX {
            return Ok(());
        }
    }
}

/// Closes vouchers that are over, until `stop` turns true. Issuance is told by the closures.
pub async fn close_vouchers_by_themselves(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    while next_look(&mut stop).await {
        if let Err(error) = close_all(&*store, &*clock).await {
            tracing::warn!(%error, "vouchers that are over are not closed yet");
        }
    }
}

async fn close_all(store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
    let closures = store.closures();
    while closures.walk_closed_days(clock.now(), VOUCHERS_MAX).await? == VOUCHERS_MAX {}
    while closures.close_vouchers(clock.now(), VOUCHERS_MAX).await? == VOUCHERS_MAX {}
    Ok(())
}

/// Closes the days that are over, soon after midnight, until `stop` turns true.
pub async fn close_days_by_themselves(settlement: Settlement, mut stop: watch::Receiver<bool>) {
    let mut looked_at = None;
    while next_look(&mut stop).await {
        let today = business_day(settlement.clock.now());
        if looked_at == Some(today) {
            continue;
        }
        match settlement.store.close_days(today, settlement.clock.now()).await {
            Ok(closed) => {
                looked_at = Some(today);
                for day in closed {
                    tracing::info!(%day, "a business day is closed");
                }
            }
            Err(error) => tracing::warn!(%error, "a business day is not closed yet"),
        }
    }
}

/// Waits for the next look; false when it is time to stop.
async fn next_look(stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(EVERY) => true,
        _ = stop.wait_for(|stop| *stop) => false,
    }
}
