//! Opening a service's database and running one atomic step in it.
//!
//! A store's method hands [`sqlite::Database::write`] or [`postgres::Database::write`] a step; the
//! step runs as one transaction on a writer's own thread. **Invariant:** a cancelled caller cannot leave a transaction open,
//! because no transaction lives in a caller's future (law A3). **Invariant:** a step's answer is
//! given after its commit. **Invariant:** durability settings that could lose an acknowledged
//! commit are never used. Absent on purpose: business rules, query building.

mod config;
mod error;
mod migration;
pub mod postgres;
pub mod sqlite;
mod writer;

pub use config::{Backend, DatabaseConfig};
pub use error::{OpenProblem, StoreError};
pub use migration::{MigrationFile, migrator};

#[cfg(test)]
mod tests;
