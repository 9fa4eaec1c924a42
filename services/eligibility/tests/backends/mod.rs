//! Trials over every backend: one named trial a backend and case, each over a fresh database.

use std::process::ExitCode;
use std::sync::Arc;

use futures::future::BoxFuture;
use libtest_mimic::{Arguments, Failed, Trial};
use sql::DatabaseConfig;
use testkit::postgres::{Missing, Postgres, Settings};

/// A sentence, and what proves it over a fresh database.
#[derive(Clone)]
pub struct Case {
    /// The law as a sentence.
    pub name: &'static str,
    /// Panics when it is broken.
    pub run: Arc<dyn Fn(DatabaseConfig) -> BoxFuture<'static, ()> + Send + Sync>,
}

/// Runs every case over every backend. One PostgreSQL server serves the whole run.
pub fn run(cases: Vec<Case>) -> ExitCode {
    let arguments = Arguments::from_args();
    let postgres = postgres(&arguments, &cases).map(Arc::new);
    let mut trials: Vec<Trial> = cases.iter().cloned().map(over_sqlite).collect();
    trials.extend(cases.into_iter().map(|case| over_postgres(case, &postgres)));
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The server ends with this process, not with a static.
    drop(postgres);
    conclusion.exit_code()
}

/// None is started for a list, nor when no trial of it will run.
fn postgres(arguments: &Arguments, cases: &[Case]) -> Result<Postgres, Missing> {
    let wanted = |case: &Case| {
        let name = format!("postgres::{}", case.name);
        arguments.filter.as_ref().is_none_or(|filter| name.contains(filter))
    };
    match !arguments.list && cases.iter().any(wanted) {
        true => Postgres::start_if_present(Settings { fsync: false }),
        false => Err(Missing::Ignored(String::from("no trial needs it"))),
    }
}

fn over_sqlite(case: Case) -> Trial {
    Trial::test(format!("sqlite::{}", case.name), move || {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite://{}/eligibility.db", folder.path().display());
        tokio::runtime::Runtime::new()?.block_on((case.run)(DatabaseConfig::at(url)));
        Ok(())
    })
}

fn over_postgres(case: Case, postgres: &Result<Arc<Postgres>, Missing>) -> Trial {
    let name = format!("postgres::{}", case.name);
    match postgres {
        Ok(postgres) => {
            let postgres = Arc::clone(postgres);
            Trial::test(name, move || {
                let runtime = tokio::runtime::Runtime::new()?;
                let url = runtime.block_on(postgres.database())?;
                // Cases open several stores, each of which needs few connections.
                let (writers, readers, weak_durability) = (2, 2, true);
                let few = DatabaseConfig { writers, readers, ..DatabaseConfig::at(url) };
                runtime.block_on((case.run)(DatabaseConfig { weak_durability, ..few }));
                Ok(())
            })
        }
        Err(Missing::Ignored(reason)) => {
            eprintln!("{name} is ignored: {reason}");
            Trial::test(name, || Ok(())).with_ignored_flag(true)
        }
        Err(Missing::Failure(reason)) => {
            let reason = reason.clone();
            Trial::test(name, move || Err(Failed::from(reason)))
        }
    }
}
