//! Opening a service's database and running one atomic step in it.
//!
//! A store's method hands [`sqlite::Database::write`] a step; the step runs as one transaction on
//! the writer's own thread. **Invariant:** a cancelled caller cannot leave a transaction open,
//! because no transaction lives in a caller's future (law A3). **Invariant:** a step's answer is
//! given after its commit. **Invariant:** durability settings that could lose an acknowledged
//! commit are never used. Absent on purpose: business rules, query building.

mod error;
mod migration;
pub mod sqlite;

pub use error::{OpenProblem, StoreError};
pub use migration::{MigrationFile, migrator};

use serde::Deserialize;

/// Where a service keeps its data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite://` and a path: `sqlite://data/issuance.db`, or `sqlite:///var/lib/...`.
    pub url: String,
}

#[cfg(test)]
mod tests;
