//! `kill -9` in the middle of it, ten times over, each time another day and another moment.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use suite_tests::arrivals::Arrivals;
use suite_tests::stage::{Stage, first_day, issued, load, office, seed, ten_o_clock};
use suite_tests::tills::{End, Till, totals};
use suite_tests::{rush, tills, wallets};
use testkit::suite::Suite;

use crate::ZHISONG;

const KILLS: usize = 10;
/// Members who rush, and the vouchers that there are on a day. Claims are under way when the last
/// kill is due.
const MEMBERS: usize = 3_000;
const QUOTA: usize = 2_000;
/// Members who shop on a day, and how many answers their orders get at least: an order is
/// answered twice, three times when it is returned, once when its goods are wrong.
const SHOPPERS: usize = 400;
const ANSWERS_MIN: usize = 2 * SHOPPERS;

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_in_the_rush_lose_no_voucher_and_give_out_none_too_many() {
    let mut random = StdRng::seed_from_u64(seed());
    let stage = Stage::new(ZHISONG);
    let mut day = first_day();
    let mut suite = stage.serve(day).await;
    let loaded = load(&suite.clients(), &office(MEMBERS, QUOTA)).await;
    for _ in 0..KILLS {
        let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
        let enough = random.random_range(1..MEMBERS - 2 * rush::AT_ONCE);
        let arrivals = Arrivals::default();
        println!("on {day}: killed after {enough} answers");
        let clients = suite.clients();
        clients.set_time(ten_o_clock(day)).await.expect("the clock is manual");
        let rushing = rush::send(&clients, &stage.acks, &claims, &arrivals);
        let (answers, ()) = tokio::join!(rushing, kill_at(&mut suite, &arrivals, enough));
        assert!(answers.iter().any(|answer| answer.is_lost()), "the kill came after the rush");
        stage.check_laws(None).await;

        suite = stage.serve(day).await;
        let clients = suite.clients();
        let answers = rush::settle(&clients, &stage.acks, &claims).await;
        let expected = BTreeMap::from([("OK", QUOTA), ("SOLD_OUT", MEMBERS - QUOTA)]);
        assert_eq!(rush::tally(&answers), expected);
        assert_eq!(issued(&clients, &loaded.campaign_id, day).await, QUOTA as i64);
        day = day.next();
    }
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_at_the_tills_book_every_answered_order_once() {
    let mut random = StdRng::seed_from_u64(seed());
    let stage = Stage::new(ZHISONG);
    let mut day = first_day();
    let mut suite = stage.serve(day).await;
    let loaded = load(&suite.clients(), &office(SHOPPERS, SHOPPERS)).await;
    for _ in 0..KILLS {
        let clients = suite.clients();
        clients.set_time(ten_o_clock(day)).await.expect("the clock is manual");
        let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
        let answers = rush::settle(&clients, &stage.acks, &claims).await;
        wallets::filled(&clients, &answers).await;
        let enough = random.random_range(1..ANSWERS_MIN - 4 * tills::AT_ONCE);
        let arrivals = Arrivals::default();
        println!("on {day}: killed after {enough} answers");
        let occasion = day.to_string();
        let till =
            Till { clients: &clients, acks: &stage.acks, arrivals: &arrivals, occasion: &occasion };
        let shopping = till.play(&loaded.member_ids);
        let (ends, ()) = tokio::join!(shopping, kill_at(&mut suite, &arrivals, enough));
        assert!(ends.iter().any(|end| *end != End::Told), "the kill came after the last order");
        stage.check_laws(None).await;

        suite = stage.serve(day).await;
        let clients = suite.clients();
        let arrivals = Arrivals::default();
        let till = Till { clients: &clients, arrivals: &arrivals, ..till };
        till.settle(&loaded.member_ids).await;
        assert_eq!(totals(&clients, day).await, tills::expected(SHOPPERS));
        day = day.next();
    }
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}

async fn kill_at(suite: &mut Suite, arrivals: &Arrivals, enough: usize) {
    arrivals.reach(enough).await;
    suite.kill().expect("the suite runs");
}
