//! Events: every step of every authorization, once, numbered without a gap for its platform.

use std::collections::{BTreeMap, BTreeSet};

use benefit::Fen;
use futures::future::join_all;

use super::offers::{amount, off, purse};
use super::till::{RETURNS, Till, campaign_of, key, made, person, reason};
use super::{Case, case};
use crate::domain::{Event, EventKind, Partner, Reason, Stage};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("events", each_step_is_told_once_with_the_authorization_as_it_was_after_it),
        case!("events", what_is_refused_or_asked_again_is_no_event),
        case!("events", a_hold_that_ran_out_is_told_once_whoever_writes_it_down),
        case!("events", each_platform_has_a_stream_of_its_own),
        case!("events", pages_go_on_after_a_position_and_say_the_same_again),
        case!("events", steps_that_two_replicas_take_and_number_at_once_are_in_one_stream),
    ]
}

impl Till {
    /// Numbers all that is not numbered yet.
    async fn seal(&self) {
        while self.store.seal_events(2).await.expect("the store is there") > 0 {}
    }

    /// All events of a platform, read page by page.
    async fn told(&self, partner: &Partner) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.position);
            let page = self.store.events(partner, after, 7).await.expect("the store is there");
            if page.is_empty() {
                let head = self.store.event_head(partner).await.expect("the store is there");
                assert_eq!(head, after, "the head is the last position");
                assert!((1..).zip(&events).all(|(at, event)| event.position == at), "{events:?}");
                return events;
            }
            events.extend(page);
        }
    }
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

async fn each_step_is_told_once_with_the_authorization_as_it_was_after_it(till: Till) {
    let ann = person(1);
    till.offer(vec![campaign_of("purse", purse(800), 3)]).await;
    till.give(ann, "purse").await;
    let id = till.held("a1", ann, "o1").await;
    let held_at = till.now();
    till.pass(std::time::Duration::from_secs(5));
    made(till.one(till.capture_part("c1", id, amount(400))).await);
    made(till.one(till.refund_part("r1", id, amount(100))).await);
    made(till.one(till.refund("r2", id)).await);
    till.seal().await;
    let events = till.told(&till.partner).await;
    use EventKind::{Captured, Held, Refunded};
    assert_eq!(kinds(&events), [Held, Captured, Refunded, Refunded]);
    assert_eq!((events[0].at, events[1].at), (held_at, till.now()));
    assert!(events.iter().all(|event| event.authorization.authorization_id == id));
    let [held, captured, first, last] = [0, 1, 2, 3].map(|at| &events[at].authorization);
    assert_eq!((held.stage, held.captured_amounts.len()), (Stage::Held, 0));
    assert!(matches!(captured.stage, Stage::Captured(_)) && captured.refunds.is_empty());
    assert_eq!(captured.captured_amounts, [Fen(400)]);
    assert!(matches!(first.stage, Stage::Captured(_)), "{first:?}");
    assert_eq!((first.refunds.len(), first.refunds[0].returned_amount()), (1, Fen(100)));
    assert!(matches!(last.stage, Stage::Refunded { .. }) && last.refunds.len() == 2);
}

async fn what_is_refused_or_asked_again_is_no_event(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let id = till.held("a1", ann, "o1").await;
    let refused = till.one(till.authorize("a2", ann, "o2")).await;
    assert_eq!(reason(&refused), Reason::VoucherHeld);
    assert_eq!(till.held("a1", ann, "o1").await, id);
    made(till.one(till.void("v1", id)).await);
    made(till.one(till.void("v1", id)).await);
    let refused = till.one(till.capture("c1", id)).await;
    assert_eq!(reason(&refused), Reason::AlreadyVoided);
    till.one(till.void_request("v2", "never")).await.expect("it is marked");
    till.seal().await;
    let events = till.told(&till.partner).await;
    assert_eq!(kinds(&events), [EventKind::Held, EventKind::Voided]);
}

async fn a_hold_that_ran_out_is_told_once_whoever_writes_it_down(till: Till) {
    for n in [1, 2] {
        till.give(person(n), RETURNS).await;
        till.held(&format!("a{n}"), person(n), &format!("o{n}")).await;
    }
    till.pass(std::time::Duration::from_secs(300));
    // The next order of the first writes it down, the sweeper that of the second.
    till.held("a3", person(1), "o3").await;
    let swept = till.store.expire_holds(till.moment(), 10).await.expect("the store is there");
    assert_eq!(swept, 1);
    assert_eq!(till.store.expire_holds(till.moment(), 10).await.expect("it is there"), 0);
    till.seal().await;
    let events = till.told(&till.partner).await;
    use EventKind::{Expired, Held};
    assert_eq!(kinds(&events[..2]), [Held, Held]);
    let mut later = kinds(&events[2..]);
    later.sort_by_key(|kind| kind.name());
    assert_eq!(later, [Expired, Expired, Held]);
    let ran_out = |event: &&Event| matches!(event.authorization.stage, Stage::Expired { .. });
    assert_eq!(events.iter().filter(ran_out).count(), 2);
}

async fn each_platform_has_a_stream_of_its_own(till: Till) {
    let (ann, bob) = (person(1), person(2));
    till.give(ann, RETURNS).await;
    till.give(bob, RETURNS).await;
    till.held("a1", ann, "o1").await;
    let mut theirs = till.authorize("a1", bob, "o1");
    theirs.partner = key("otherpay");
    let theirs = made(till.one(theirs).await);
    till.seal().await;
    let other: Partner = key("otherpay");
    let (own, others) = (till.told(&till.partner).await, till.told(&other).await);
    assert_eq!((own.len(), others.len()), (1, 1));
    assert_eq!(others[0].authorization, theirs);
    assert_eq!(till.told(&key("quietpay")).await, []);
}

async fn pages_go_on_after_a_position_and_say_the_same_again(till: Till) {
    till.offer(vec![campaign_of("more", off(100), 3)]).await;
    for n in 0..10 {
        till.give(person(n), "more").await;
        let id = till.held(&format!("a{n}"), person(n), &format!("o{n}")).await;
        made(till.one(till.capture(&format!("c{n}"), id)).await);
        till.seal().await;
    }
    let before = till.told(&till.partner).await;
    assert_eq!(before.len(), 20);
    let id = before[0].authorization.authorization_id;
    made(till.one(till.refund("r0", id)).await);
    till.seal().await;
    let page = till.store.events(&till.partner, 19, 10).await.expect("the store is there");
    assert_eq!(page[0], before[19]);
    assert_eq!((page[1].position, page[1].kind), (21, EventKind::Refunded));
    let again = till.told(&till.partner).await;
    assert_eq!(again[..20], before[..], "what became of it later changes no event");
}

async fn steps_that_two_replicas_take_and_number_at_once_are_in_one_stream(till: Till) {
    const ORDERS: u8 = 60;
    let other = till.replica().await;
    for n in 0..ORDERS {
        till.give(person(n), RETURNS).await;
    }
    let play = async |n: u8| {
        // The other replica goes on with it.
        let (at, then) = if n.is_multiple_of(2) { (&till, &other) } else { (&other, &till) };
        let held = at.insist(vec![at.authorize(&format!("a{n}"), person(n), &format!("o{n}"))]);
        let id = made(held.await.remove(0)).authorization_id;
        let (void, capture) = (then.void("v", id), then.capture("c", id));
        let mut next = if n.is_multiple_of(3) { void } else { capture };
        next.request_id = key(&format!("n{n}"));
        made(then.insist(vec![next]).await.remove(0));
        at.store.seal_events(3).await.ok();
    };
    join_all((0..ORDERS).map(play)).await;
    join_all([till.seal(), other.seal()]).await;
    // Whoever was not at its turn left it to the other.
    till.seal().await;
    let events = till.told(&till.partner).await;
    assert_eq!(events.len(), 2 * usize::from(ORDERS));
    let mut of_each: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in &events {
        of_each.entry(event.authorization.authorization_id).or_default().push(event.kind);
    }
    let lives: BTreeSet<_> = of_each
        .values()
        .map(|kinds| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>())
        .collect();
    assert_eq!(lives, BTreeSet::from([vec!["HELD", "CAPTURED"], vec!["HELD", "VOIDED"]]));
}
