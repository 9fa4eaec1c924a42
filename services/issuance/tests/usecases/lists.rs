//! IssueToList: exact whatever the list holds, whoever comes between, and however often it is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use issuance::domain::{Caller, ClaimRefusal};
use issuance::store::StoreError;
use issuance::store::conformance::Offer;
use issuance::usecase::fakes::{ELSEWHERE, FAILS, NO_POLICY, UNKNOWN, member};
use issuance::usecase::{
    CHUNK_MAX, CHUNKS_IN_FLIGHT, Claim, Failure, Given, ListIssue, ListOrder, Selection,
};

use super::support::{Desk, Fault};
use super::{caller, claim};

fn office(organization: &str) -> Caller {
    Caller { partner: "office".parse().expect("a key"), ..caller(organization) }
}

fn order(request_id: &str) -> ListOrder {
    ListOrder {
        caller: office("gd"),
        request_id: request_id.parse().expect("a key"),
        campaign_id: Offer::default().campaign_id(),
    }
}

async fn open(desk: &Desk, request_id: &str) -> ListIssue {
    desk.issuance.issue_to_list(order(request_id)).await.expect("is opened")
}

/// Sends members in chunks of the usual size, two under way.
async fn send(
    list: &ListIssue,
    numbers: impl IntoIterator<Item = u32>,
) -> Vec<Result<Given, Failure>> {
    let members: Vec<_> = numbers.into_iter().map(member).collect();
    let chunks = futures::stream::iter(members.chunks(CHUNK_MAX));
    let answers = chunks.map(|chunk| list.issue(chunk.to_vec())).buffered(CHUNKS_IN_FLIGHT);
    let answers: Vec<_> = answers.map(|answer| answer.expect("is answered")).collect().await;
    answers.concat()
}

/// How many rows came to what.
fn tally(answers: &[Result<Given, Failure>]) -> BTreeMap<&'static str, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let name = match answer {
            Ok(Given::Now) => "now",
            Ok(Given::Before) => "before",
            Err(Failure::Claim(refusal)) => match refusal {
                ClaimRefusal::OutsideSubtree => "outside",
                ClaimRefusal::MemberUnknown => "unknown",
                ClaimRefusal::PersonLimitReached { .. } => "limit",
                ClaimRefusal::SoldOut { .. } => "sold out",
                ClaimRefusal::NotEligible { .. } => "not eligible",
                refusal => panic!("{refusal:?}"),
            },
            Err(failure) => panic!("{failure:?}"),
        };
        *tally.entry(name).or_insert(0) += 1;
    }
    tally
}

async fn issued(desk: &Desk) -> u32 {
    let id = Offer::default().campaign_id();
    let figures = desk.issuance.get_stock(&office("gd"), &id, None).await.expect("reads");
    figures.stock.issued
}

#[tokio::test]
async fn a_list_that_is_longer_than_the_stock_gets_exactly_the_stock_and_the_rest_is_told_at_once()
{
    let desk = Desk::usual().await;
    desk.bench.activate(Offer { quota: 1_500, ..Offer::default() }).await;
    let answers = send(&open(&desk, "july").await, 0..10_000).await;
    assert_eq!(tally(&answers), BTreeMap::from([("now", 1_500), ("sold out", 8_500)]));
    assert!(answers[..1_500].iter().all(Result::is_ok), "in the order of the list");
    assert_eq!(issued(&desk).await, 1_500);
    let (_, batches) = desk.worked();
    assert!(batches <= 4, "who comes after the last voucher costs no transaction: {batches}");
}

#[tokio::test]
async fn whoever_is_listed_again_has_theirs_whatever_the_limit() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer { per_person: 10, quota: 5_000, ..Offer::default() }).await;
    let list = open(&desk, "july").await;
    let answers = send(&list, [1, 2, 1].into_iter().chain(3..1_100).chain([2])).await;
    assert_eq!(tally(&answers), BTreeMap::from([("before", 2), ("now", 1_099)]));
    assert_eq!(issued(&desk).await, 1_099);
}

#[tokio::test]
async fn a_list_that_is_sent_again_changes_nothing_and_another_one_is_another() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer { per_person: 2, quota: 5_000, ..Offer::default() }).await;
    let first = send(&open(&desk, "july").await, 0..1_500).await;
    assert_eq!(tally(&first), BTreeMap::from([("now", 1_500)]));
    let whole = send(&open(&desk, "july").await, (0..2_000).rev()).await;
    assert_eq!(tally(&whole), BTreeMap::from([("before", 1_500), ("now", 500)]));
    let other = send(&open(&desk, "august").await, 0..2_000).await;
    assert_eq!(tally(&other), BTreeMap::from([("now", 2_000)]));
    let third = send(&open(&desk, "september").await, 0..2_000).await;
    assert_eq!(tally(&third), BTreeMap::from([("limit", 2_000)]));
    assert_eq!(issued(&desk).await, 4_000);
}

#[tokio::test]
async fn each_row_is_judged_as_a_claim_of_its_member() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer { organization: "gd/guangzhou", ..Offer::default() }).await;
    desk.issuance.claim(claim(1, "app"), None).await.expect("is issued");
    let order = ListOrder { caller: office("gd/guangzhou"), ..order("july") };
    let list = desk.issuance.issue_to_list(order).await.expect("is opened");
    let answers = send(&list, [1, 2, UNKNOWN, FAILS, ELSEWHERE, 3]).await;
    let single = |answer: &Result<Given, Failure>| {
        tally(std::slice::from_ref(answer)).into_keys().next().expect("one")
    };
    let told: Vec<_> = answers.iter().map(single).collect();
    assert_eq!(told, ["limit", "now", "unknown", "not eligible", "outside", "now"]);
    let own = Claim { caller: office("gd/guangzhou"), ..claim(2, "july") };
    let claimed = desk.issuance.claim(own, None).await.expect("the list's request is its own");
    assert_eq!(claimed.voucher.serial, 2);
}

#[tokio::test]
async fn only_who_offers_a_campaign_gives_it_out_by_list() {
    let desk = Desk::usual().await;
    let not_found = desk.issuance.issue_to_list(order("july")).await.err();
    assert_eq!(not_found, Some(Failure::NotFound("campaign")));
    desk.bench.activate(Offer::default()).await;
    for below in ["gd/guangzhou", "gx"] {
        let order = ListOrder { caller: office(below), ..order("july") };
        let refused = desk.issuance.issue_to_list(order).await.err();
        assert_eq!(refused, Some(Failure::OutsideSubtree), "{below}");
    }
}

#[tokio::test]
async fn two_lists_and_claims_share_one_stock_exactly() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer { quota: 3_000, ..Offer::default() }).await;
    let (one, other) = (open(&desk, "one").await, open(&desk, "other").await);
    let claims = (2_000..4_000).map(|number| {
        let issuance = Arc::clone(&desk.issuance);
        async move { issuance.claim(claim(number, &format!("claim-{number}")), None).await.is_ok() }
    });
    let (one, other, claimed) = tokio::join!(
        send(&one, 0..3_000),
        send(&other, (1_000..3_500).rev()),
        futures::future::join_all(claims),
    );
    let given = |answers: &[_]| tally(answers).get("now").copied().unwrap_or(0);
    let claimed = claimed.into_iter().filter(|got| *got).count();
    assert_eq!(given(&one) + given(&other) + claimed, 3_000);
    assert_eq!(issued(&desk).await, 3_000);
}

#[tokio::test]
async fn what_a_lost_answer_had_given_is_given_now_and_what_failed_is_gone_on_with() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer { quota: 5_000, ..Offer::default() }).await;
    let fault = |fault| desk.store.faults.lock().unwrap().push_back(fault);
    fault(Fault::After(StoreError::OutcomeUnknown));
    let answers = send(&open(&desk, "july").await, 0..1_000).await;
    assert_eq!(tally(&answers), BTreeMap::from([("now", 1_000)]));

    let down = StoreError::Unavailable { detail: String::new() };
    fault(Fault::Before(down.clone()));
    let list = open(&desk, "july").await;
    let members = |numbers: std::ops::Range<u32>| numbers.map(member).collect();
    assert_eq!(list.issue(members(1_000..2_000)).await, Err(Failure::Store(down)));
    desk.eligibility.ages.lock().unwrap().push_back(None);
    assert_eq!(list.issue(members(1_000..2_000)).await, Err(Failure::Eligibility));
    let answers = send(&list, 0..2_000).await;
    assert_eq!(tally(&answers), BTreeMap::from([("before", 1_000), ("now", 1_000)]));
}

#[tokio::test]
async fn a_row_that_is_stored_wrongly_fails_alone() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    let list = open(&desk, "july").await;
    let corrupt = || StoreError::Corrupt { table: "voucher", id: "1".into(), detail: "odd".into() };
    let faults = [Fault::Before(corrupt()), Fault::Before(corrupt())];
    desk.store.faults.lock().unwrap().extend(faults);
    let answers = list.issue(vec![member(1), member(2)]).await.expect("is answered");
    assert_eq!(answers, [Err(Failure::Store(corrupt())), Ok(Given::Now)]);
}

#[tokio::test]
async fn a_policy_selects_page_by_page_and_its_cursor_goes_on() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    *desk.eligibility.selected.lock().unwrap() = (0..250).map(member).collect();
    let list = open(&desk, "everyone").await;
    let mut selection = Selection { policy_id: None, revision: 0, cursor: String::new() };
    let mut sizes = Vec::new();
    loop {
        let page = list.select(&selection).await.expect("is selected");
        let answers = list.issue(page.members).await.expect("is answered");
        sizes.push(tally(&answers)["now"]);
        selection.cursor = page.cursor;
        if selection.cursor.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 50]);
    let foreign = Selection { cursor: "x".into(), ..selection.clone() };
    assert_eq!(list.select(&foreign).await, Err(Failure::ForeignCursor));
    let unknown = Selection { policy_id: Some(NO_POLICY.into()), ..selection };
    assert_eq!(list.select(&unknown).await, Err(Failure::NotFound("policy")));
}

#[tokio::test]
async fn a_service_that_stops_answers_what_it_began_and_takes_no_more() {
    let desk = Desk::usual().await;
    desk.bench.activate(Offer::default()).await;
    let list = open(&desk, "july").await;
    assert_eq!(list.while_serving(async { 1 }).await, Ok(1));
    let begun = list.issue((0..100).map(member).collect());
    desk.issuance.end_streams();
    let next = list.while_serving(std::future::pending::<()>());
    assert_eq!(next.await, Err(Failure::Stopping));
    assert_eq!(tally(&begun.await.expect("is answered")), BTreeMap::from([("now", 100)]));
}
