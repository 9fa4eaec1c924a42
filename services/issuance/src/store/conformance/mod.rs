//! What every store must do, by law. Each case gets an empty store.
//!
//! [`cases`] is the one list: a case that is not on it is dead code, which the compiler reports.

mod bench;
mod campaigns;
mod claims;
mod closures;
mod feed;
mod funds;
mod liabilities;
mod reads;
mod refusals;
mod replicas;

use futures::future::BoxFuture;

pub use bench::{Bench, Offer, eve, noon, person};

/// One thing that must hold.
#[derive(Clone, Copy)]
pub struct Case {
    /// The law that it belongs to.
    pub law: &'static str,
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// Panics when it does not hold of an empty store.
    pub run: fn(Bench) -> BoxFuture<'static, ()>,
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let of_one = [claims::CASES, refusals::CASES, campaigns::CASES, feed::CASES, reads::CASES];
    let of_money = [liabilities::CASES, funds::CASES, closures::CASES];
    [of_one.concat(), of_money.concat(), replicas::CASES.to_vec()].concat()
}
