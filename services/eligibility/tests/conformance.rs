//! The conformance suite over every backend.

mod backends;

use std::process::ExitCode;
use std::sync::Arc;

use backends::Case;
use eligibility::store::conformance::{Ctx, cases, test_vault};
use sql::DatabaseConfig;

fn main() -> ExitCode {
    let over_a_store = |case: eligibility::store::conformance::Case| Case {
        name: case.name,
        run: Arc::new(move |config| Box::pin(run(case, config))),
    };
    backends::run(cases().into_iter().map(over_a_store).collect())
}

async fn run(case: eligibility::store::conformance::Case, config: DatabaseConfig) {
    let store = eligibility::store::open(&config).await.expect("the database opens");
    (case.run)(Ctx { store: Arc::clone(&store), config, vault: test_vault() }).await;
    store.close().await;
}
