//! Law E2 at the till: terms that ask whether the member still qualifies.

use std::time::Duration;

use benefit::Fen;

use super::offers::{cart, combining, off, rechecking};
use super::till::{Till, campaign_of, made, person, reason};
use super::{Case, case};
use crate::domain::{Action, Checks, Command, Detail, Reason, Standing, Wanted};
use crate::store::WALLET_MAX;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("E2", without_a_verdict_nothing_is_held_and_nothing_is_remembered),
        case!("E2", who_qualifies_gets_the_voucher_held),
        case!("E2", who_does_not_qualify_any_more_is_refused_for_ever),
        case!("E2", while_nobody_can_tell_the_rest_applies),
        case!("E2", a_check_is_wanted_only_when_it_matters),
        case!("E2", of_a_large_wallet_those_are_read_that_an_order_looks_at),
    ]
}

const MODEL: &str = "model-workers";
const DAY: Duration = Duration::from_secs(86_400);

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

async fn of_a_large_wallet_those_are_read_that_an_order_looks_at(till: Till) {
    offer(&till).await;
    let ann = person(1);
    let mut last = till.voucher(ann, "checked");
    last.valid_until = last.valid_until.plus(DAY);
    till.feed(till.message(vec![last.clone()])).await;
    till.pass(Duration::from_secs(1));
    let newer = (0..=WALLET_MAX).map(|_| till.voucher(ann, "free")).collect();
    till.feed(till.message(newer)).await;
    let read = async || till.store.wallet(ann, &[], till.now()).await.expect("the store is there");
    let wallet = read().await;
    assert_eq!(wallet.vouchers.len(), 200);
    assert!(wallet.vouchers.iter().any(|own| own.voucher_id == last.voucher_id));
    let asked = wallet.campaigns.values().any(|campaign| campaign.terms.rechecks_membership());
    assert!(asked, "so that its policy is asked about");
    let held = made(till.one(wish(&till, "a1", Some(Standing::Qualifies))).await);
    assert_eq!(held.discount(), Fen(150));
    for _ in 0..2 {
        till.pass(DAY);
        let left: Vec<_> = read().await.vouchers.iter().map(|own| own.voucher_id).collect();
        assert_eq!(left, [last.voucher_id], "of those that are over only the last");
    }
}

async fn a_check_is_wanted_only_when_it_matters(till: Till) {
    let alone = rechecking("checked", off(50), MODEL, 3);
    till.offer(vec![alone, campaign_of("free", off(100), 4)]).await;
    till.give(person(1), "checked").await;
    till.give(person(1), "free").await;
    let held = made(till.one(wish(&till, "a1", None)).await);
    assert_eq!(held.discount(), Fen(100), "the other takes off more, whoever qualifies");
}
