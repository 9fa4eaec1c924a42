use std::time::Duration;

use suite_tests::arrivals::Arrivals;
use suite_tests::rush::{claims, send, settle, tally};
use suite_tests::stage::first_day;
use testkit::deployment::Setup;
use tokio::time::timeout;

use crate::stage::Stage;

const MEMBERS: usize = 12_000;
const QUOTA: usize = 10_000;
/// Answers after which the server is killed.
const BEFORE_KILL: usize = 3_000;
/// The services recover by themselves within this, counted from when the server is back.
const RECOVERY_MAX: Duration = Duration::from_secs(10);

/// Law I3 over a server that stops in the middle of commits.
pub async fn killed() {
    let mut stage = Stage::open(MEMBERS, QUOTA, Setup::default()).await;
    let everyone = claims(&stage.office.campaign_id, &stage.office.member_ids, first_day());
    let clients = stage.clients("issuance");
    let arrivals = Arrivals::default();
    let acks = &stage.acks;
    let deployment = &mut stage.deployment;
    let fault = async {
        arrivals.reach(BEFORE_KILL).await;
        let server = deployment.postgres().and_then(|postgres| postgres.server());
        let server = server.expect("the trial has a server of its own");
        tokio::task::block_in_place(|| server.kill().and_then(|()| server.run()))
            .expect("the server comes back");
    };
    let (answers, ()) = tokio::join!(send(&clients, acks, &everyone, &arrivals), fault);
    assert!(answers.iter().any(|answer| answer.is_lost()), "the kill met nobody");
    let first_lost = answers.iter().position(|answer| answer.is_lost()).expect("seen above");
    let recovered = async {
        while everyone[first_lost].send(&clients, acks).await.is_lost() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(RECOVERY_MAX, recovered).await.expect("the services recover by themselves");
    let told = settle(&clients, acks, &everyone).await;
    let told = tally(&told);
    assert_eq!((told["OK"], told["SOLD_OUT"]), (QUOTA, MEMBERS - QUOTA), "{told:?}");
    stage.no_transaction_is_open().await;
    stage.laws_hold().await;
}
