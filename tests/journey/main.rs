//! From roster to statement over gRPC, through all three services.

mod configuration;

use std::net::SocketAddr;
use std::sync::Arc;

use clock::{Clock, ManualClock};
use serde_json::Value;
use tokio::sync::oneshot;
use zhisong::demo::{self, Options};
use zhisong::installation::{FolderProblem, Installation};
use zhisong::suite;

/// Plays the demonstration in a folder of its own and gives its figures.
async fn play(members: usize, checkouts: usize) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let installation = Arc::new(Installation::open(folder.path()).expect("a fresh folder opens"));
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(demo::opening()));
    let (ready, bound) = oneshot::channel();
    let (done, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn({
        let (installation, clock) = (Arc::clone(&installation), Arc::clone(&clock));
        async move {
            let stop = async move { ended.await.expect("the test says when it is done") };
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let tell = |address| ready.send(address).expect("the test waits for the address");
            suite::serve(&installation, listen, clock, stop, tell).await
        }
    });
    let address = bound.await.expect("the suite starts");
    let options = Options { members, checkouts, seed: 1, progress: false };
    let report = demo::play(&installation, address, &clock, options).await.expect("plays");
    done.send(()).expect("the suite still serves");
    serving.await.expect("does not panic").expect("ends well");
    report.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_morning_goes_from_roster_to_statement_with_every_fen_in_its_place() {
    let figures = play(400, 200).await;
    assert_eq!(figures["members"], 400);
    assert_eq!(figures["issued"], 400, "{figures}");
    // Of each twenty orders one has the wrong goods, one is too cheap, one is in Hunan; two are
    // given up; of the fifteen that are paid one is returned.
    assert_eq!(figures["authorized"], 170, "{figures}");
    assert_eq!(figures["voided"], 20);
    assert_eq!(figures["captured"], 150);
    assert_eq!(figures["refunded"], 10);
    for reason in ["GOODS_NOT_COVERED", "BELOW_THRESHOLD", "REGION_NOT_COVERED"] {
        assert_eq!(figures["checkouts_refused"][reason], 10, "{reason}");
    }
    assert_eq!(figures["statement_rows"], 160);
    assert_eq!(figures["statement_total_fen"], (150 - 10) * 299);
}

#[test]
fn a_second_process_is_kept_out_of_a_data_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Installation::open(folder.path()).expect("a fresh folder opens");
    let second = Installation::open(folder.path());
    assert!(matches!(second, Err(FolderProblem::Locked(_))));
    drop(first);
    assert!(Installation::open(folder.path()).is_ok(), "a left folder can be opened again");
}
