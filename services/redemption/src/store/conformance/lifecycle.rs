//! Laws R1, R2 and R3: what can become of a voucher and of a hold.

use std::sync::Arc;
use std::time::Duration;

use super::till::{OFF, RETURNS, SPENT, Till, key, made, person, reason};
use super::{Case, case};
use crate::domain::{Reason, Stage, VoucherStage, Wanted};
use crate::store::AuthorizationKey;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("R1", one_voucher_is_held_by_one_of_two_orders_in_a_batch),
        case!("R1", one_voucher_is_held_by_one_of_many_orders_at_once),
        case!("R1", a_voucher_is_used_once),
        case!("R1", of_many_vouchers_those_that_are_not_over_are_looked_at),
        case!("R1", a_returned_right_is_used_once_more),
        case!("R1", a_right_does_not_return_when_it_is_spent_or_over),
        case!("R2", parts_add_up_and_a_capture_is_refunded_once),
        case!("R3", of_capture_void_and_expiry_exactly_one_happens_in_any_order),
        case!("R3", a_hold_that_ran_out_frees_its_voucher_before_it_is_swept),
        case!("R3", the_sweeper_writes_down_what_ran_out_and_nothing_else),
        case!("R3", an_authorize_that_was_voided_before_it_arrived_is_refused),
        case!("R3", a_void_by_request_id_lets_go_of_what_the_authorize_made),
        case!("R3", an_order_number_has_one_live_authorization),
        case!("R3", another_platforms_authorization_is_unknown),
    ]
}

async fn one_voucher_is_held_by_one_of_two_orders_in_a_batch(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let batch = vec![till.authorize("a1", ann, "o1"), till.authorize("a2", ann, "o2")];
    let answers = till.run(batch).await;
    assert!(answers[0].is_ok(), "the first in order of arrival gets it");
    assert_eq!(reason(&answers[1]), Reason::VoucherHeld);
}

async fn one_voucher_is_held_by_one_of_many_orders_at_once(till: Till) {
    let (till, ann) = (Arc::new(till), person(1));
    till.give(ann, RETURNS).await;
    let calls = (0..16).map(|n| {
        let till = Arc::clone(&till);
        tokio::spawn(async move {
            till.one(till.authorize(&format!("a{n}"), ann, &format!("o{n}"))).await
        })
    });
    let answers = futures::future::join_all(calls).await;
    let held = answers.iter().filter(|answer| answer.as_ref().expect("no panic").is_ok()).count();
    assert_eq!(held, 1);
}

async fn a_voucher_is_used_once(till: Till) {
    let ann = person(1);
    let voucher = till.give(ann, RETURNS).await;
    let id = till.held("a1", ann, "o1").await;
    made(till.one(till.capture("c1", id)).await);
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Used);
    let named = Wanted::Named(vec![voucher]);
    let answers = till
        .run(vec![
            till.authorize("a2", ann, "o2"),
            till.authorize_with("a3", ann, "o3", named),
            till.capture("c2", id),
        ])
        .await;
    let reasons: Vec<_> = answers.iter().map(reason).collect();
    assert_eq!(reasons, [Reason::VoucherUsed, Reason::VoucherUsed, Reason::AlreadyCaptured]);
}

async fn of_many_vouchers_those_that_are_not_over_are_looked_at(till: Till) {
    let ann = person(1);
    for date in ["2022-07-19", "2022-07-20", "2022-07-21"] {
        till.move_to(date, 600);
        till.give(ann, RETURNS).await;
    }
    let id = till.held("a1", ann, "o1").await;
    made(till.one(till.capture("c1", id)).await);
    till.move_to("2022-07-22", 600);
    let over = till.one(till.authorize("a2", ann, "o2")).await;
    assert_eq!(reason(&over), Reason::VoucherUsed, "of those that are over, the one that was last");
    let valid = till.give(ann, RETURNS).await;
    let held = made(till.one(till.authorize("a3", ann, "o3")).await);
    assert_eq!(held.vouchers[0].voucher_id, valid);
    let again = till.one(till.authorize("a4", ann, "o4")).await;
    assert_eq!(reason(&again), Reason::VoucherHeld);
}

async fn a_returned_right_is_used_once_more(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let id = till.held("a1", ann, "o1").await;
    made(till.one(till.capture("c1", id)).await);
    let refunded = made(till.one(till.refund("r1", id)).await);
    assert!(matches!(refunded.stage, Stage::Refunded { .. }));
    assert_eq!(refunded.refunds[0].rights, [0], "the right of its one voucher came back");
    assert_eq!(till.only_voucher(ann).await.uses_left, 1);
    let again = till.held("a2", ann, "o1").await;
    made(till.one(till.capture("c2", again)).await);
    let third = till.one(till.authorize("a3", ann, "o3")).await;
    assert_eq!(reason(&third), Reason::VoucherUsed);
}

async fn a_right_does_not_return_when_it_is_spent_or_over(till: Till) {
    let (ann, bob) = (person(1), person(2));
    till.give(ann, SPENT).await;
    till.give(bob, RETURNS).await;
    let (of_ann, of_bob) = (till.held("a1", ann, "o1").await, till.held("a2", bob, "o2").await);
    till.run(vec![till.capture("c1", of_ann), till.capture("c2", of_bob)]).await;
    let spent = made(till.one(till.refund("r1", of_ann)).await);
    till.move_to("2022-07-23", 1);
    let over = made(till.one(till.refund("r2", of_bob)).await);
    for refunded in [spent, over] {
        assert!(matches!(refunded.stage, Stage::Refunded { .. }));
        assert!(refunded.refunds[0].rights.is_empty());
    }
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Used);
    assert_eq!(till.only_voucher(bob).await.stage, VoucherStage::Used);
}

async fn parts_add_up_and_a_capture_is_refunded_once(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let id = till.held("a1", ann, "o1").await;
    assert_eq!(reason(&till.one(till.refund("r0", id)).await), Reason::NotCaptured);
    let captured = made(till.one(till.capture("c1", id)).await);
    assert_eq!(captured.discount(), OFF);
    for part in &captured.vouchers {
        assert_eq!(part.line_discounts.iter().copied().sum::<benefit::Fen>(), part.discount);
    }
    let answers = till.run(vec![till.refund("r1", id), till.refund("r2", id)]).await;
    assert!(answers[0].is_ok());
    assert_eq!(reason(&answers[1]), Reason::AlreadyRefunded);
    let totals = till.totals("2022-07-22").await;
    assert_eq!((totals[0].captured, totals[0].refunded), (OFF, OFF));
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Capture,
    Void,
    Expire,
    ExpireUnswept,
}

async fn of_capture_void_and_expiry_exactly_one_happens_in_any_order(till: Till) {
    use Step::{Capture, Expire, ExpireUnswept, Void};
    let orders = [
        [Capture, Void, Expire],
        [Capture, Expire, Void],
        [Void, Capture, Expire],
        [Void, Expire, Capture],
        [Expire, Capture, Void],
        [Expire, Void, Capture],
        [ExpireUnswept, Capture, Void],
        [ExpireUnswept, Void, Capture],
    ];
    for (n, steps) in (0u8..).zip(orders) {
        let who = person(n);
        till.give(who, RETURNS).await;
        let id = till.held(&format!("a{n}"), who, &format!("o{n}")).await;
        for (at, step) in steps.into_iter().enumerate() {
            take(&till, id, step, &format!("x{n}-{at}")).await;
        }
        let found = till.store.authorization(&till.partner, &AuthorizationKey::Id(id)).await;
        let found = found.expect("the store is there").expect("it was made").at(till.now());
        let happened = match found.stage {
            Stage::Captured(_) => Capture,
            Stage::Voided { .. } => Void,
            _ => Expire,
        };
        let first = if steps[0] == ExpireUnswept { Expire } else { steps[0] };
        assert_eq!(happened, first, "{steps:?}");
    }
}

async fn take(till: &Till, id: member_identity::AuthorizationId, step: Step, request_id: &str) {
    match step {
        Step::Capture => drop(till.one(till.capture(request_id, id)).await),
        Step::Void => drop(till.one(till.void(request_id, id)).await),
        Step::Expire | Step::ExpireUnswept => till.pass(Duration::from_secs(301)),
    }
    if step == Step::Expire {
        till.store.expire_holds(till.moment(), 100).await.expect("the store is there");
    }
}

async fn a_hold_that_ran_out_frees_its_voucher_before_it_is_swept(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let first = till.held("a1", ann, "o1").await;
    till.pass(Duration::from_secs(300));
    let second = till.held("a2", ann, "o2").await;
    assert_ne!(first, second);
    let late = till.run(vec![till.capture("c1", first), till.void("v1", first)]).await;
    assert_eq!(reason(&late[0]), Reason::HoldExpired);
    assert_eq!(reason(&late[1]), Reason::HoldExpired);
    made(till.one(till.capture("c2", second)).await);
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Used);
}

async fn the_sweeper_writes_down_what_ran_out_and_nothing_else(till: Till) {
    let (ann, bob, cid) = (person(1), person(2), person(3));
    for who in [ann, bob, cid] {
        till.give(who, RETURNS).await;
    }
    till.held("a1", ann, "o1").await;
    let captured = till.held("a2", bob, "o2").await;
    made(till.one(till.capture("c2", captured)).await);
    till.pass(Duration::from_secs(200));
    till.held("a3", cid, "o3").await;
    till.pass(Duration::from_secs(100));
    let sweep = || till.store.expire_holds(till.moment(), 100);
    assert_eq!(sweep().await.expect("the store is there"), 1);
    assert_eq!(sweep().await.expect("the store is there"), 0);
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Available);
    assert_eq!(till.only_voucher(bob).await.stage, VoucherStage::Used);
    assert!(matches!(till.only_voucher(cid).await.stage, VoucherStage::Held { .. }));
}

async fn an_authorize_that_was_voided_before_it_arrived_is_refused(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let voided = till.one(till.void_request("v1", "a1")).await.expect("it is recorded");
    assert_eq!(voided.authorization, None);
    let batch = vec![
        till.authorize("a1", ann, "o1"),
        till.void_request("v2", "a2"),
        till.authorize("a2", ann, "o2"),
        till.void_request("v3", "a2"),
        till.authorize("a3", ann, "o3"),
    ];
    let answers = till.run(batch).await;
    assert_eq!(reason(&answers[0]), Reason::VoidedBeforeAuthorize);
    assert_eq!(reason(&answers[2]), Reason::VoidedBeforeAuthorize);
    assert!(answers[1].is_ok() && answers[3].is_ok());
    assert!(answers[4].is_ok(), "the voucher was never held");
}

async fn a_void_by_request_id_lets_go_of_what_the_authorize_made(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let id = till.held("a1", ann, "o1").await;
    let voided = made(till.one(till.void_request("v1", "a1")).await);
    assert_eq!(voided.authorization_id, id);
    assert!(matches!(voided.stage, Stage::Voided { .. }));
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Available);
    till.held("a3", ann, "o3").await;
    assert_eq!(reason(&till.one(till.void("v2", id)).await), Reason::AlreadyVoided);
    let refused = till.one(till.authorize("a2", person(2), "o2")).await;
    assert_eq!(reason(&refused), Reason::NoVoucher);
    let nothing = till.one(till.void_request("v3", "a2")).await;
    assert_eq!(reason(&nothing), Reason::AuthorizationUnknown, "a refused authorize made nothing");
}

async fn an_order_number_has_one_live_authorization(till: Till) {
    let (ann, bob) = (person(1), person(2));
    till.give(ann, RETURNS).await;
    till.give(bob, RETURNS).await;
    let first = till.held("a1", ann, "o1").await;
    let second = till.one(till.authorize("a2", bob, "o1")).await;
    assert_eq!(reason(&second), Reason::OrderAlreadyAuthorized);
    made(till.one(till.void("v1", first)).await);
    let after_void = till.held("a3", bob, "o1").await;
    till.pass(Duration::from_secs(301));
    let after_expiry = till.held("a4", ann, "o1").await;
    let newest = AuthorizationKey::Order(key("o1"));
    let found = till.store.authorization(&till.partner, &newest).await;
    let found = found.expect("the store is there").expect("the order is known");
    assert_eq!(found.authorization_id, after_expiry);
    let lapsed = till.one(till.capture("c0", after_void)).await;
    assert_eq!(reason(&lapsed), Reason::HoldExpired);
    made(till.one(till.capture("c1", after_expiry)).await);
    let captured = till.one(till.authorize("a5", bob, "o1")).await;
    assert_eq!(reason(&captured), Reason::OrderAlreadyAuthorized);
    made(till.one(till.refund("r1", after_expiry)).await);
    till.held("a6", bob, "o1").await;
}

async fn another_platforms_authorization_is_unknown(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let id = till.held("a1", ann, "o1").await;
    let mut other = till.capture("c1", id);
    other.partner = key("otherpay");
    assert_eq!(reason(&till.one(other.clone()).await), Reason::AuthorizationUnknown);
    let seen = till.store.authorization(&other.partner, &AuthorizationKey::Id(id)).await;
    assert_eq!(seen.expect("the store is there"), None);
    let mut void = till.void_request("v1", "a1");
    void.partner = key("otherpay");
    let marked = till.one(void).await.expect("a request id is the platform's own");
    assert_eq!(marked.authorization, None);
    made(till.one(till.capture("c1", id)).await);
}
