//! What every store of the registry must do, whatever is behind it. Grouped by law; each case runs
//! over a fresh store.

mod accounts;
mod cards;
mod changes;
mod codes;
mod fixture;
mod grants;
mod imports;
mod organizations;
mod policies;
mod replicas;
mod standing;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sql::DatabaseConfig;

use super::Store;
use crate::domain::vault::Vault;

pub use fixture::{CountingEntropy, person_row, test_vault};

/// What a case works with.
#[derive(Clone)]
pub struct Ctx {
    /// A fresh store.
    pub store: Arc<dyn Store>,
    /// Where its database is, for a second store over it.
    pub config: DatabaseConfig,
    /// A vault with keys of its own.
    pub vault: Arc<Vault>,
}

type Run = fn(Ctx) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// A case: a sentence and what proves it.
#[derive(Clone, Copy)]
pub struct Case {
    /// The law as a sentence.
    pub name: &'static str,
    /// Panics when the store breaks it.
    pub run: Run,
}

/// Every case.
pub fn cases() -> Vec<Case> {
    [
        organizations::cases(),
        imports::cases(),
        standing::cases(),
        policies::cases(),
        changes::cases(),
        replicas::cases(),
        cards::cases(),
        codes::cases(),
        accounts::cases(),
        grants::cases(),
    ]
    .concat()
}
