use sqlx::Row as _;

use super::*;
use crate::sqlite::Database;

const NOTES: &[MigrationFile] = &[MigrationFile {
    version: 1,
    name: "notes",
    sql: "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) STRICT, WITHOUT ROWID;
          CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;",
}];

fn at(folder: &tempfile::TempDir) -> DatabaseConfig {
    DatabaseConfig::at(format!("sqlite://{}/notes.db", folder.path().display()))
}

async fn add(database: &Database, text: &'static str) -> Result<(), StoreError> {
    let step = async move |tx: &mut sqlx::SqliteConnection| {
        let insert = sqlx::query("INSERT INTO note (text) VALUES (?1)").bind(text);
        insert.execute(tx).await.map(|_| ()).map_err(sqlite::classify)
    };
    database.write("add_note", step).await
}

async fn notes(database: &Database) -> Vec<String> {
    let rows = sqlx::query("SELECT text FROM note ORDER BY id");
    let rows = rows.fetch_all(database.readers()).await.expect("the table can be read");
    rows.iter().map(|row| row.get("text")).collect()
}

#[tokio::test]
async fn a_step_is_read_back_after_its_answer_and_after_opening_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&at(&folder), &migrator(NOTES)).await.expect("opens");
    add(&database, "one").await.expect("is added");
    assert_eq!(notes(&database).await, ["one"]);
    database.close().await;
    assert!(!folder.path().join("notes.db-wal").exists(), "the file holds everything");
    let again = Database::open(&at(&folder), &migrator(NOTES)).await.expect("opens again");
    assert_eq!(notes(&again).await, ["one"]);
}

#[tokio::test]
async fn a_step_that_fails_changes_nothing_and_the_next_one_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&at(&folder), &migrator(NOTES)).await.expect("opens");
    add(&database, "one").await.expect("is added");
    let step = async |tx: &mut sqlx::SqliteConnection| -> Result<(), StoreError> {
        let first = sqlx::query("INSERT INTO note (text) VALUES ('two')");
        first.execute(&mut *tx).await.map_err(sqlite::classify)?;
        let twice = sqlx::query("INSERT INTO note (text) VALUES ('one')");
        twice.execute(tx).await.map(|_| ()).map_err(sqlite::classify)
    };
    assert_eq!(database.write("add_two", step).await, Err(StoreError::Conflict));
    add(&database, "three").await.expect("is added");
    assert_eq!(notes(&database).await, ["one", "three"]);
}

#[tokio::test]
async fn a_step_that_fills_the_disk_changes_nothing_and_the_next_one_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&at(&folder), &migrator(NOTES)).await.expect("opens");
    add(&database, "one").await.expect("is added");
    let step = async |tx: &mut sqlx::SqliteConnection| -> Result<(), StoreError> {
        let first = sqlx::query("INSERT INTO note (text) VALUES ('two')");
        first.execute(&mut *tx).await.map_err(sqlite::classify)?;
        let full = sqlx::query("PRAGMA max_page_count = 1");
        full.execute(&mut *tx).await.map_err(sqlite::classify)?;
        let large = sqlx::query("INSERT INTO note (text) VALUES (hex(zeroblob(65536)))");
        large.execute(tx).await.map(|_| ()).map_err(sqlite::classify)
    };
    let failed = database.write("add_large", step).await.expect_err("there is no room");
    assert!(matches!(&failed, StoreError::Unavailable { detail } if detail.contains("full")));
    add(&database, "three").await.expect("is added");
    assert_eq!(notes(&database).await, ["one", "three"]);
}

#[tokio::test]
async fn a_cancelled_caller_leaves_no_transaction_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&at(&folder), &migrator(NOTES)).await.expect("opens");
    for _ in 0..50 {
        let cancelled = add(&database, "cancelled");
        tokio::select! { biased; _ = cancelled => {}, () = tokio::task::yield_now() => {} }
    }
    add(&database, "after").await.expect("the writer is not stuck");
    assert!(notes(&database).await.contains(&"after".to_owned()));
}

#[tokio::test]
async fn a_missing_folder_and_a_foreign_url_are_said_at_opening() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = format!("sqlite://{}/none/notes.db", folder.path().display());
    let opened = Database::open(&DatabaseConfig::at(missing), &migrator(NOTES)).await;
    assert!(matches!(opened, Err(OpenProblem::File { .. })));
    let foreign = DatabaseConfig::at("mysql://x");
    let opened = Database::open(&foreign, &migrator(NOTES)).await;
    assert!(matches!(opened, Err(OpenProblem::Url(_))));
}

#[tokio::test]
async fn a_schema_that_only_newer_services_may_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&at(&folder), &migrator(NOTES)).await.expect("opens");
    let step = async |tx: &mut sqlx::SqliteConnection| -> Result<(), StoreError> {
        let mark = sqlx::query("INSERT INTO meta VALUES ('min_reader', '2')");
        mark.execute(tx).await.map(|_| ()).map_err(sqlite::classify)
    };
    database.write("mark", step).await.expect("is marked");
    database.close().await;
    let opened = Database::open(&at(&folder), &migrator(NOTES)).await;
    assert!(matches!(opened, Err(OpenProblem::TooNew { needed: 2, known: 1, .. })));
}
