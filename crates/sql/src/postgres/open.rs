use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgConnection, PgPool};

use super::{IDLE_IN_TRANSACTION_MAX, LOCK_TIMEOUT};
use crate::{DatabaseConfig, OpenProblem};

/// How long a read waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn options(config: &DatabaseConfig) -> Result<PgConnectOptions, OpenProblem> {
    let read = PgConnectOptions::from_str(&config.url);
    let options = read.map_err(|source| server(config, source))?;
    let millis = |duration: Duration| duration.as_millis().to_string();
    let settings = [
        ("statement_timeout", config.statement_timeout_ms.to_string()),
        ("idle_in_transaction_session_timeout", millis(IDLE_IN_TRANSACTION_MAX)),
        ("lock_timeout", millis(LOCK_TIMEOUT)),
        // A plan is kept, and a table that was empty when it was made is not in the rush. So rows
        // are found by their keys from the first on; compiling a plan costs more than our plans.
        ("enable_seqscan", String::from("off")),
        ("jit", String::from("off")),
    ];
    Ok(options
        .application_name("zhisong")
        .statement_cache_capacity(200)
        .options(settings)
        .disable_statement_logging())
}

/// Steps find rows by batches of keys, with one plan for every batch. It must not be another one
/// because a table was small when it was made: rows count for so much that going through a table
/// never pays, however few it had then.
pub(super) fn for_steps(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().options([("plan_cache_mode", "force_generic_plan"), ("cpu_tuple_cost", "10")])
}

pub(super) async fn writer(
    config: &DatabaseConfig,
    options: &PgConnectOptions,
    migrator: &Migrator,
) -> Result<PgConnection, OpenProblem> {
    let mut connection = options.connect().await.map_err(|source| server(config, source))?;
    if !config.weak_durability {
        check_durability(config, &mut connection).await?;
    }
    check_reader(config, &mut connection, migrator).await?;
    // Replicas that start at once wait for each other here: the migrator holds an advisory lock.
    migrator
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|source| OpenProblem::Migration { path: config.shown_url(), source })?;
    Ok(connection)
}

pub(super) fn readers(config: &DatabaseConfig, options: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(config.readers.max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.clone())
}

fn server(config: &DatabaseConfig, source: sqlx::Error) -> OpenProblem {
    OpenProblem::Server { url: config.shown_url(), source }
}

/// Settings that may lose an acknowledged commit when the machine or the server stops.
async fn check_durability(
    config: &DatabaseConfig,
    connection: &mut PgConnection,
) -> Result<(), OpenProblem> {
    let settings = [
        ("fsync", "SHOW fsync"),
        ("full_page_writes", "SHOW full_page_writes"),
        ("synchronous_commit", "SHOW synchronous_commit"),
    ];
    for (setting, show) in settings {
        let value: String = sqlx::query_scalar(show)
            .fetch_one(&mut *connection)
            .await
            .map_err(|source| server(config, source))?;
        if value == "off" {
            return Err(OpenProblem::Durability { setting, value });
        }
    }
    Ok(())
}

/// Refuses a database whose `meta` table says that only newer services may read it.
async fn check_reader(
    config: &DatabaseConfig,
    connection: &mut PgConnection,
    migrator: &Migrator,
) -> Result<(), OpenProblem> {
    let known: bool = sqlx::query_scalar("SELECT to_regclass('meta') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(|source| server(config, source))?;
    if !known {
        return Ok(());
    }
    let needed = "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'min_reader'";
    let needed: Option<i64> = sqlx::query_scalar(needed)
        .fetch_optional(connection)
        .await
        .map_err(|source| server(config, source))?;
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    match needed {
        Some(needed) if needed > known => {
            Err(OpenProblem::TooNew { path: config.shown_url(), needed, known })
        }
        _ => Ok(()),
    }
}
