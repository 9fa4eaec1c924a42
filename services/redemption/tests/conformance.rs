//! Every store against the conformance suite; one trial a store and case.

#[path = "support/databases.rs"]
mod databases;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use databases::Databases;
use libtest_mimic::Arguments;
use redemption::store::conformance::{Case, Ground, Opener, cases};
use redemption::store::{Store, open};
use sql::DatabaseConfig;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let databases = Databases::start(&arguments);
    let trials = cases().into_iter().flat_map(|case| {
        let name = format!("{}::{}", case.law, case.name);
        databases.trials(&name, Arc::new(move |config| Box::pin(play(case.clone(), config))))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Plays a case with as many stores on its database as it opens, and closes them.
async fn play(case: Case, config: DatabaseConfig) {
    let config = Arc::new(config);
    let opened: Arc<Mutex<Vec<Arc<dyn Store>>>> = Arc::default();
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
