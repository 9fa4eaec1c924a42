use suite_tests::arrivals::Arrivals;
use suite_tests::rush::{claims, send, settle, tally};
use suite_tests::stage::{first_day, issued};
use testkit::deployment::{Program, Setup};

use crate::stage::Stage;

/// The real figures of a day, with a fifth more members than vouchers.
const MEMBERS: usize = 60_000;
const QUOTA: usize = 50_000;
/// Answers after which one replica is paused, and further ones after which the other is killed.
const BEFORE_PAUSE: usize = 8_000;
const BEFORE_KILL: usize = 4_000;

const REPLICA: Setup =
    Setup { process: "", sections: "", writers: 4, readers: 4, shares: Some("issuance") };

/// Laws I1 to I4 over two processes on one database.
pub async fn killed_and_paused() {
    let mut stage = Stage::open(MEMBERS, QUOTA, Setup::default()).await;
    let started = stage.deployment.start_with("replica", Program::Issuance, REPLICA).await;
    started.expect("a second replica starts on the same database");
    stage.open_at_ten(&["replica"]).await;
    let everyone = claims(&stage.office.campaign_id, &stage.office.member_ids, first_day());
    let (some, others) = everyone.split_at(everyone.len() / 2);
    let (one, other) = (stage.clients("issuance"), stage.clients("replica"));
    let arrivals = Arrivals::default();
    let acks = &stage.acks;
    let rush = async {
        tokio::join!(send(&one, acks, some, &arrivals), send(&other, acks, others, &arrivals))
    };
    let deployment = &mut stage.deployment;
    let fault = async {
        arrivals.reach(BEFORE_PAUSE).await;
        deployment.process("replica").pause().expect("it runs");
        // The paused one may hold the stock; the server then ends its transaction.
        arrivals.more(BEFORE_KILL).await;
        deployment.kill("issuance");
        deployment.start("issuance", Program::Issuance).await.expect("it comes back");
        deployment.process("replica").resume().expect("it is paused");
    };
    tokio::join!(rush, fault);
    stage.open_at_ten(&["issuance"]).await;
    let answers = settle(&stage.clients("issuance"), &stage.acks, &everyone).await;
    let told = tally(&answers);
    assert_eq!(told["OK"], QUOTA, "{told:?}");
    assert_eq!(told["SOLD_OUT"], MEMBERS - QUOTA, "{told:?}");
    // The other replica tells everyone the same.
    let again = settle(&stage.clients("replica"), &stage.acks, &everyone[..2_000]).await;
    assert_eq!(again, answers[..2_000]);
    let clients = stage.clients("issuance");
    let given = issued(&clients, &stage.office.campaign_id, first_day()).await;
    assert_eq!(usize::try_from(given), Ok(QUOTA));
    stage.no_transaction_is_open().await;
    stage.laws_hold().await;
}
