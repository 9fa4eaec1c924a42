use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, SqliteConnection, SqlitePool};

use super::BUSY_TIMEOUT;
use crate::OpenProblem;

/// The first release without the WAL-reset fault (sqlite.org/wal.html#walresetbug).
const SAFE_LIBRARY: (u32, u32, u32) = (3, 51, 3);

/// Pages that the writer keeps in memory: 64 MiB, in KiB below zero as the pragma has it. The
/// usual 2 MiB are less than one batch changes, whose pages then go out and in several times.
const WRITER_CACHE: &str = "-65536";
/// Pages in the log before they are carried over: what many batches change is carried over once.
const CHECKPOINT_AFTER: &str = "16384";

pub(super) async fn writer(
    path: &str,
    synchronous: SqliteSynchronous,
    migrator: &Migrator,
) -> Result<SqliteConnection, OpenProblem> {
    let mut connection = connect(path, synchronous).await?;
    check_library(path, &mut connection).await?;
    check_durability(path, synchronous, &mut connection).await?;
    check_reader(path, &mut connection, migrator).await?;
    let migrated = migrator.run_direct(None, &mut connection, false).await;
    migrated.map_err(|source| unmigrated(path, source))?;
    check_room(path, &mut connection).await?;
    Ok(connection)
}

/// The one connection that writes; also how the writer comes back after an unknown outcome.
pub(super) async fn connect(
    path: &str,
    synchronous: SqliteSynchronous,
) -> Result<SqliteConnection, OpenProblem> {
    let options = options(path)
        .create_if_missing(true)
        .synchronous(synchronous)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_AFTER);
    options.connect().await.map_err(|source| file(path, source))
}

pub(super) async fn readers(path: &str, max: u32) -> Result<SqlitePool, OpenProblem> {
    let pool = SqlitePoolOptions::new().max_connections(max.max(1)).test_before_acquire(false);
    pool.connect_with(options(path).read_only(true)).await.map_err(|source| file(path, source))
}

fn options(path: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(200)
        .disable_statement_logging()
}

fn file(path: &str, source: sqlx::Error) -> OpenProblem {
    OpenProblem::File { path: path.to_owned(), source }
}

/// The statements of a migration are tested: where one fails, the file cannot be written.
fn unmigrated(path: &str, source: MigrateError) -> OpenProblem {
    match source {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            file(path, source)
        }
        source => OpenProblem::Migration { path: path.to_owned(), source },
    }
}

async fn check_library(path: &str, connection: &mut SqliteConnection) -> Result<(), OpenProblem> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(connection)
        .await
        .map_err(|source| file(path, source))?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    match (next(), next(), next()) >= SAFE_LIBRARY {
        true => Ok(()),
        false => Err(OpenProblem::Library(version)),
    }
}

async fn check_durability(
    path: &str,
    asked: SqliteSynchronous,
    connection: &mut SqliteConnection,
) -> Result<(), OpenProblem> {
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await
        .map_err(|source| file(path, source))?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(connection)
        .await
        .map_err(|source| file(path, source))?;
    if !journal.eq_ignore_ascii_case("wal") {
        return Err(OpenProblem::Durability { setting: "journal_mode", value: journal });
    }
    // OFF is 0, NORMAL 1, FULL 2 and EXTRA 3, here and there.
    match synchronous >= asked as i64 {
        true => Ok(()),
        false => {
            Err(OpenProblem::Durability { setting: "synchronous", value: synchronous.to_string() })
        }
    }
}

/// Refuses a database whose `meta` table says that only newer services may read it.
async fn check_reader(
    path: &str,
    connection: &mut SqliteConnection,
    migrator: &Migrator,
) -> Result<(), OpenProblem> {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'";
    let known_tables: i64 = sqlx::query_scalar(tables)
        .fetch_one(&mut *connection)
        .await
        .map_err(|source| file(path, source))?;
    if known_tables == 0 {
        return Ok(());
    }
    let needed = "SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM meta WHERE key = 'min_reader'";
    let needed: Option<i64> = sqlx::query_scalar(needed)
        .fetch_optional(connection)
        .await
        .map_err(|source| file(path, source))?;
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    match needed {
        Some(needed) if needed > known => {
            Err(OpenProblem::TooNew { path: path.to_owned(), needed, known })
        }
        _ => Ok(()),
    }
}

/// A full disk or a read-only folder is found now and not by the first caller.
async fn check_room(path: &str, connection: &mut SqliteConnection) -> Result<(), OpenProblem> {
    let attempt = async {
        let mut trial = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("CREATE TABLE room_check (filler BLOB) STRICT").execute(&mut *trial).await?;
        sqlx::query("INSERT INTO room_check VALUES (zeroblob(65536))").execute(&mut *trial).await?;
        sqlx::query("DROP TABLE room_check").execute(&mut *trial).await?;
        trial.commit().await
    };
    attempt.await.map_err(|source| file(path, source))
}
