//! Every store against the conformance suite; one trial a store and case.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use redemption::store::conformance::{Case, Ground, Opener, cases};
use redemption::store::{Store, open};
use sql::DatabaseConfig;
use testkit::postgres::{Missing, Postgres, Settings};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // The server lives until its last trial has ended, and ends with this function.
    let server = if arguments.list { None } else { Some(Server::start()) };
    let sqlite = cases().into_iter().map(over_sqlite);
    let postgres = cases().into_iter().map(|case| over_postgres(case, server.as_ref()));
    libtest_mimic::run(&arguments, sqlite.chain(postgres).collect()).exit_code()
}

/// One PostgreSQL for the run, with a database that every case's is a copy of.
#[derive(Clone)]
struct Server(Result<(Arc<Postgres>, String), Missing>);

impl Server {
    fn start() -> Self {
        // No case cuts the power.
        let started = Postgres::start_if_present(Settings { fsync: false });
        if let Err(Missing::Ignored(reason)) = &started {
            eprintln!("the trials over PostgreSQL are ignored: {reason}");
        }
        Self(started.map(|server| {
            let template = run(async {
                let url = server.database().await.expect("a database");
                open(&config(url.clone())).await.expect("the database opens").close().await;
                url
            });
            (Arc::new(server), template)
        }))
    }
}

fn over_sqlite(case: Case) -> Trial {
    Trial::test(format!("sqlite::{}::{}", case.law, case.name), move || {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let url = format!("sqlite://{}", folder.path().join("redemption.db").display());
        run(play(case, url));
        Ok(())
    })
}

fn over_postgres(case: Case, server: Option<&Server>) -> Trial {
    let name = format!("postgres::{}::{}", case.law, case.name);
    let ignored = matches!(server, Some(Server(Err(Missing::Ignored(_)))));
    let server = server.cloned();
    let trial = Trial::test(name, move || match server {
        Some(Server(Ok((server, template)))) => {
            run(async {
                play(case, server.copy_of(&template).await.expect("a database")).await;
            });
            Ok(())
        }
        Some(Server(Err(Missing::Ignored(reason) | Missing::Failure(reason)))) => {
            Err(Failed::from(reason))
        }
        None => Err(Failed::from("no server was started for a mere list")),
    });
    trial.with_ignored_flag(ignored)
}

async fn play(case: Case, url: String) {
    let config = Arc::new(config(url));
    let opened: Arc<std::sync::Mutex<Vec<Arc<dyn Store>>>> = Arc::default();
    let all = Arc::clone(&opened);
    let another: Opener = Arc::new(move || {
        let (config, all) = (Arc::clone(&config), Arc::clone(&all));
        Box::pin(async move {
            let store = open(&config).await.expect("the database opens");
            all.lock().expect("no panic holds it").push(Arc::clone(&store));
            store
        })
    });
    let store = another().await;
    (case.run)(Ground { store, open: another }).await;
    let opened = std::mem::take(&mut *opened.lock().expect("no panic holds it"));
    for store in opened {
        store.close().await;
    }
}

fn config(url: String) -> DatabaseConfig {
    DatabaseConfig { weak_durability: true, ..DatabaseConfig::at(url) }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(future)
}
