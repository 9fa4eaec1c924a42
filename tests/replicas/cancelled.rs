use std::time::Duration;

use futures::StreamExt as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use suite_tests::rush::{AT_ONCE, claims, settle, tally};
use suite_tests::stage::{first_day, seed};
use testkit::deployment::Setup;
use tokio::time::timeout;

use crate::stage::Stage;

const MEMBERS: usize = 6_000;
const QUOTA: usize = 5_000;
/// The longest that an impatient caller waits, which is about as long as a call takes.
const PATIENCE_MAX: Duration = Duration::from_millis(40);

const ONE_CONNECTION: Setup =
    Setup { process: "", sections: "", writers: 1, readers: 1, shares: None };

/// Law A3: three calls of ten go away at random moments.
pub async fn over_one_connection() {
    let stage = Stage::open(MEMBERS, QUOTA, ONE_CONNECTION).await;
    let everyone = claims(&stage.office.campaign_id, &stage.office.member_ids, first_day());
    let clients = stage.clients("issuance");
    let mut random = StdRng::seed_from_u64(seed());
    let patience = everyone.iter().map(|claim| {
        let impatient = random.random_bool(0.3);
        (claim, impatient.then(|| random.random_range(Duration::ZERO..PATIENCE_MAX)))
    });
    let calls = patience.map(|(claim, patience)| {
        let call = claim.send(&clients, &stage.acks);
        async move {
            match patience {
                // Dropping the call resets its stream; what it did is found out below.
                Some(patience) => drop(timeout(patience, call).await),
                None => drop(call.await),
            }
        }
    });
    futures::stream::iter(calls).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    stage.no_transaction_is_open().await;
    let told = settle(&clients, &stage.acks, &everyone).await;
    let told = tally(&told);
    assert_eq!((told["OK"], told["SOLD_OUT"]), (QUOTA, MEMBERS - QUOTA), "{told:?}");
    stage.laws_hold().await;
}
