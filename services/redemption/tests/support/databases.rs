//! Databases for trials: each its own, on both backends, on one throw-away server for the run.

use std::future::Future;
use std::sync::Arc;

use futures::future::BoxFuture;
use libtest_mimic::{Arguments, Failed, Trial};
use redemption::store::open;
use sql::DatabaseConfig;
use testkit::postgres::{Missing, Postgres, Settings};

/// What a trial does with its database.
pub type Play = Arc<dyn Fn(DatabaseConfig) -> BoxFuture<'static, ()> + Send + Sync>;

/// One PostgreSQL for the run, and a database that every trial's is a copy of. The server lives
/// until this and the last trial are gone.
pub struct Databases {
    server: Result<(Arc<Postgres>, String), Missing>,
}

impl Databases {
    /// Starts the server for the trials that `arguments` ask for. When there is none they are
    /// ignored, and it is said why.
    pub fn start(arguments: &Arguments) -> Self {
        let is_sqlite = |filter: &String| filter.starts_with("sqlite::");
        if arguments.list || arguments.filter.as_ref().is_some_and(is_sqlite) {
            let why = String::from("the server was not started, as no trial over it was asked for");
            return Self { server: Err(Missing::Failure(why)) };
        }
        // Nothing here cuts the power.
        let started = Postgres::start_if_present(Settings { fsync: false });
        if let Err(Missing::Ignored(reason)) = &started {
            eprintln!("the trials over PostgreSQL are ignored: {reason}");
        }
        let server = started.map(|server| {
            let template = run(async {
                let url = server.database().await.expect("a database");
                open(&config(url.clone())).await.expect("the database opens").close().await;
                url
            });
            (Arc::new(server), template)
        });
        Self { server }
    }

    /// The same trial over each backend.
    pub fn trials(&self, name: &str, play: Play) -> [Trial; 2] {
        [over_sqlite(name, Arc::clone(&play)), self.over_postgres(name, play)]
    }

    /// A trial over PostgreSQL alone.
    pub fn over_postgres(&self, name: &str, play: Play) -> Trial {
        let ignored = matches!(self.server, Err(Missing::Ignored(_)));
        let server = self.server.clone();
        let trial = Trial::test(format!("postgres::{name}"), move || match server {
            Ok((server, template)) => {
                run(async {
                    let url = server.copy_of(&template).await.expect("a database");
                    play(config(url)).await;
                });
                Ok(())
            }
            Err(Missing::Ignored(reason) | Missing::Failure(reason)) => Err(Failed::from(reason)),
        });
        trial.with_ignored_flag(ignored)
    }
}

fn over_sqlite(name: &str, play: Play) -> Trial {
    Trial::test(format!("sqlite::{name}"), move || {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let url = format!("sqlite://{}", folder.path().join("redemption.db").display());
        run(play(config(url)));
        Ok(())
    })
}

fn config(url: String) -> DatabaseConfig {
    DatabaseConfig { weak_durability: true, ..DatabaseConfig::at(url) }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(future)
}
