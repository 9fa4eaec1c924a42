//! Law E2 at the till: terms that ask whether the member still qualifies.

use benefit::Fen;

use super::offers::{cart, combining, off, rechecking};
use super::till::{Till, campaign_of, made, person, reason};
use super::{Case, case};
use crate::domain::{Action, Checks, Command, Detail, Reason, Standing, Wanted};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("E2", without_a_verdict_nothing_is_held_and_nothing_is_remembered),
        case!("E2", who_qualifies_gets_the_voucher_held),
        case!("E2", who_does_not_qualify_any_more_is_refused_for_ever),
        case!("E2", while_nobody_can_tell_the_rest_applies),
        case!("E2", a_check_is_wanted_only_when_it_matters),
    ]
}

const MODEL: &str = "model-workers";

async fn offer(till: &Till) {
    let checked = rechecking("checked", combining(off(100), 0), MODEL, 3);
    till.offer(vec![checked, campaign_of("free", combining(off(50), 1), 4)]).await;
}

fn wish(till: &Till, request_id: &str, standing: Option<Standing>) -> Command {
    let order = cart("o1", &[("tea", 300)]);
    let mut command = till.authorize_order(request_id, person(1), (order, Wanted::Best));
    if let (Action::Authorize(order), Some(standing)) = (&mut command.action, standing) {
        order.checks = Checks::from_iter([(MODEL.to_owned(), standing)]);
    }
    command
}

fn fails() -> Option<Standing> {
    Some(Standing::Fails { criterion: String::from("honour") })
}

async fn without_a_verdict_nothing_is_held_and_nothing_is_remembered(till: Till) {
    offer(&till).await;
    till.give(person(1), "checked").await;
    let wanted = till.one(wish(&till, "a1", None)).await;
    assert_eq!(reason(&wanted), Reason::BenefitNotAvailableNow);
    let key = (till.partner.clone(), crate::domain::Verb::Authorize, super::till::key("a1"));
    assert!(till.store.recall(&key).await.expect("the store is there").is_none());
    let held = made(till.one(wish(&till, "a1", Some(Standing::Qualifies))).await);
    assert_eq!(held.discount(), Fen(100), "the same request, with a verdict");
    let again = made(till.one(wish(&till, "a1", None)).await);
    assert_eq!(again, held, "a replay needs none");
}

async fn who_qualifies_gets_the_voucher_held(till: Till) {
    offer(&till).await;
    till.give(person(1), "checked").await;
    till.give(person(1), "free").await;
    let held = made(till.one(wish(&till, "a1", Some(Standing::Qualifies))).await);
    assert_eq!(held.discount(), Fen(150));
}

async fn who_does_not_qualify_any_more_is_refused_for_ever(till: Till) {
    offer(&till).await;
    till.give(person(1), "checked").await;
    let refused = till.one(wish(&till, "a1", fails())).await.expect_err("they do not qualify");
    assert_eq!(refused.reason, Reason::NoLongerEligible);
    let criterion = (Detail::Criterion, String::from("honour"));
    assert!(refused.details.contains(&criterion));
    let again = till.one(wish(&till, "a1", Some(Standing::Qualifies))).await;
    assert_eq!(again, Err(refused));
    till.give(person(1), "free").await;
    let rest = made(till.one(wish(&till, "a2", fails())).await);
    assert_eq!(rest.discount(), Fen(50), "what does not ask applies");
}

async fn while_nobody_can_tell_the_rest_applies(till: Till) {
    offer(&till).await;
    till.give(person(1), "checked").await;
    let untold = || Some(Standing::Untold);
    let alone = till.one(wish(&till, "a1", untold())).await;
    assert_eq!(reason(&alone), Reason::BenefitNotAvailableNow, "and it is not remembered");
    till.give(person(1), "free").await;
    let rest = made(till.one(wish(&till, "a1", untold())).await);
    assert_eq!(rest.discount(), Fen(50));
}

async fn a_check_is_wanted_only_when_it_matters(till: Till) {
    let alone = rechecking("checked", off(50), MODEL, 3);
    till.offer(vec![alone, campaign_of("free", off(100), 4)]).await;
    till.give(person(1), "checked").await;
    till.give(person(1), "free").await;
    let held = made(till.one(wish(&till, "a1", None)).await);
    assert_eq!(held.discount(), Fen(100), "the other takes off more, whoever qualifies");
}
