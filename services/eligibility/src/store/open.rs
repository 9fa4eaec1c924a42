use std::sync::Arc;

use sql::{Backend, DatabaseConfig, OpenProblem};

use super::Store;
use super::postgres::{self, PostgresStore};
use super::sqlite::{self, SqliteStore};

/// Opens the database that the configuration names and brings its schema up to date.
pub async fn open(config: &DatabaseConfig) -> Result<Arc<dyn Store>, OpenProblem> {
    Ok(match config.backend()? {
        Backend::Sqlite => {
            let database = sql::sqlite::Database::open(config, &sqlite::migrator()).await?;
            Arc::new(SqliteStore::new(database))
        }
        Backend::Postgres => {
            let database = sql::postgres::Database::open(config, &postgres::migrator()).await?;
            Arc::new(PostgresStore::new(database))
        }
    })
}
