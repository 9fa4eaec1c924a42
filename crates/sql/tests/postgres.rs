//! The PostgreSQL half over a real server, killed and started again by the last trial.

use std::future::Future;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, join_all};
use libtest_mimic::{Arguments, Failed, Trial};
use sql::postgres::{Database, classify};
use sql::{DatabaseConfig, MigrationFile, OpenProblem, StoreError, migrator};
use sqlx::{PgConnection, Row as _};
use testkit::postgres::{Missing, Postgres, Settings};

const NOTES: &[MigrationFile] = &[MigrationFile {
    version: 1,
    name: "notes",
    sql: "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
          CREATE TABLE note (id BIGINT GENERATED ALWAYS AS IDENTITY, text TEXT NOT NULL UNIQUE);",
}];

type Shared = Arc<Mutex<Postgres>>;

/// A trial: its sentence, and what it does with a server and a fresh database's URL.
type Case = (&'static str, fn(Shared, String) -> BoxFuture<'static, ()>);

const CASES: &[Case] = &[
    ("a_step_is_read_back_and_a_failed_one_changes_nothing", |_, url| Box::pin(steps(url))),
    ("a_cancelled_caller_leaves_no_transaction_open", |_, url| Box::pin(cancelled(url))),
    ("replicas_that_start_at_once_migrate_once", |_, url| Box::pin(start_at_once(url))),
    ("a_schema_that_only_newer_services_may_read_is_refused", |_, url| Box::pin(too_new(url))),
    ("a_server_that_is_not_there_is_said_without_its_password", |_, _| Box::pin(no_server())),
    ("settings_that_may_lose_commits_are_refused", |_, url| Box::pin(weak(url))),
    ("a_killed_server_is_never_a_no_and_is_used_again_when_it_is_back", |postgres, url| {
        Box::pin(killed(postgres, url))
    }),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let postgres = match Postgres::start_if_present(Settings { fsync: true }) {
        Ok(postgres) => Arc::new(Mutex::new(postgres)),
        Err(missing) => return without(&arguments, &missing),
    };
    // The last trial kills the server that the others use, unless it is somebody else's.
    let arguments = Arguments { test_threads: Some(1), ..arguments };
    let is_ours = postgres.lock().expect("no panic holds it").server().is_some();
    let last = CASES.len() - 1;
    let trials = CASES.iter().enumerate().map(|(at, (name, case))| {
        let postgres = Arc::clone(&postgres);
        let trial = Trial::test(*name, move || {
            let runtime = tokio::runtime::Runtime::new()?;
            let made = runtime.block_on(database(&postgres))?;
            runtime.block_on(case(postgres, made));
            Ok(())
        });
        trial.with_ignored_flag(at == last && !is_ours)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn without(arguments: &Arguments, missing: &Missing) -> ExitCode {
    let trials = CASES.iter().map(|(name, _)| match missing.clone() {
        Missing::Ignored(why) => {
            eprintln!("ignored: {name}: {why}");
            Trial::test(*name, || Ok(())).with_ignored_flag(true)
        }
        Missing::Failure(why) => Trial::test(*name, || Err(Failed::from(why))),
    });
    libtest_mimic::run(arguments, trials.collect()).exit_code()
}

#[expect(clippy::await_holding_lock, reason = "trials run one after the other")]
async fn database(postgres: &Shared) -> Result<String, sqlx::Error> {
    postgres.lock().expect("no panic holds it").database().await
}

async fn open(url: &str) -> Database {
    let opened = Database::open(&DatabaseConfig::at(url), &migrator(NOTES)).await;
    opened.expect("the database opens")
}

fn add(database: &Database, text: String) -> impl Future<Output = Result<(), StoreError>> {
    let step = async move |tx: &mut PgConnection| {
        let insert = sqlx::query("INSERT INTO note (text) VALUES ($1)").bind(text);
        insert.execute(tx).await.map(|_| ()).map_err(classify)
    };
    database.write("add_note", step)
}

async fn notes(database: &Database) -> Vec<String> {
    let rows = sqlx::query("SELECT text FROM note ORDER BY id");
    let rows = rows.fetch_all(database.readers()).await.expect("the table can be read");
    rows.iter().map(|row| row.get("text")).collect()
}

async fn steps(url: String) {
    let database = open(&url).await;
    add(&database, "one".to_owned()).await.expect("is added");
    let step = async |tx: &mut PgConnection| -> Result<(), StoreError> {
        let first = sqlx::query("INSERT INTO note (text) VALUES ('two')");
        first.execute(&mut *tx).await.map_err(classify)?;
        let twice = sqlx::query("INSERT INTO note (text) VALUES ('one')");
        twice.execute(tx).await.map(|_| ()).map_err(classify)
    };
    assert_eq!(database.write("add_two", step).await, Err(StoreError::Conflict));
    add(&database, "three".to_owned()).await.expect("is added");
    database.close().await;
    assert_eq!(notes(&open(&url).await).await, ["one", "three"]);
}

async fn cancelled(url: String) {
    let database = open(&url).await;
    for number in 0..50 {
        let cancelled = add(&database, format!("cancelled {number}"));
        tokio::select! { biased; _ = cancelled => {}, () = tokio::task::yield_now() => {} }
    }
    add(&database, "after".to_owned()).await.expect("the writers are not stuck");
    database.close().await;
    let again = open(&url).await;
    let open = sqlx::query_scalar::<_, i64>(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
    );
    assert_eq!(open.fetch_one(again.readers()).await.expect("can be asked"), 0);
    assert!(notes(&again).await.contains(&"after".to_owned()));
}

async fn start_at_once(url: String) {
    let opened = join_all((0..6).map(|_| open(&url))).await;
    for (number, database) in opened.iter().enumerate() {
        add(database, format!("replica {number}")).await.expect("every replica works");
    }
    assert_eq!(notes(&opened[0]).await.len(), 6);
}

async fn too_new(url: String) {
    let database = open(&url).await;
    let step = async |tx: &mut PgConnection| -> Result<(), StoreError> {
        let mark = sqlx::query("INSERT INTO meta VALUES ('min_reader', '2')");
        mark.execute(tx).await.map(|_| ()).map_err(classify)
    };
    database.write("mark", step).await.expect("is marked");
    let opened = Database::open(&DatabaseConfig::at(url), &migrator(NOTES)).await;
    assert!(matches!(opened, Err(OpenProblem::TooNew { needed: 2, known: 1, .. })));
}

async fn no_server() {
    let config = DatabaseConfig::at("postgres://user:secret@127.0.0.1:1/none");
    let Err(problem) = Database::open(&config, &migrator(NOTES)).await else {
        panic!("nobody listens on port 1");
    };
    let text = problem.to_string();
    assert!(text.contains("postgres://user@127.0.0.1:1/none"), "{text}");
    assert!(!text.contains("secret") && !format!("{config:?}").contains("secret"), "{text}");
}

async fn weak(url: String) {
    // A user's own setting counts as much as the server's.
    let weak = DatabaseConfig::at(format!("{url}?options[synchronous_commit]=off"));
    let opened = Database::open(&weak, &migrator(NOTES)).await;
    let setting = "synchronous_commit";
    assert!(
        matches!(opened, Err(OpenProblem::Durability { setting: found, .. }) if found == setting)
    );
    let accepted = DatabaseConfig { weak_durability: true, ..weak };
    assert!(Database::open(&accepted, &migrator(NOTES)).await.is_ok());
    assert_eq!(accepted.problems(false).len(), 1, "production does not take it");
}

async fn killed(postgres: Shared, url: String) {
    let database = open(&url).await;
    add(&database, "before".to_owned()).await.expect("is added");
    on_server(&postgres, |server| server.kill().expect("is killed"));
    let lost = add(&database, "during".to_owned()).await;
    assert!(
        matches!(lost, Err(StoreError::Unavailable { .. } | StoreError::OutcomeUnknown)),
        "{lost:?}"
    );
    on_server(&postgres, |server| server.run().expect("comes back"));
    let mut added = add(&database, "after".to_owned()).await;
    // Each writer finds out for itself that its connection is gone.
    for _ in 0..8 {
        if added.is_err() {
            added = add(&database, "after".to_owned()).await;
        }
    }
    added.expect("the same database object works again");
    assert_eq!(notes(&database).await.last().map(String::as_str), Some("after"));
}

fn on_server(postgres: &Shared, act: impl FnOnce(&mut testkit::postgres::Server)) {
    let mut postgres = postgres.lock().expect("no panic holds it");
    act(postgres.server().expect("the trial is ignored when the server is not ours"));
}
