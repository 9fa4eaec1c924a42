//! PostgreSQL: a server that several replicas share. A few writers on threads of their own, a pool
//! of readers beside them.
//!
//! A step runs as READ COMMITTED and takes the row locks that it needs by itself: a store says
//! which and in which order.

mod open;

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgConnection, PgPool};

use crate::writer::{Link, Writer};
use crate::{DatabaseConfig, OpenProblem, StoreError};

/// How long a transaction may wait for its next statement before the server ends it: a writer that
/// was stopped in the middle of a step must not hold its locks for ever.
const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(5);
/// How long a statement waits for a row that another replica has locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(8);

/// How a lost writing connection comes back.
struct PostgresLink {
    options: PgConnectOptions,
}

impl Link for PostgresLink {
    type Driver = sqlx::Postgres;
    const BEGIN: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED";

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let connected = sqlx::ConnectOptions::connect(&self.options).await;
        connected.map_err(|error| StoreError::Unavailable { detail: error.to_string() })
    }

    fn classify(error: sqlx::Error) -> StoreError {
        classify(error)
    }

    /// A server that answers a commit with an error has not committed; silence says nothing.
    fn classify_commit(error: sqlx::Error) -> StoreError {
        match classify(error) {
            StoreError::Conflict => StoreError::Conflict,
            _ => StoreError::OutcomeUnknown,
        }
    }
}

/// One service's database; cheap to clone.
#[derive(Clone)]
pub struct Database {
    writer: Arc<Writer<PostgresLink>>,
    readers: PgPool,
}

impl Database {
    /// Opens the database, brings its schema up to date under an advisory lock, and checks that the
    /// server's settings keep what is committed.
    pub async fn open(config: &DatabaseConfig, migrator: &Migrator) -> Result<Self, OpenProblem> {
        let options = open::options(config)?;
        let readers = open::readers(config, &options);
        let options = open::for_steps(&options);
        let connection = open::writer(config, &options, migrator).await?;
        let writer = Writer::start(PostgresLink { options }, connection, config.writers);
        Ok(Self { writer: Arc::new(writer), readers })
    }

    /// Connections for reads of one statement. A read that must agree with a change belongs into
    /// the change's step.
    pub fn readers(&self) -> &PgPool {
        &self.readers
    }

    /// Runs `step` as one transaction and answers after its commit. The step runs to its end even
    /// when the caller goes away. When it fails nothing is changed.
    ///
    /// `name` labels the step in metrics and comes from a closed set.
    pub async fn write<T, F>(&self, name: &'static str, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.run(name, step).await
    }

    /// Finishes what is under way and closes the connections.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

/// What a driver error means to a store. The driver's text stays in the log.
pub fn classify(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) if is_conflict(database.code().as_deref()) => {
            tracing::warn!(error = %error, "a constraint or another step refused a step");
            StoreError::Conflict
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
            StoreError::Corrupt { table: "unknown", id: String::new(), detail: error.to_string() }
        }
        _ => StoreError::Unavailable { detail: error.to_string() },
    }
}

/// A constraint (class 23), a serialization failure or deadlock (40), a lock not had in time
/// (55P03): postgresql.org/docs/15/errcodes-appendix.html.
fn is_conflict(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.starts_with("23") || code.starts_with("40") || code == "55P03")
}
