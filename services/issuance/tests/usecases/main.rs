//! The use cases over SQLite, with an eligibility that says what it is told to.

mod closures;
mod lists;
mod memory;
mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clock::Clock as _;
use group_commit::LaneProblem;
use issuance::domain::{Caller, ClaimRefusal, Epoch, FeedCursors};
use issuance::store::conformance::{Offer, noon};
use issuance::store::{Issued, StoreError};
use issuance::usecase::fakes::{UNKNOWN, member};
use issuance::usecase::{Claim, Failure, LaneLimits, VoucherPage};
use member_identity::OrganizationPath;
use support::{Desk, Fault};
use tokio::sync::Semaphore;

fn caller(organization: &str) -> Caller {
    let organization = OrganizationPath::parse(organization).expect("a path");
    Caller { partner: "app".parse().expect("a key"), organization: Some(organization) }
}

fn everywhere() -> Caller {
    Caller { organization: None, ..caller("gd") }
}

fn claim(number: u32, request_id: &str) -> Claim {
    Claim {
        caller: caller("gd"),
        request_id: request_id.parse().expect("a key"),
        campaign_id: Offer::default().campaign_id(),
        member_id: member(number),
    }
}

async fn claim_all(desk: &Desk, count: u32) -> Vec<Result<u32, Failure>> {
    let one = |number| {
        let issuance = Arc::clone(&desk.issuance);
        async move {
            let answer = issuance.claim(claim(number, &format!("claim-{number}")), None).await;
            answer.map(|issued| issued.voucher.serial)
        }
    };
    futures::future::join_all((0..count).map(one)).await
}

#[tokio::test]
async fn many_claims_at_once_get_a_voucher_each_from_few_questions() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    let mut serials: Vec<_> = claim_all(&desk, 500).await.into_iter().flatten().collect();
    serials.sort_unstable();
    assert_eq!(serials, (1..=500).collect::<Vec<_>>());
    assert!(desk.eligibility.asked.load(Ordering::SeqCst) < 50);
}

#[tokio::test]
async fn a_made_up_campaign_is_not_found_and_an_unknown_member_is_refused() {
    let desk = Desk::usual().await;
    let answer = desk.issuance.claim(claim(1, "one"), None).await;
    assert_eq!(answer, Err(Failure::NotFound("campaign")));
    desk.bench.activate(Offer::default()).await;
    let answer = desk.issuance.claim(claim(UNKNOWN, "two"), None).await;
    assert_eq!(answer, Err(Failure::Claim(ClaimRefusal::MemberUnknown)));
}

#[tokio::test]
async fn no_verdict_is_no_answer_and_a_retry_gets_its_voucher() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    desk.eligibility.ages.lock().unwrap().push_back(None);
    let answer = desk.issuance.claim(claim(1, "one"), None).await;
    assert_eq!(answer, Err(Failure::Eligibility));
    assert!(desk.issuance.claim(claim(1, "one"), None).await.is_ok());
}

#[tokio::test]
async fn a_verdict_older_than_a_second_is_asked_for_again_once() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    let old = Some(Duration::from_millis(1_001));
    desk.eligibility.ages.lock().unwrap().push_back(old);
    assert!(desk.issuance.claim(claim(1, "one"), None).await.is_ok());
    assert_eq!(desk.eligibility.asked.load(Ordering::SeqCst), 2);
    desk.eligibility.ages.lock().unwrap().extend([old, old]);
    let answer = desk.issuance.claim(claim(2, "two"), None).await;
    assert_eq!(answer, Err(Failure::Eligibility));
    assert_eq!(desk.eligibility.asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_day_that_ends_between_verdict_and_commit_is_judged_again() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    let clock = Arc::clone(&desk.clock);
    *desk.eligibility.on_check.lock().unwrap() = Box::new(move |asked| {
        if asked == 1 {
            clock.set(noon("2022-07-23"));
        }
    });
    let issued = desk.issuance.claim(claim(1, "one"), None).await.expect("is issued");
    assert_eq!(issued.voucher.stock.period, "day:2022-07-23");
    assert_eq!(desk.eligibility.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_batch_that_met_another_change_runs_again_and_in_the_end_singly() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    claim_all(&desk, 1).await;
    let met = |times| std::iter::repeat_with(|| Fault::Before(StoreError::Conflict)).take(times);
    let two = |a, b| [claim(a, "a"), claim(b, "b")].map(|claim| desk.issuance.claim(claim, None));
    desk.store.faults.lock().unwrap().extend(met(2));
    let answers = futures::future::join_all(two(100, 101)).await;
    assert!(answers.iter().all(Result::is_ok), "the third time nothing was met: {answers:?}");
    desk.store.faults.lock().unwrap().extend(met(4));
    let answers = futures::future::join_all(two(102, 103)).await;
    // The batch failed three times, then the first alone; the second got its voucher.
    assert_eq!(answers[0], Err(Failure::Store(StoreError::Conflict)));
    assert!(answers[1].is_ok());
}

#[tokio::test]
async fn an_outcome_that_is_not_known_is_found_out_by_the_same_batch() {
    let desk = Desk::usual().await;
    let offer = Offer::default();
    desk.bench.activate(offer).await;
    let lost = |lost: [Fault; 3]| desk.store.faults.lock().unwrap().extend(lost);
    desk.store.faults.lock().unwrap().push_back(Fault::After(StoreError::OutcomeUnknown));
    let issued = desk.issuance.claim(claim(1, "one"), None).await.expect("is found out");
    assert_eq!(issued.voucher.serial, 1);
    desk.store.faults.lock().unwrap().push_back(Fault::Before(StoreError::OutcomeUnknown));
    let issued = desk.issuance.claim(claim(2, "two"), None).await.expect("is done now");
    assert_eq!(issued.voucher.serial, 2);

    // Nothing that comes after an unknown outcome makes it known that nothing was done.
    let unknown = Err(Failure::Store(StoreError::OutcomeUnknown));
    let down = || Fault::Before(StoreError::Unavailable { detail: String::new() });
    lost([Fault::After(StoreError::OutcomeUnknown), down(), down()]);
    assert_eq!(desk.issuance.claim(claim(3, "three"), None).await, unknown);
    desk.store.faults.lock().unwrap().clear();
    lost([(); 3].map(|()| Fault::Before(StoreError::OutcomeUnknown)));
    assert_eq!(desk.issuance.claim(claim(4, "four"), None).await, unknown);
    let serial = |answer: Result<Issued, Failure>| answer.map(|issued| issued.voucher.serial);
    assert_eq!(serial(desk.issuance.claim(claim(3, "three"), None).await), Ok(3));
    assert_eq!(serial(desk.issuance.claim(claim(4, "four"), None).await), Ok(4));
}

#[tokio::test]
async fn a_full_lane_refuses_at_once_and_a_stopped_one_finishes_what_it_took() {
    let desk = Desk::open(LaneLimits { batch_max: 1, queue_max: 1 }).await;
    desk.bench.activate(Offer::default()).await;
    claim_all(&desk, 1).await;
    desk.eligibility.gate.forget_permits(Semaphore::MAX_PERMITS);
    let claims = claim_all(&desk, 10);
    let open = async { desk.eligibility.gate.add_permits(100) };
    let (answers, ()) = tokio::join!(claims, open);
    let full = Err(Failure::Lane(LaneProblem::Full));
    assert!(answers.contains(&full), "{answers:?}");
    assert!(answers.iter().any(Result::is_ok), "{answers:?}");
    desk.issuance.stop().await;
    let late = desk.issuance.claim(claim(50, "late"), None).await;
    assert_eq!(late, Err(Failure::Lane(LaneProblem::Closed)));
}

#[tokio::test]
async fn a_follower_gets_campaigns_then_vouchers_then_what_is_committed_from_then_on() {
    let desk = Desk::usual().await;
    let offer = Offer::default();
    desk.bench.activate(offer).await;
    claim_all(&desk, 3).await;
    let mut follower =
        desk.issuance.follow(&everywhere(), FeedCursors::default()).await.expect("follows");
    let first = follower.next().await.expect("reads").expect("a message");
    assert_eq!((first.campaigns.len(), first.level), (2, false));
    let second = follower.next().await.expect("reads").expect("a message");
    let entries = second.vouchers.expect("vouchers");
    assert_eq!((entries.first_position, entries.vouchers.len()), (1, 3));
    let third = follower.next().await.expect("reads").expect("a message");
    assert!(third.level && third.vouchers.is_none() && third.campaigns.is_empty());

    let (next, claimed) =
        tokio::join!(follower.next(), desk.issuance.claim(claim(9, "nine"), None));
    assert!(claimed.is_ok());
    let entries = next.expect("reads").expect("a message").vouchers.expect("vouchers");
    assert_eq!((entries.first_position, entries.vouchers.len()), (4, 1));
    desk.issuance.end_streams();
    assert!(follower.next().await.expect("reads").is_none());
}

#[tokio::test]
async fn cursors_of_another_store_or_ahead_of_this_one_are_refused() {
    let desk = Desk::usual().await;
    let offer = Offer::default();
    desk.bench.activate(offer).await;
    claim_all(&desk, 3).await;
    let epoch = desk.issuance.follow(&everywhere(), FeedCursors::default()).await.expect("follows");
    drop(epoch);
    let ahead = |position| FeedCursors {
        stocks: [(offer.stock_key("2022-07-22"), position)].into(),
        ..FeedCursors::default()
    };
    assert!(desk.issuance.follow(&everywhere(), ahead(3)).await.is_ok());
    assert!(matches!(
        desk.issuance.follow(&everywhere(), ahead(4)).await,
        Err(Failure::ForeignCursors(_))
    ));
    let foreign = FeedCursors { epoch: Some(Epoch([7; 16])), ..FeedCursors::default() };
    assert!(matches!(
        desk.issuance.follow(&everywhere(), foreign).await,
        Err(Failure::ForeignCursors(_))
    ));
}

#[tokio::test]
async fn a_caller_who_is_bound_to_a_subtree_gets_nothing_of_the_feed() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    let issued = desk.issuance.claim(claim(1, "one"), None).await.expect("is issued");
    let follower = desk.issuance.follow(&caller("gd"), FeedCursors::default()).await;
    assert!(matches!(follower, Err(Failure::OutsideSubtree)));
    let person = issued.voucher.person;
    let found = desk.issuance.find_vouchers(&caller("gd"), person).await;
    assert_eq!(found, Err(Failure::OutsideSubtree));
    let found = desk.issuance.find_vouchers(&everywhere(), person).await.expect("reads");
    assert_eq!(found.vouchers, [issued]);
}

#[tokio::test]
async fn vouchers_and_campaigns_are_read_within_the_callers_subtree_only() {
    let desk = Desk::usual().await;
    let offer = Offer { organization: "gd/guangzhou", ..Offer::default() };
    desk.bench.activate(offer).await;
    let issued = desk.issuance.claim(claim(1, "one"), None).await.expect("is issued");
    let (own, other) = (caller("gd/guangzhou"), caller("gd/dongguan"));
    let page = || VoucherPage { member_id: member(1), before: None, limit: 10 };
    let found = desk.issuance.list_vouchers(&own, page()).await;
    assert_eq!(found, Ok(vec![issued.clone()]));
    let outside = Err(Failure::OutsideSubtree);
    assert_eq!(desk.issuance.list_vouchers(&other, page()).await, outside);
    let voucher_id = issued.voucher.voucher_id;
    assert_eq!(desk.issuance.get_voucher(&own, voucher_id).await, Ok(issued));
    let refused = desk.issuance.get_voucher(&other, voucher_id).await;
    assert_eq!(refused, Err(Failure::OutsideSubtree));
    let unknown = VoucherPage { member_id: member(UNKNOWN), before: None, limit: 10 };
    let refused = desk.issuance.list_vouchers(&own, unknown).await;
    assert_eq!(refused, Err(Failure::MemberUnknown));
    let id = offer.campaign_id();
    assert!(desk.issuance.get_campaign(&caller("gd/guangzhou/yuexiu"), &id).await.is_ok());
    let refused = desk.issuance.get_campaign(&other, &id).await;
    assert_eq!(refused, Err(Failure::OutsideSubtree));
    let elsewhere = Claim { caller: other, ..claim(2, "two") };
    let refused = desk.issuance.claim(elsewhere, None).await;
    assert_eq!(refused, Err(Failure::Claim(ClaimRefusal::OutsideSubtree)));
}

#[tokio::test]
async fn a_stock_is_full_before_the_first_claim_and_counted_after_it() {
    let desk = Desk::usual().await;
    let offer = Offer { quota: 5, ..Offer::default() };
    desk.bench.activate(offer).await;
    let (own, id) = (caller("gd"), offer.campaign_id());
    let figures = desk.issuance.get_stock(&own, &id, None).await.expect("reads");
    assert_eq!((figures.period.as_str(), figures.stock.remaining()), ("day:2022-07-22", 5));
    claim_all(&desk, 2).await;
    let figures = desk.issuance.get_stock(&own, &id, None).await.expect("reads");
    assert_eq!((figures.stock.issued, figures.stock.remaining()), (2, 3));
}
