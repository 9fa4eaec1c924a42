//! Terms that ask at the till whether the member still qualifies (laws E1 and E2).

use std::sync::atomic::Ordering;
use std::time::Duration;

use contracts::redemption::v1 as wire;
use member_identity::MemberId;
use redemption::domain::Standing;
use redemption::store::conformance::{campaign_of, combining, off, rechecking};
use tonic::Code;

use crate::bench::{Bench, authorize, by_id, order, reason};

/// A bench whose member has a voucher of 1.00 that asks, and, when wished, one of 0.50 that does
/// not.
async fn bench(with_another: bool) -> (Bench, MemberId) {
    let bench = Bench::open().await;
    let (member_id, person) = bench.member(1, "gd");
    let asking = rechecking("asking", combining(off(100), 0), "model-workers", 3);
    bench.till.offer(vec![asking, campaign_of("free", combining(off(50), 1), 4)]).await;
    bench.till.give(person, "asking").await;
    if with_another {
        bench.till.give(person, "free").await;
    }
    (bench, member_id)
}

fn answers(bench: &Bench, standing: Option<Standing>) {
    *bench.eligibility.standing.lock().expect("no panic holds it") = standing;
}

fn fails() -> Option<Standing> {
    Some(Standing::Fails { criterion: String::from("suspended") })
}

async fn quote(bench: &Bench, member_id: MemberId) -> wire::QuoteResponse {
    let member = by_id(member_id);
    let request = wire::QuoteRequest { member, order: order("q1"), voucher_ids: Vec::new() };
    bench.checkout().quote(request).await.expect("it is quoted").into_inner()
}

#[tokio::test]
async fn eligibility_is_asked_once_for_an_order_and_not_at_all_for_its_replay() {
    let (bench, member_id) = bench(true).await;
    answers(&bench, Some(Standing::Qualifies));
    let held = bench.authorize("a1", member_id, "o1").await.expect("they qualify");
    assert_eq!(held.discount_fen, 150);
    assert_eq!(bench.eligibility.checks.load(Ordering::Relaxed), 1);
    answers(&bench, fails());
    assert_eq!(bench.authorize("a1", member_id, "o1").await.expect("it was held"), held);
    assert_eq!(bench.eligibility.checks.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn who_does_not_qualify_any_more_is_told_by_which_criterion() {
    let (bench, member_id) = bench(false).await;
    answers(&bench, fails());
    let refused = bench.authorize("a1", member_id, "o1").await.expect_err("they do not qualify");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let (why, metadata) = reason(&refused);
    assert_eq!((why.as_str(), metadata["criterion"].as_str()), ("NO_LONGER_ELIGIBLE", "suspended"));
    assert!(metadata.contains_key("voucher_id"));
    answers(&bench, Some(Standing::Qualifies));
    let again = bench.authorize("a1", member_id, "o1").await.expect_err("that was the answer");
    assert_eq!(reason(&again).0, "NO_LONGER_ELIGIBLE");
    bench.authorize("a2", member_id, "o1").await.expect("a new request is judged anew");
}

#[tokio::test]
async fn while_eligibility_cannot_be_asked_the_rest_applies_or_nothing_is_decided() {
    let (alone, member_id) = bench(false).await;
    let refused = alone.authorize("a1", member_id, "o1").await.expect_err("nobody can tell");
    assert_eq!(refused.code(), Code::Unavailable);
    let (why, metadata) = reason(&refused);
    assert_eq!(why, "DEPENDENCY_UNAVAILABLE");
    assert_eq!(metadata["dependency"], "eligibility");
    answers(&alone, Some(Standing::Qualifies));
    alone.authorize("a1", member_id, "o1").await.expect("an outage is not remembered");

    let (both, member_id) = bench(true).await;
    let quoted = quote(&both, member_id).await;
    assert_eq!(quoted.discount_fen, 50);
    assert_eq!(quoted.unused[0].reason, "BENEFIT_NOT_AVAILABLE_NOW");
    assert!(!quoted.unused[0].text_zh.is_empty() && !quoted.unused[0].text_en.is_empty());
    let held = both.authorize("a1", member_id, "o1").await.expect("the rest applies");
    assert_eq!(held.discount_fen, 50);
}

#[tokio::test]
async fn a_verdict_that_is_too_old_is_none() {
    let (bench, member_id) = bench(false).await;
    answers(&bench, Some(Standing::Qualifies));
    *bench.eligibility.age.lock().expect("no panic holds it") = Duration::from_millis(1_001);
    let refused = bench.authorize("a1", member_id, "o1").await.expect_err("it says nothing now");
    assert_eq!(reason(&refused).0, "DEPENDENCY_UNAVAILABLE");
    *bench.eligibility.age.lock().expect("no panic holds it") = Duration::from_millis(20);
    bench.authorize("a1", member_id, "o1").await.expect("it is fresh");
}

#[tokio::test]
async fn a_quote_asks_as_authorize_does() {
    let (bench, member_id) = bench(true).await;
    answers(&bench, fails());
    let quoted = quote(&bench, member_id).await;
    assert_eq!((quoted.discount_fen, quoted.unused[0].reason.as_str()), (50, "NO_LONGER_ELIGIBLE"));
    answers(&bench, Some(Standing::Qualifies));
    assert_eq!(quote(&bench, member_id).await.discount_fen, 150);
    let (poor, _) = bench.member(2, "gd");
    let answer = bench.checkout().authorize(authorize("a2", poor, "o2")).await;
    assert_eq!(reason(&answer.expect_err("there is none")).0, "NO_VOUCHER");
    assert_eq!(bench.eligibility.checks.load(Ordering::Relaxed), 2, "nothing asked for them");
}
