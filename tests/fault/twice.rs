//! The same request ten times at once: one effect, ten equal answers.

use std::future::Future;

use suite_tests::arrivals::Arrivals;
use suite_tests::stage::{Stage, first_day, issued, load, office};
use suite_tests::tills::{Story, Till, authorize_request, expected, totals};
use suite_tests::{rush, wallets};
use testkit::answers::Answer;

use crate::ZHISONG;

const AT_ONCE: usize = 10;
/// Enough for two orders of each story.
const MEMBERS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_ten_times_at_once_has_one_effect_and_ten_equal_answers() {
    let stage = Stage::new(ZHISONG);
    let day = first_day();
    let mut suite = stage.serve(day).await;
    let clients = suite.clients();
    let loaded = load(&clients, &office(MEMBERS, MEMBERS)).await;
    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
    let arrivals = Arrivals::default();
    let till =
        Till { clients: &clients, acks: &stage.acks, arrivals: &arrivals, occasion: "twice" };
    for (at, claim) in claims.iter().enumerate() {
        let issued = ten(|_| claim.send(&clients, &stage.acks)).await;
        wallets::filled(&clients, std::slice::from_ref(&issued)).await;
        issued.done();
        let request = authorize_request(till.occasion, at, &claim.request.member_id);
        let held = ten(|_| till.authorize(at, &request)).await;
        let story = Story::of(at);
        if story == Story::WrongGoods {
            assert_eq!(held, Answer::Refused("GOODS_NOT_COVERED".to_owned()));
            continue;
        }
        let held = held.done().expect("what is held is told").authorization_id;
        if story == Story::GivenUp {
            ten(|_| till.void(at, &held)).await.done();
            continue;
        }
        ten(|_| till.capture(at, &held)).await.done();
        if story == Story::Returned {
            ten(|_| till.refund(at, &held)).await.done();
        }
    }
    assert_eq!(issued(&clients, &loaded.campaign_id, day).await, MEMBERS as i64);
    assert_eq!(totals(&clients, day).await, expected(MEMBERS));
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}

/// Makes the same call ten times at once and gives the one answer that all got.
async fn ten<T, F>(call: impl Fn(usize) -> F) -> Answer<T>
where
    T: PartialEq + std::fmt::Debug,
    F: Future<Output = Answer<T>>,
{
    let mut answers = futures::future::join_all((0..AT_ONCE).map(call)).await;
    let last = answers.pop().expect("the call was made");
    for answer in &answers {
        assert_eq!(*answer, last);
    }
    last
}
