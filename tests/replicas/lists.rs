use suite_tests::arrivals::Arrivals;
use suite_tests::rush::{claims, send, settle, tally};
use suite_tests::stage::{first_day, issued};
use testkit::deployment::{Program, Setup};
use testkit::lists::List;

use crate::stage::Stage;

/// A third of the members is on the one list, another on the other, and half of all claim: each of
/// them may be on a list as well.
const MEMBERS: usize = 30_000;
const QUOTA: usize = 20_000;
/// Answers of a list after which its replica is killed; there are ten.
const BEFORE_KILL: usize = 3;

const REPLICA: Setup =
    Setup { process: "", sections: "", writers: 4, readers: 4, shares: Some("issuance") };

/// Two lists at two replicas and a rush of claims draw on one stock; one replica is killed, and
/// the lists are sent again.
pub async fn with_claims() {
    let mut stage = Stage::open(MEMBERS, QUOTA, Setup::default()).await;
    let started = stage.deployment.start_with("replica", Program::Issuance, REPLICA).await;
    started.expect("a second replica starts on the same database");
    stage.open_at_ten(&["replica"]).await;
    let members = &stage.office.member_ids;
    let list = |request_id: &str, members: &[String]| List {
        request_id: request_id.to_owned(),
        campaign_id: stage.office.campaign_id.clone(),
        member_ids: members.to_vec(),
        at_once: 1_000,
    };
    let (one, other) = (list("one", &members[..10_000]), list("other", &members[10_000..20_000]));
    let claimants: Vec<_> = members.iter().skip(1).step_by(2).cloned().collect();
    let claims = claims(&stage.office.campaign_id, &claimants, first_day());
    let (issuance, replica) = (stage.clients("issuance"), stage.clients("replica"));
    let arrivals = Arrivals::default();
    let (acks, deployment) = (&stage.acks, &mut stage.deployment);
    let unheard = Arrivals::default();
    let fault = async {
        arrivals.reach(BEFORE_KILL).await;
        deployment.kill("replica");
    };
    let (_, broken, _, ()) = tokio::join!(
        one.send(&issuance, |_| {}),
        other.send(&replica, |_| arrivals.add()),
        send(&issuance, acks, &claims, &unheard),
        fault,
    );
    assert!(broken.is_err(), "the kill came after the list");
    let told = settle(&issuance, &stage.acks, &claims).await;
    let claimed = tally(&told).get("OK").copied().unwrap_or_default();
    let mut given = claimed;
    for list in [one, other] {
        let told = list.send_whole(&issuance).await.expect("comes to its end");
        given += told.issued + told.issued_before;
    }
    assert_eq!(given, QUOTA, "{claimed} of them claimed");
    let clients = stage.clients("issuance");
    let stored = issued(&clients, &stage.office.campaign_id, first_day()).await;
    assert_eq!(usize::try_from(stored), Ok(QUOTA));
    stage.no_transaction_is_open().await;
    stage.laws_hold().await;
}
