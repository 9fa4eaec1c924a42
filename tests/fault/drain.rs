//! SIGTERM in the middle of the rush: the process answers what it has taken on and ends by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use suite_tests::arrivals::Arrivals;
use suite_tests::rush;
use suite_tests::stage::{Stage, first_day, issued, load, office};

use crate::ZHISONG;

const MEMBERS: usize = 3_000;
const QUOTA: usize = 2_000;
/// The limit of a drain is ten seconds; beyond it only the lanes are finished and files closed.
const LIMIT: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_told_to_end_in_the_rush_drains_and_keeps_what_it_answered() {
    let stage = Stage::new(ZHISONG);
    let day = first_day();
    let mut suite = stage.serve(day).await;
    let clients = suite.clients();
    let loaded = load(&clients, &office(MEMBERS, QUOTA)).await;
    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
    let arrivals = Arrivals::default();
    let rushing = rush::send(&clients, &stage.acks, &claims, &arrivals);
    let ending = async {
        arrivals.reach(MEMBERS / 5).await;
        suite.process().terminate().expect("the suite runs");
        tokio::time::timeout(LIMIT, suite.process().ended()).await
    };
    let (answers, ended) = tokio::join!(rushing, ending);
    let ended = ended.expect("ends within its limit").expect("ends by itself");
    assert_eq!(ended.code(), Some(0), "{}", suite.process().said());
    assert!(answers.iter().any(|answer| answer.is_lost()), "the end came after the rush");
    stage.check_laws(None).await;

    let mut suite = stage.serve(day).await;
    let clients = suite.clients();
    let answers = rush::settle(&clients, &stage.acks, &claims).await;
    let expected = BTreeMap::from([("OK", QUOTA), ("SOLD_OUT", MEMBERS - QUOTA)]);
    assert_eq!(rush::tally(&answers), expected);
    assert_eq!(issued(&clients, &loaded.campaign_id, day).await, QUOTA as i64);
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}
