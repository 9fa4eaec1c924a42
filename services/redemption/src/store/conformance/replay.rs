//! Law A1: the same request gets the same answer for ever.

use std::time::Duration;

use super::till::{RETURNS, Till, key, made, person, reason};
use super::{Case, case};
use crate::domain::{Action, Answer, Command, Detail, Reason, Stage, Verb, Wanted};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("A1", every_effect_is_answered_the_same_again),
        case!("A1", every_refusal_is_answered_the_same_again),
        case!("A1", a_request_that_comes_twice_in_a_batch_has_one_effect),
        case!("A1", a_request_that_comes_many_times_at_once_has_one_effect),
        case!("A1", other_content_under_the_same_id_names_the_first_field_that_differs),
        case!("A1", a_request_id_belongs_to_one_platform_and_one_verb),
        case!("A1", a_request_is_recalled_with_its_authorization),
        case!("A1", a_request_that_was_voided_before_it_arrived_is_known_by_what_it_said_then),
        case!("A3", a_batch_whose_caller_goes_away_is_done_or_not_and_blocks_nobody),
    ]
}

async fn again(till: &Till, commands: &[Command], answers: &[Answer]) {
    let replayed = till.run(commands.to_vec()).await;
    assert_eq!(replayed, answers, "the answers are the same again");
}

async fn every_effect_is_answered_the_same_again(till: Till) {
    let (ann, bob) = (person(1), person(2));
    till.give(ann, RETURNS).await;
    till.give(bob, RETURNS).await;
    let authorize = [till.authorize("x1", ann, "o1"), till.authorize("x2", bob, "o2")];
    let held = till.run(authorize.to_vec()).await;
    let ids: Vec<_> = held.iter().cloned().map(|held| made(held).authorization_id).collect();
    let then = [
        till.capture("x1", ids[0]),
        till.void("x1", ids[1]),
        till.refund("x1", ids[0]),
        till.void_request("x3", "never-came"),
    ];
    let done = till.run(then.to_vec()).await;
    assert!(done.iter().all(Result::is_ok));
    till.pass(Duration::from_secs(3_600));
    again(&till, &authorize, &held).await;
    again(&till, &then, &done).await;
    assert!(matches!(made(held[0].clone()).stage, Stage::Held), "as it was made");
    assert!(matches!(made(done[0].clone()).stage, Stage::Captured(_)), "as it was captured");
    let totals = till.totals("2022-07-22").await;
    assert_eq!((totals[0].captures, totals[0].refunds), (1, 1), "each effect once");
}

async fn every_refusal_is_answered_the_same_again(till: Till) {
    let ann = person(1);
    let id = member_identity::AuthorizationId::from_bytes([9; 16]);
    let refused = [
        till.authorize("x1", ann, "o1"),
        till.capture("x1", id),
        till.void("x1", id),
        till.refund("x1", id),
    ];
    let answers = till.run(refused.to_vec()).await;
    let reasons: Vec<_> = answers.iter().map(reason).collect();
    let unknown = Reason::AuthorizationUnknown;
    assert_eq!(reasons, [Reason::NoVoucher, unknown, unknown, unknown]);
    till.give(ann, RETURNS).await;
    again(&till, &refused, &answers).await;
    till.held("x2", ann, "o1").await;
    let held = [till.authorize("x3", ann, "o1"), till.authorize("x4", ann, "o2")];
    let answers = till.run(held.to_vec()).await;
    assert_eq!(reason(&answers[0]), Reason::OrderAlreadyAuthorized);
    assert_eq!(reason(&answers[1]), Reason::VoucherHeld);
    till.pass(Duration::from_secs(3_600));
    again(&till, &held, &answers).await;
}

async fn a_request_that_comes_twice_in_a_batch_has_one_effect(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let authorize = till.authorize("a1", ann, "o1");
    let held = till.run(vec![authorize.clone(), authorize]).await;
    assert_eq!(held[0], held[1]);
    let id = made(held[0].clone()).authorization_id;
    let captured = till.run(vec![till.capture("c1", id), till.capture("c1", id)]).await;
    assert_eq!(captured[0], captured[1]);
    assert_eq!(till.totals("2022-07-22").await[0].captures, 1);
}

async fn a_request_that_comes_many_times_at_once_has_one_effect(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let calls = (0..10).map(|_| till.one(till.authorize("a1", ann, "o1")));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.is_ok()));
}

async fn other_content_under_the_same_id_names_the_first_field_that_differs(till: Till) {
    let ann = person(1);
    let voucher = till.give(ann, RETURNS).await;
    let authorize = till.authorize("a1", ann, "o1");
    let id = made(till.one(authorize.clone()).await).authorization_id;
    made(till.one(till.capture("c1", id)).await);
    let named = Wanted::Named(vec![voucher]);
    let mut longer = authorize.clone();
    if let Action::Authorize(asked) = &mut longer.action {
        asked.asked.hold = Duration::from_secs(60);
    }
    let other = member_identity::AuthorizationId::from_bytes([9; 16]);
    let reused = [
        (till.authorize("a1", person(2), "o2"), "member"),
        (till.authorize("a1", ann, "o2"), "order.order_number"),
        (till.authorize_with("a1", ann, "o1", named), "voucher_ids"),
        (longer, "hold"),
        (till.capture("c1", other), "authorization_id"),
    ];
    for (command, field) in reused {
        let refusal = till.one(command).await.expect_err("the id is taken");
        assert_eq!(refusal.reason, Reason::RequestIdReused);
        assert_eq!(refusal.details, [(Detail::Field, field.to_owned())]);
    }
    assert!(till.one(authorize).await.is_ok(), "the first content is still answered");
}

async fn a_request_id_belongs_to_one_platform_and_one_verb(till: Till) {
    let (ann, bob) = (person(1), person(2));
    till.give(ann, RETURNS).await;
    till.give(bob, RETURNS).await;
    let id = till.held("x", ann, "o1").await;
    made(till.one(till.capture("x", id)).await);
    let mut other = till.authorize("x", bob, "o1");
    other.partner = key("otherpay");
    assert_ne!(made(till.one(other).await).authorization_id, id);
}

async fn a_request_is_recalled_with_its_authorization(till: Till) {
    let ann = person(1);
    let request = |id: &str| (till.partner.clone(), Verb::Authorize, key(id));
    let recall =
        async |id: &str| till.store.recall(&request(id)).await.expect("the store is there");
    assert!(recall("a1").await.is_none());
    till.one(till.authorize("a1", ann, "o1")).await.expect_err("there is no voucher yet");
    till.give(ann, RETURNS).await;
    let id = till.held("a2", ann, "o1").await;
    let refused = recall("a1").await.expect("it was answered");
    assert!(refused.authorization.is_none());
    assert!(refused.remembered.outcome.is_err());
    let made = recall("a2").await.expect("it was answered").authorization.expect("it made one");
    assert_eq!(made.authorization_id, id);
}

async fn a_request_that_was_voided_before_it_arrived_is_known_by_what_it_said_then(till: Till) {
    let (ann, bob) = (person(1), person(2));
    till.give(ann, RETURNS).await;
    till.give(bob, RETURNS).await;
    till.one(till.void_request("v1", "a1")).await.expect("it is recorded");
    let batch = vec![
        till.authorize("a1", ann, "o1"),
        till.authorize("a1", bob, "o1"),
        till.void_request("v2", "a2"),
        till.authorize("a2", ann, "o2"),
        till.authorize("a2", bob, "o2"),
    ];
    let answers = till.run(batch.clone()).await;
    for (voided, other) in [(&answers[0], &answers[1]), (&answers[3], &answers[4])] {
        assert_eq!(reason(voided), Reason::VoidedBeforeAuthorize);
        let refusal = other.as_ref().expect_err("the id is taken by what came first");
        assert_eq!(refusal.reason, Reason::RequestIdReused);
        assert_eq!(refusal.details, [(Detail::Field, String::from("member"))]);
    }
    again(&till, &batch, &answers).await;
    // Each of the two voids has an effect, and the voucher was never held.
    till.one(till.void_request("v3", "a1")).await.expect("it is voided already");
    till.held("a3", ann, "o3").await;
}

async fn a_batch_whose_caller_goes_away_is_done_or_not_and_blocks_nobody(till: Till) {
    for n in 0..30 {
        till.give(person(n), RETURNS).await;
    }
    let wish = |n: u8| till.authorize(&format!("a{n}"), person(n), &format!("o{n}"));
    for n in 0..30 {
        let batch = till.store.checkout_batch(vec![wish(n)], till.moment());
        // Each caller goes away a little later in the step than the one before.
        let mut batch = std::pin::pin!(batch);
        for _ in 0..n {
            if futures::poll!(batch.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let answers = till.run((0..30).map(wish).collect()).await;
    assert!(answers.iter().all(Result::is_ok), "each has its voucher, held once");
    again(&till, &(0..30).map(wish).collect::<Vec<_>>(), &answers).await;
}
