//! SQLite: the embedded default. One writer on a thread of its own, readers beside it (WAL).

mod open;

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteSynchronous;
use sqlx::{SqliteConnection, SqlitePool};

use crate::writer::{Link, Writer};
use crate::{DatabaseConfig, OpenProblem, StoreError};

/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How a lost writing connection comes back.
struct SqliteLink {
    path: String,
    synchronous: SqliteSynchronous,
}

impl Link for SqliteLink {
    type Driver = sqlx::Sqlite;
    const BEGIN: &'static str = "BEGIN IMMEDIATE";

    async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        let opened = open::connect(&self.path, self.synchronous).await;
        opened.map_err(|problem| StoreError::Unavailable { detail: problem.to_string() })
    }

    fn classify(error: sqlx::Error) -> StoreError {
        classify(error)
    }

    fn classify_commit(_error: sqlx::Error) -> StoreError {
        StoreError::OutcomeUnknown
    }
}

/// One service's database; cheap to clone.
#[derive(Clone)]
pub struct Database {
    writer: Arc<Writer<SqliteLink>>,
    readers: SqlitePool,
}

impl Database {
    /// Opens the database, creating it if need be, brings its schema up to date, and checks that
    /// the library and the settings in force keep what is committed.
    pub async fn open(config: &DatabaseConfig, migrator: &Migrator) -> Result<Self, OpenProblem> {
        let path = config.url.strip_prefix("sqlite://");
        let path = path.filter(|path| !path.is_empty() && !path.contains('?'));
        let path = path.ok_or_else(|| OpenProblem::Url(config.url.clone()))?;
        let synchronous = match config.weak_durability {
            true => SqliteSynchronous::Normal,
            false => SqliteSynchronous::Full,
        };
        let connection = open::writer(path, synchronous, migrator).await?;
        let readers = open::readers(path, config.readers).await?;
        // SQLite lets one write at a time.
        let link = SqliteLink { path: path.to_owned(), synchronous };
        let writer = Writer::start(link, connection, 1);
        Ok(Self { writer: Arc::new(writer), readers })
    }

    /// Read-only connections. A read that must agree with a change belongs into the change's step.
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Runs `step` as one transaction and answers after its commit. The step runs to its end even
    /// when the caller goes away. When it fails nothing is changed.
    ///
    /// `name` labels the step in metrics and comes from a closed set.
    pub async fn write<T, F>(&self, name: &'static str, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.run(name, step).await
    }

    /// Finishes what is under way and closes the file, which then holds everything: the last to
    /// close takes the log in, and that must be the one that may write.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// What a driver error means to a store. The driver's text stays in the log.
pub fn classify(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) if is_constraint(database.code().as_deref()) => {
            tracing::warn!(error = %error, "a constraint refused a step");
            StoreError::Conflict
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
            StoreError::Corrupt { table: "unknown", id: String::new(), detail: error.to_string() }
        }
        _ => StoreError::Unavailable { detail: error.to_string() },
    }
}

/// SQLITE_CONSTRAINT in any of its extended forms (primary code 19).
fn is_constraint(code: Option<&str>) -> bool {
    let code = code.and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == 19)
}
