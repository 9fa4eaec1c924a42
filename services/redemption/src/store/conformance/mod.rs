//! What every store must do, by law. Each case gets an empty store, and may open more on the same
//! database, as replicas do.
//!
//! [`cases`] is the one list: a case that is not on it is dead code, which the compiler reports.

mod chains;
mod closures;
mod days;
mod events;
mod feed;
mod lifecycle;
mod offers;
mod portions;
mod premises;
mod rechecks;
mod reconciliation;
mod refunds;
mod replay;
mod replicas;
mod shops;
mod stacks;
mod statements;
mod till;
mod uses;
mod webhooks;

use std::sync::Arc;

use futures::future::BoxFuture;

use super::Store;
pub use offers::{amount, bus, cart, combining, lines, off, purse, rechecking};
pub use till::{
    Counting, EPOCH, RETURNS, Till, campaign, campaign_of, cold_drink, cool_drinks, person, stock,
};

/// One thing that must hold.
pub struct Case {
    /// The law that it belongs to.
    pub law: &'static str,
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// Panics when it does not hold.
    pub run: fn(Ground) -> BoxFuture<'static, ()>,
}

/// An empty database: a store on it, and the way to open another one.
#[derive(Clone)]
pub struct Ground {
    /// The first store.
    pub store: Arc<dyn Store>,
    /// Opens a further store on the same database.
    pub open: Opener,
}

/// Opens a store on a case's database.
pub type Opener = Arc<dyn Fn() -> BoxFuture<'static, Arc<dyn Store>> + Send + Sync>;

/// Every case.
pub fn cases() -> Vec<Case> {
    [
        lifecycle::cases(),
        stacks::cases(),
        portions::cases(),
        refunds::cases(),
        uses::cases(),
        webhooks::cases(),
        rechecks::cases(),
        replay::cases(),
        days::cases(),
        events::cases(),
        closures::cases(),
        statements::cases(),
        chains::cases(),
        reconciliation::cases(),
        feed::cases(),
        replicas::cases(),
        shops::cases(),
        premises::cases(),
    ]
    .concat()
}

impl Clone for Case {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

/// A case from a function that takes a till over an empty store.
macro_rules! case {
    ($law:literal, $name:ident) => {
        $crate::store::conformance::Case {
            law: $law,
            name: stringify!($name),
            run: |ground| {
                Box::pin(async move {
                    let till = $crate::store::conformance::Till::open(ground.store).await;
                    $name(till.with_replicas(ground.open)).await;
                })
            },
        }
    };
}
use case;
