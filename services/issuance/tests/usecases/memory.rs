//! What is told from memory. Durations stand still here but where a test moves them.

use std::time::Duration;

use clock::Clock as _;
use issuance::domain::{CampaignState, CampaignVerb, ClaimRefusal};
use issuance::store::Issued;
use issuance::store::conformance::{Offer, noon};
use issuance::usecase::fakes::UNKNOWN;
use issuance::usecase::{Claim, Failure};

use crate::support::Desk;
use crate::{caller, claim};

/// With a campaign of that many vouchers.
async fn desk(offer: Offer) -> Desk {
    Desk::hold_time();
    let desk = Desk::usual().await;
    desk.bench.activate(offer).await;
    desk
}

async fn told(desk: &Desk, number: u32, request_id: &str) -> Result<Issued, Failure> {
    desk.issuance.claim(claim(number, request_id), None).await
}

async fn refused(desk: &Desk, number: u32, request_id: &str) -> ClaimRefusal {
    match told(desk, number, request_id).await {
        Err(Failure::Claim(refusal)) => refusal,
        answer => panic!("{answer:?}"),
    }
}

fn sold_out(quota: u32) -> impl Fn(&ClaimRefusal) -> bool {
    move |refusal| matches!(refusal, ClaimRefusal::SoldOut { quota: q, .. } if *q == quota)
}

#[tokio::test(start_paused = true)]
async fn who_comes_again_after_the_last_voucher_costs_no_question_and_no_transaction() {
    let desk = desk(Offer { quota: 2, ..Offer::default() }).await;
    for number in [1, 2] {
        told(&desk, number, "first").await.expect("there are two");
    }
    let is_sold_out = sold_out(2);
    assert!(is_sold_out(&refused(&desk, 3, "a").await));
    let (asked, batches) = desk.worked();
    // Others are known to get nothing once their verdicts say who they are.
    assert!(is_sold_out(&refused(&desk, 4, "a").await));
    assert!(is_sold_out(&refused(&desk, 3, "b").await));
    assert_eq!(desk.worked(), (asked + 2, batches));
    for request_id in ["c", "d", "e"] {
        assert!(is_sold_out(&refused(&desk, 3, request_id).await));
        assert!(is_sold_out(&refused(&desk, 4, request_id).await));
    }
    assert_eq!(desk.worked(), (asked + 2, batches));
    // A member that nobody has asked about is not refused unheard.
    assert_eq!(refused(&desk, UNKNOWN, "a").await, ClaimRefusal::MemberUnknown);
    assert_eq!(desk.worked(), (asked + 3, batches + 1));
}

#[tokio::test(start_paused = true)]
async fn who_has_the_allowed_number_is_told_so_and_a_replay_gets_its_voucher() {
    let desk = desk(Offer::default()).await;
    let issued = told(&desk, 1, "first").await.expect("is issued");
    let (asked, batches) = desk.worked();
    assert_eq!(told(&desk, 1, "first").await, Ok(issued.clone()));
    assert_eq!(desk.worked(), (asked, batches), "a moment ago is remembered");
    let at_limit = |refusal| matches!(refusal, ClaimRefusal::PersonLimitReached { limit: 1, .. });
    assert!(at_limit(refused(&desk, 1, "second").await));
    assert!(at_limit(refused(&desk, 1, "third").await));
    assert_eq!(told(&desk, 1, "first").await, Ok(issued));
    assert_eq!(desk.worked(), (asked + 1, batches), "what the person has was read, once");
}

#[tokio::test(start_paused = true)]
async fn yesterdays_request_gets_yesterdays_voucher_when_today_is_sold_out() {
    let desk = desk(Offer { quota: 1, ..Offer::default() }).await;
    let yesterday = told(&desk, 1, "yesterday").await.expect("is issued");
    desk.clock.set(noon("2022-07-23"));
    // It is not the last that the member got here.
    tokio::time::advance(Duration::from_secs(60)).await;
    told(&desk, 2, "today").await.expect("is issued");
    assert!(sold_out(1)(&refused(&desk, 1, "again").await));
    assert!(sold_out(1)(&refused(&desk, 1, "and-again").await));
    assert_eq!(told(&desk, 1, "yesterday").await, Ok(yesterday));
}

#[tokio::test(start_paused = true)]
async fn what_another_process_changes_is_told_within_a_second() {
    let desk = desk(Offer { quota: 1, ..Offer::default() }).await;
    told(&desk, 1, "first").await.expect("is issued");
    for request_id in ["a", "b", "c"] {
        assert!(sold_out(1)(&refused(&desk, 2, request_id).await));
    }
    let other = &desk.bench;
    other.change("pause", Offer::default(), CampaignVerb::Pause).await.expect("is paused");
    tokio::time::advance(Duration::from_millis(1_001)).await;
    let state = CampaignState::Paused;
    assert_eq!(refused(&desk, 2, "d").await, ClaimRefusal::CampaignNotActive { state });
    other.change("resume", Offer::default(), CampaignVerb::Resume).await.expect("is resumed");
    tokio::time::advance(Duration::from_millis(1_001)).await;
    assert!(sold_out(1)(&refused(&desk, 2, "e").await));
    desk.clock.set(noon("2022-07-23"));
    assert!(told(&desk, 2, "f").await.is_ok(), "a new day has a new stock");
}

#[tokio::test(start_paused = true)]
async fn many_who_are_told_from_memory_look_again_by_themselves() {
    let desk = desk(Offer { quota: 1, ..Offer::default() }).await;
    told(&desk, 1, "first").await.expect("is issued");
    for request_id in ["a", "b"] {
        assert!(sold_out(1)(&refused(&desk, 2, request_id).await));
    }
    let (asked, batches) = desk.worked();
    for number in 0..30 {
        tokio::time::advance(Duration::from_millis(300)).await;
        assert!(sold_out(1)(&refused(&desk, 2, &format!("{number}")).await));
    }
    assert_eq!(desk.worked(), (asked, batches), "nine seconds without a question");
    tokio::time::advance(Duration::from_millis(1_001)).await;
    assert!(sold_out(1)(&refused(&desk, 2, "later").await));
    assert_eq!(desk.worked(), (asked + 1, batches), "who the member is was asked again");
}

#[tokio::test(start_paused = true)]
async fn memory_tells_nothing_to_a_caller_who_may_not_act_for_the_member() {
    let desk = desk(Offer { quota: 1, ..Offer::default() }).await;
    told(&desk, 1, "first").await.expect("is issued");
    for request_id in ["a", "b"] {
        assert!(sold_out(1)(&refused(&desk, 2, request_id).await));
    }
    for (number, request_id) in [(1, "first"), (2, "c")] {
        let elsewhere = Claim { caller: caller("gd/dongguan"), ..claim(number, request_id) };
        let answer = desk.issuance.claim(elsewhere, None).await;
        assert_eq!(answer, Err(Failure::Claim(ClaimRefusal::OutsideSubtree)));
    }
}
