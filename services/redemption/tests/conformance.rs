//! Every store against the conformance suite; one trial a store and case.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use redemption::store::conformance::{Case, cases};
use redemption::store::sqlite::SqliteStore;
use sql::DatabaseConfig;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = cases().into_iter().map(|case| {
        let name = format!("sqlite::{}::{}", case.law, case.name);
        Trial::test(name, move || {
            over_sqlite(&case);
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn over_sqlite(case: &Case) {
    let folder = tempfile::tempdir().expect("a folder for the database");
    let url = format!("sqlite://{}", folder.path().join("redemption.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let config = DatabaseConfig::at(url);
        let store = SqliteStore::open(&config).await.expect("the database opens");
        (case.run)(Arc::new(store)).await;
    });
}
