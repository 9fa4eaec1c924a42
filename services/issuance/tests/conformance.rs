//! Every store against the conformance suite; one trial a store and case.

use std::process::ExitCode;
use std::sync::Arc;

use issuance::store;
use issuance::store::conformance::{Bench, Case, cases};
use libtest_mimic::{Arguments, Failed, Trial};
use sql::DatabaseConfig;
use testkit::postgres::{Missing, Postgres, Settings};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // Nothing crashes here: what a crash leaves is tested elsewhere, with fsync.
    let postgres = Postgres::start_if_present(Settings { fsync: false }).map(Arc::new);
    let mut trials: Vec<_> = cases().into_iter().map(over_sqlite).collect();
    trials.extend(cases().into_iter().map(|case| over_postgres(case, postgres.clone())));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn over_sqlite(case: Case) -> Trial {
    Trial::test(name("sqlite", case), move || {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite://{}", folder.path().join("issuance.db").display());
        tokio::runtime::Runtime::new()?.block_on(run(case, DatabaseConfig::at(url)));
        Ok(())
    })
}

fn over_postgres(case: Case, postgres: Result<Arc<Postgres>, Missing>) -> Trial {
    let name = name("postgres", case);
    match postgres {
        Ok(postgres) => Trial::test(name, move || {
            tokio::runtime::Runtime::new()?.block_on(async {
                let config = DatabaseConfig::at(postgres.database().await?);
                run(case, DatabaseConfig { weak_durability: true, ..config }).await;
                Ok(())
            })
        }),
        Err(Missing::Ignored(why)) => {
            eprintln!("ignored: {name}: {why}");
            Trial::test(name, || Ok(())).with_ignored_flag(true)
        }
        Err(Missing::Failure(why)) => Trial::test(name, || Err(Failed::from(why))),
    }
}

fn name(backend: &str, case: Case) -> String {
    format!("{backend}::{}::{}", case.law, case.name)
}

async fn run(case: Case, config: DatabaseConfig) {
    let one = store::open(&config).await.expect("the database opens");
    let other = store::open(&config).await.expect("and opens twice");
    (case.run)(Bench::over_both(Arc::clone(&one), Arc::clone(&other))).await;
    one.close().await;
    other.close().await;
}
