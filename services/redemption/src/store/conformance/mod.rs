//! What every store must do, by law. Each case gets an empty store.
//!
//! [`cases`] is the one list: a case that is not on it is dead code, which the compiler reports.

mod days;
mod feed;
mod lifecycle;
mod replay;
mod till;

use std::sync::Arc;

use futures::future::BoxFuture;

use super::Store;
pub use till::{Counting, EPOCH, RETURNS, Till, campaign, person};

/// One thing that must hold.
pub struct Case {
    /// The law that it belongs to.
    pub law: &'static str,
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// Panics when it does not hold of an empty store.
    pub run: fn(Arc<dyn Store>) -> BoxFuture<'static, ()>,
}

/// Every case.
pub fn cases() -> Vec<Case> {
    [lifecycle::cases(), replay::cases(), days::cases(), feed::cases()].concat()
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
            run: |store| {
                Box::pin(async move {
                    $name($crate::store::conformance::Till::open(store).await).await;
                })
            },
        }
    };
}
use case;
