use std::sync::atomic::Ordering;

use benefit::RefundRule;
use redemption::domain::{FeedBatch, Found};
use redemption::store::conformance::{RETURNS, campaign};
use redemption::usecase::{FeedLevel, FeedMessage, IssuanceUnavailable};

use crate::bench::{Bench, reason};

#[tokio::test]
async fn a_voucher_that_the_feed_has_not_brought_yet_is_asked_for_once() {
    let bench = Bench::open().await;
    let (member_id, person) = bench.member(1, "gd");
    let voucher = bench.till.voucher(person, RETURNS);
    let campaigns = vec![campaign(RETURNS, RefundRule::RightReturns, 1)];
    *bench.issuance.found.lock().expect("no panic holds it") =
        Ok(Found { vouchers: vec![voucher.clone()], campaigns });
    assert_eq!(bench.feed.level(), FeedLevel::Behind);
    bench.authorize("a1", member_id, "o1").await.expect("issuance was asked");
    assert_eq!(bench.issuance.asked.load(Ordering::Relaxed), 1);

    let batch = bench.till.message(vec![voucher]);
    let message = FeedMessage { batch, level: true };
    bench.issuance.messages.send(Ok(message)).expect("it is followed");
    bench.until(FeedLevel::Level).await;
    assert_eq!(bench.stored(person).await, 1, "the feed brought the same voucher");
}

#[tokio::test]
async fn a_voucher_issued_a_moment_ago_is_found_though_the_wallets_seem_level() {
    let bench = Bench::open().await;
    bench.issuance.messages.send(Ok(bench.level())).expect("it is followed");
    bench.until(FeedLevel::Level).await;
    let (other, _) = bench.member(2, "gd");
    let refused = bench.authorize("a2", other, "o2").await.expect_err("issuance has none either");
    assert_eq!(reason(&refused).0, "NO_VOUCHER");

    let (member_id, person) = bench.member(1, "gd");
    let voucher = bench.till.voucher(person, RETURNS);
    let campaigns = vec![campaign(RETURNS, RefundRule::RightReturns, 1)];
    *bench.issuance.found.lock().expect("no panic holds it") =
        Ok(Found { vouchers: vec![voucher], campaigns });
    bench.authorize("a1", member_id, "o1").await.expect("issuance was asked");
    let again = bench.authorize("a2", other, "o2").await.expect_err("the answer stands");
    assert_eq!(reason(&again).0, "NO_VOUCHER");
}

#[tokio::test]
async fn an_issuance_that_does_not_answer_is_left_alone() {
    let bench = Bench::open().await;
    *bench.issuance.found.lock().expect("no panic holds it") = Err(IssuanceUnavailable);
    for n in 0..8 {
        let (member_id, _) = bench.member(n, "gd");
        let refused = bench.authorize(&format!("a{n}"), member_id, "o1").await;
        assert_eq!(reason(&refused.expect_err("there is none")).0, "NO_VOUCHER");
    }
    assert_eq!(bench.issuance.asked.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn a_feed_of_another_store_stops_the_follower_and_not_the_checkout() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    bench.issuance.messages.send(Ok(bench.level())).expect("it is followed");
    bench.until(FeedLevel::Level).await;
    let batch = FeedBatch { epoch: [8; 16], campaigns: Vec::new(), vouchers: None };
    let message = FeedMessage { batch, level: true };
    bench.issuance.messages.send(Ok(message)).expect("it is followed");
    bench.until(FeedLevel::Stopped).await;
    bench.authorize("a1", member_id, "o1").await.expect("checkouts go on");
}
