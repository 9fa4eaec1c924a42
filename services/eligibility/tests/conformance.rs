//! The conformance suite over every backend: one trial a backend and case.

use std::process::ExitCode;
use std::sync::Arc;

use eligibility::store::conformance::{Case, Ctx, cases, test_vault};
use eligibility::store::sqlite::{SqliteStore, migrator};
use libtest_mimic::{Arguments, Trial};
use sql::DatabaseConfig;
use sql::sqlite::Database;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = cases().into_iter().map(sqlite).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn sqlite(case: Case) -> Trial {
    Trial::test(format!("sqlite::{}", case.name), move || {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let folder = tempfile::tempdir()?;
            let url = format!("sqlite://{}/eligibility.db", folder.path().display());
            let database = Database::open(&DatabaseConfig::at(url), &migrator()).await?;
            let store = Arc::new(SqliteStore::new(database.clone()));
            (case.run)(Ctx { store, vault: test_vault() }).await;
            database.close().await;
            Ok(())
        })
    })
}
