//! `kill -9` in the middle of a list that an office gives vouchers to, five times over.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use suite_tests::arrivals::Arrivals;
use suite_tests::stage::{Stage, first_day, issued, load, office, seed, ten_o_clock};
use testkit::lists::{List, Told};

use crate::ZHISONG;

const KILLS: usize = 5;
/// Members on the list, and the vouchers that there are on a day.
const MEMBERS: usize = 3_000;
const QUOTA: usize = 2_000;
/// Members in one message, so that a list is thirty commits.
const AT_ONCE: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn five_kills_within_a_list_lose_no_voucher_and_the_same_list_again_gives_out_the_rest() {
    let mut random = StdRng::seed_from_u64(seed());
    let stage = Stage::new(ZHISONG);
    let mut day = first_day();
    let mut suite = stage.serve(day).await;
    let loaded = load(&suite.clients(), &office(MEMBERS, QUOTA)).await;
    for _ in 0..KILLS {
        let list = List {
            request_id: format!("list-{day}"),
            campaign_id: loaded.campaign_id.clone(),
            member_ids: loaded.member_ids.clone(),
            at_once: AT_ONCE,
        };
        let enough = random.random_range(1..MEMBERS / AT_ONCE - 2);
        println!("on {day}: killed after {enough} answers");
        let clients = suite.clients();
        clients.set_time(ten_o_clock(day)).await.expect("the clock is manual");
        let (arrivals, mut told) = (Arrivals::default(), Told::default());
        let sending = list.send(&clients, |answer| {
            told.add(answer);
            arrivals.add();
        });
        let killed = async {
            arrivals.reach(enough).await;
            suite.kill().expect("the suite runs");
        };
        let (_, ()) = tokio::join!(sending, killed);
        stage.check_laws(None).await;

        suite = stage.serve(day).await;
        let clients = suite.clients();
        clients.set_time(ten_o_clock(day)).await.expect("the clock is manual");
        let again = list.send_whole(&clients).await.expect("comes to its end");
        assert!(again.issued_before >= told.issued, "{told:?}, and then {again:?}");
        assert_eq!(again.issued + again.issued_before, QUOTA);
        assert_eq!(again.refused, BTreeMap::from([("SOLD_OUT".to_owned(), MEMBERS - QUOTA)]));
        assert_eq!(issued(&clients, &loaded.campaign_id, day).await, QUOTA as i64);
        day = day.next();
    }
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}
