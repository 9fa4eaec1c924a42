//! Databases as the services before left them.

use sql::{DatabaseConfig, MigrationFile};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// The steps that the services before knew.
macro_rules! steps_before {
    ($backend:literal) => {
        [
            MigrationFile {
                version: 1,
                name: "redemption",
                sql: include_str!(concat!("../../migrations/", $backend, "/0001_redemption.sql")),
            },
            MigrationFile {
                version: 2,
                name: "replicas",
                sql: include_str!(concat!("../../migrations/", $backend, "/0002_replicas.sql")),
            },
        ]
    };
}

/// Writes such a database anew; `script` has its rows, with bytes as SQLite writes them.
pub async fn write(config: &DatabaseConfig, script: String) {
    match config.url.starts_with("sqlite") {
        true => write_sqlite(config, script).await,
        false => write_postgres(config, script).await,
    }
}

async fn write_sqlite(config: &DatabaseConfig, script: String) {
    let steps = sql::migrator(&steps_before!("sqlite"));
    let database = sql::sqlite::Database::open(config, &steps).await.expect("it opens");
    let write = async move |tx: &mut SqliteConnection| {
        sqlx::raw_sql(AssertSqlSafe(script))
            .execute(tx)
            .await
            .map(drop)
            .map_err(sql::sqlite::classify)
    };
    database.write("old", write).await.expect("it is written");
    database.close().await;
}

async fn write_postgres(config: &DatabaseConfig, script: String) {
    let mut fresh = PgConnection::connect(&config.url).await.expect("it opens");
    let emptied = sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    emptied.execute(&mut fresh).await.expect("it is emptied");
    fresh.close().await.expect("it closes");
    let steps = sql::migrator(&steps_before!("postgres"));
    let database = sql::postgres::Database::open(config, &steps).await.expect("it opens");
    let script = script.replace("x'", "'\\x");
    let write = async move |tx: &mut PgConnection| {
        sqlx::raw_sql(AssertSqlSafe(script))
            .execute(tx)
            .await
            .map(drop)
            .map_err(sql::postgres::classify)
    };
    database.write("old", write).await.expect("it is written");
    database.close().await;
}
