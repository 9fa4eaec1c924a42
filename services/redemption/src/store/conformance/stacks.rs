//! Laws R1 and R2 of several vouchers in one order.

use benefit::{Fen, Kind, TermsParts};

use super::offers::{DISTRICT, PROVINCE, amount, cart, check_up, combining, lines, off, plain};
use super::till::{Till, campaign_of, made, person, reason};
use super::{Case, case};
use crate::domain::{Reason, Stage, VoucherStage, Wanted};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("R2", vouchers_of_two_funders_take_their_turns_on_one_order),
        case!("R1", of_named_vouchers_all_are_held_or_none),
        case!("R1", named_vouchers_of_one_turn_take_off_the_same_in_whichever_order_they_are_named),
        case!("R1", an_order_that_is_let_go_lets_go_of_each_of_its_vouchers),
        case!("R1", a_voucher_of_a_hold_that_ran_out_frees_the_others_too),
        case!("R1", two_orders_that_share_one_voucher_of_their_stacks_do_not_both_get_it),
        case!("R2", each_funder_pays_what_its_voucher_took_off),
        case!("R2", a_line_that_costs_nothing_any_more_goes_back_fen_by_fen),
        case!("R1", a_service_is_used_without_money_and_returns_with_the_whole_order),
        case!("R2", a_stack_of_three_is_the_most),
    ]
}

async fn vouchers_of_two_funders_take_their_turns_on_one_order(till: Till) {
    let ann = person(1);
    till.offer_double().await;
    let (district, province) = (till.give(ann, DISTRICT).await, till.give(ann, PROVINCE).await);
    let held = till.hold_for(ann, cart("o1", &[("tea", 300), ("rice", 150)])).await;
    let parts: Vec<_> = held
        .vouchers
        .iter()
        .map(|one| (one.voucher_id, one.organization.as_str(), one.discount.0))
        .collect();
    assert_eq!(parts, [(province, "gd", 100), (district, "gd/zhuhai", 50)]);
    // 100 x 300/450 = 66.67 and 33.33; then 50 over 233 and 117: 33.29 and 16.71.
    assert_eq!(plain(&held.vouchers[0].line_discounts), [67, 33]);
    assert_eq!(plain(&held.vouchers[1].line_discounts), [33, 17]);
    assert_eq!((held.discount(), plain(&held.line_amounts)), (Fen(150), vec![300, 150]));
    assert_eq!(till.stored(held.authorization_id).await, held, "it is stored as it was answered");
}

async fn of_named_vouchers_all_are_held_or_none(till: Till) {
    let ann = person(1);
    till.offer_double().await;
    let (district, province) = (till.give(ann, DISTRICT).await, till.give(ann, PROVINCE).await);
    let another = till.give(ann, PROVINCE).await;
    let ask = |n: &str, ids: &[member_identity::VoucherId]| {
        let order = cart(n, &[("tea", 300)]);
        till.authorize_order(n, ann, (order, Wanted::Named(ids.to_vec())))
    };
    let same_campaign = till.one(ask("o1", &[province, another])).await;
    assert_eq!(reason(&same_campaign), Reason::NotCombinable);
    let both = made(till.one(ask("o2", &[district, province])).await);
    assert_eq!(both.discount(), Fen(150), "whatever the order in which they are named");
    let one_is_held = till.one(ask("o3", &[another, district])).await;
    assert_eq!(reason(&one_is_held), Reason::VoucherHeld);
    assert!(till.one(ask("o4", &[another])).await.is_ok(), "the other was not held");
}

async fn named_vouchers_of_one_turn_take_off_the_same_in_whichever_order_they_are_named(
    till: Till,
) {
    let ann = person(1);
    let kind = Kind::PercentOff { threshold: Fen::ZERO, percent: 50, cap: Fen(10_000) };
    let half = TermsParts { kind, ..off(1) };
    let (amount, half) = (combining(off(100), 0), combining(half, 0));
    till.offer(vec![campaign_of("amount", amount, 3), campaign_of("half", half, 4)]).await;
    let (amount, half) = (till.give(ann, "amount").await, till.give(ann, "half").await);
    let mut discounts = Vec::new();
    for (n, ids) in [("o1", [amount, half]), ("o2", [half, amount])] {
        let wish = (cart(n, &[("tea", 1_000)]), Wanted::Named(ids.to_vec()));
        let held = made(till.one(till.authorize_order(n, ann, wish)).await);
        discounts.push(held.discount());
        made(till.one(till.void(n, held.authorization_id)).await);
    }
    discounts.push(till.hold_for(ann, cart("o3", &[("tea", 1_000)])).await.discount());
    assert_eq!(discounts, [discounts[2]; 3], "and as when none is named");
}

async fn an_order_that_is_let_go_lets_go_of_each_of_its_vouchers(till: Till) {
    let ann = person(1);
    till.offer_double().await;
    till.give(ann, DISTRICT).await;
    till.give(ann, PROVINCE).await;
    let held = till.hold_for(ann, cart("o1", &[("tea", 300)])).await;
    let voided = made(till.one(till.void("v1", held.authorization_id)).await);
    assert_eq!(voided.captured(), Fen::ZERO);
    let wallet = till.store.wallet(ann, &[], till.now()).await.expect("the store is there");
    assert!(wallet.vouchers.iter().all(|own| own.stage == VoucherStage::Available));
    assert_eq!(till.hold_for(ann, cart("o2", &[("tea", 300)])).await.discount(), Fen(150));
}

async fn a_voucher_of_a_hold_that_ran_out_frees_the_others_too(till: Till) {
    let ann = person(1);
    till.offer_double().await;
    let (district, _) = (till.give(ann, DISTRICT).await, till.give(ann, PROVINCE).await);
    let first = till.hold_for(ann, cart("o1", &[("tea", 300)])).await;
    till.pass(std::time::Duration::from_secs(300));
    let wanted = Wanted::Named(vec![district]);
    let order = cart("o2", &[("tea", 300)]);
    made(till.one(till.authorize_order("o2", ann, (order, wanted))).await);
    assert!(matches!(till.stored(first.authorization_id).await.stage, Stage::Expired { .. }));
    let other = till.hold_for(ann, cart("o3", &[("tea", 300)])).await;
    assert_eq!(other.discount(), Fen(100), "the province's voucher is free");
}

async fn two_orders_that_share_one_voucher_of_their_stacks_do_not_both_get_it(till: Till) {
    let other = till.replica().await;
    till.offer_double().await;
    for n in 0..20 {
        till.give(person(n), DISTRICT).await;
        till.give(person(n), PROVINCE).await;
    }
    let wish = |till: &Till, side: &str, n: u8| {
        let order = cart(&format!("{side}{n}"), &[("tea", 300)]);
        till.authorize_order(&format!("{side}{n}"), person(n), (order, Wanted::Best))
    };
    let left = till.insist((0..20).map(|n| wish(&till, "l", n)).collect());
    let right = other.insist((0..20).rev().map(|n| wish(&other, "r", n)).collect());
    let (left, mut right) = futures::future::join(left, right).await;
    right.reverse();
    for (left, right) in left.into_iter().zip(right) {
        let (held, refused) = if left.is_ok() { (left, right) } else { (right, left) };
        assert_eq!(made(held).discount(), Fen(150), "both vouchers, or none");
        assert_eq!(reason(&refused), Reason::VoucherHeld);
    }
}

async fn each_funder_pays_what_its_voucher_took_off(till: Till) {
    let ann = person(1);
    till.offer_double().await;
    till.give(ann, DISTRICT).await;
    till.give(ann, PROVINCE).await;
    let held = till.hold_for(ann, cart("o1", &[("tea", 300), ("rice", 150)])).await;
    till.captured(held.authorization_id, benefit::Portion::Whole).await;
    till.refunded("r1", held.authorization_id, lines(&[(1, 150)])).await;
    let totals = till.totals("2022-07-22").await;
    let figures: Vec<_> = totals
        .iter()
        .map(|one| (one.organization.as_str(), one.captured.0, one.refunded.0, one.refunds))
        .collect();
    assert_eq!(figures, [("gd/zhuhai", 50, 17, 1), ("gd", 100, 33, 1)]);
}

async fn a_line_that_costs_nothing_any_more_goes_back_fen_by_fen(till: Till) {
    let ann = person(1);
    let penny = || combining(off(1), 0);
    till.offer(vec![campaign_of("one", penny(), 3), campaign_of("two", penny(), 4)]).await;
    till.give(ann, "one").await;
    till.give(ann, "two").await;
    let held = till.hold_for(ann, cart("o1", &[("tea", 2)])).await;
    assert_eq!(held.discount(), Fen(2), "the member pays nothing");
    till.captured(held.authorization_id, benefit::Portion::Whole).await;
    till.refunded("r1", held.authorization_id, amount(1)).await;
    let whole = till.refunded("r2", held.authorization_id, amount(1)).await;
    for given in whole.given_back_by_refund() {
        let back: i64 = given.iter().map(|fen| fen.0).sum();
        assert_eq!(back, 1, "a return of 1 fen gives back 1 fen, and the member owes nothing");
    }
    assert!(matches!(whole.stage, Stage::Refunded { .. }));
}

async fn a_service_is_used_without_money_and_returns_with_the_whole_order(till: Till) {
    let ann = person(1);
    till.offer_one("check-up", check_up()).await;
    till.give(ann, "check-up").await;
    let held = till.hold_for(ann, cart("o1", &[("check-up", 0)])).await;
    assert_eq!((held.discount(), held.vouchers.len()), (Fen::ZERO, 1));
    till.captured(held.authorization_id, benefit::Portion::Whole).await;
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Used);
    let totals = till.totals("2022-07-22").await;
    assert_eq!((totals[0].captures, totals[0].captured), (1, Fen::ZERO), "it is counted");
    let returned = till.refunded("r1", held.authorization_id, benefit::Portion::Whole).await;
    assert!(matches!(returned.stage, Stage::Refunded { .. }));
    assert_eq!(returned.refunds[0].rights, [0]);
    assert_eq!(till.only_voucher(ann).await.uses_left, 1);
}

async fn a_stack_of_three_is_the_most(till: Till) {
    let ann = person(1);
    let names = ["one", "two", "three", "four"];
    let offers = (3..).zip(names).map(|(at, id)| campaign_of(id, combining(off(10), 0), at));
    till.offer(offers.collect()).await;
    let mut vouchers = Vec::new();
    for id in names {
        vouchers.push(till.give(ann, id).await);
    }
    let order = cart("o0", &[("tea", 300)]);
    let four = till.authorize_order("o0", ann, (order, Wanted::Named(vouchers)));
    assert_eq!(reason(&till.one(four).await), Reason::NotCombinable);
    let held = till.hold_for(ann, cart("o1", &[("tea", 300)])).await;
    assert_eq!((held.vouchers.len(), held.discount()), (3, Fen(30)));
}
