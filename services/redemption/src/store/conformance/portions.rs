//! Law R2: a part of an order is captured, and the rest is let go.

use benefit::{Fen, Portion};

use super::offers::{DISTRICT, PROVINCE, amount, cart, lines, off, plain, purse};
use super::till::{RETURNS, Till, campaign_of, made, person};
use super::{Case, case};
use crate::domain::{Detail, Reason, Stage, VoucherStage};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("R2", a_part_that_is_captured_books_its_share_of_the_discount),
        case!("R2", a_part_by_amount_is_split_over_the_lines),
        case!("R1", a_voucher_of_which_nothing_is_captured_is_not_used),
        case!("R1", the_rest_of_a_balance_comes_back_with_a_part),
        case!("R2", a_part_above_the_order_is_refused_and_remembered),
        case!("A1", a_captured_part_is_answered_the_same_again),
        case!("A1", another_portion_under_the_same_id_is_another_request),
        case!("R3", of_a_part_that_is_captured_and_a_void_exactly_one_happens),
    ]
}

async fn a_part_that_is_captured_books_its_share_of_the_discount(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let order = cart("o1", &[("cold-drink", 300), ("cold-drink", 300)]);
    let held = till.hold_for(ann, order).await;
    assert_eq!(plain(&held.vouchers[0].line_discounts), [150, 149]);
    let captured = till.captured(held.authorization_id, lines(&[(1, 100)])).await;
    assert_eq!(plain(&captured.captured_amounts), [0, 100]);
    assert_eq!(captured.captured(), Fen(49), "149 x 100 / 300 = 49.67");
    let totals = till.totals("2022-07-22").await;
    assert_eq!((totals[0].captures, totals[0].captured), (1, Fen(49)));
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Used);
    let refunded = till.refunded("r1", held.authorization_id, Portion::Whole).await;
    assert!(matches!(refunded.stage, Stage::Refunded { .. }));
    assert_eq!((refunded.refunded(), plain(&refunded.returned_amounts())), (Fen(49), vec![0, 100]));
    assert_eq!(till.stored(held.authorization_id).await, refunded);
}

async fn a_part_by_amount_is_split_over_the_lines(till: Till) {
    let ann = person(1);
    till.offer_one("any", off(100)).await;
    till.give(ann, "any").await;
    let held = till.hold_for(ann, cart("o1", &[("tea", 200), ("rice", 0), ("salt", 100)])).await;
    assert_eq!(plain(&held.vouchers[0].line_discounts), [67, 0, 33]);
    let captured = till.captured(held.authorization_id, amount(100)).await;
    assert_eq!(plain(&captured.captured_amounts), [67, 0, 33]);
    // 67 x 67 / 200 = 22.4 and 33 x 33 / 100 = 10.9.
    assert_eq!(captured.captured(), Fen(32));
}

async fn a_voucher_of_which_nothing_is_captured_is_not_used(till: Till) {
    let ann = person(1);
    till.offer_double().await;
    // A stack over two lines: the cold drink alone is covered by the first.
    let drinks = super::offers::combining(super::till::cool_drinks(), 0);
    till.offer(vec![campaign_of("drinks", drinks, 5)]).await;
    let drink = till.give(ann, "drinks").await;
    let district = till.give(ann, DISTRICT).await;
    let held = till.hold_for(ann, cart("o1", &[("cold-drink", 300), ("rice", 500)])).await;
    let order: Vec<_> = held.vouchers.iter().map(|one| one.voucher_id).collect();
    assert_eq!(order, [drink, district]);
    let captured = till.captured(held.authorization_id, lines(&[(1, 500)])).await;
    let of_each = plain(&captured.captured_by_voucher());
    assert_eq!(of_each, [0, held.vouchers[1].line_discounts[1].0]);
    let wallet = till.store.wallet(ann, &[], till.now()).await.expect("the store is there");
    let stage = |id| wallet.vouchers.iter().find(|own| own.voucher_id == id).map(|own| own.stage);
    assert_eq!(stage(drink), Some(VoucherStage::Available));
    assert_eq!(stage(district), Some(VoucherStage::Used));
    let totals = till.totals("2022-07-22").await;
    assert_eq!(totals.len(), 1, "nothing is booked of the one that was let go");
    till.refunded("r1", held.authorization_id, Portion::Whole).await;
    let wallet = till.store.wallet(ann, &[], till.now()).await.expect("the store is there");
    assert!(wallet.vouchers.iter().all(|own| own.uses_left == 1), "used once, and not twice back");
}

async fn the_rest_of_a_balance_comes_back_with_a_part(till: Till) {
    let ann = person(1);
    till.offer_one("purse", purse(1_000)).await;
    till.give(ann, "purse").await;
    let held = till.hold_for(ann, cart("o1", &[("tea", 300), ("rice", 300)])).await;
    assert_eq!(held.discount(), Fen(600));
    till.captured(held.authorization_id, lines(&[(0, 300)])).await;
    let own = till.only_voucher(ann).await;
    assert_eq!((own.stage, own.balance_left), (VoucherStage::Available, Some(Fen(700))));
}

async fn a_part_above_the_order_is_refused_and_remembered(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let id = till.held("a1", ann, "o1").await;
    let rows = [
        (amount(501), Reason::PortionAboveOrder, (Detail::LeftFen, "500")),
        (lines(&[(0, 501)]), Reason::PortionAboveOrder, (Detail::LeftFen, "500")),
        (lines(&[(1, 1)]), Reason::PortionLineUnknown, (Detail::Line, "1")),
        (lines(&[(0, 1), (0, 1)]), Reason::PortionLineUnknown, (Detail::Line, "0")),
    ];
    for (n, (portion, reason, (detail, value))) in rows.into_iter().enumerate() {
        let command = till.capture_part(&format!("c{n}"), id, portion);
        let refused = till.one(command.clone()).await.expect_err("it is no part of the order");
        assert_eq!(refused.reason, reason);
        assert_eq!(refused.details, [(detail, value.to_owned())]);
        assert_eq!(till.one(command).await, Err(refused), "the same again");
    }
    assert!(till.one(till.capture("c9", id)).await.is_ok(), "the hold is as it was");
}

async fn a_captured_part_is_answered_the_same_again(till: Till) {
    let ann = person(1);
    till.offer_double().await;
    till.give(ann, DISTRICT).await;
    till.give(ann, PROVINCE).await;
    let held = till.hold_for(ann, cart("o1", &[("tea", 300), ("rice", 300)])).await;
    let id = held.authorization_id;
    let capture = till.capture_part("c1", id, lines(&[(0, 200)]));
    let captured = till.one(capture.clone()).await;
    till.refunded("r1", id, amount(50)).await;
    till.refunded("r2", id, Portion::Whole).await;
    till.pass(std::time::Duration::from_secs(3_600));
    assert_eq!(till.one(capture).await, captured, "without the refunds that came since");
    assert!(made(captured).refunds.is_empty());
}

async fn another_portion_under_the_same_id_is_another_request(till: Till) {
    let ann = person(1);
    till.give(ann, RETURNS).await;
    let id = till.held("a1", ann, "o1").await;
    made(till.one(till.capture("c1", id)).await);
    till.refunded("r1", id, amount(100)).await;
    let reused = [
        till.capture_part("c1", id, amount(500)),
        till.refund_part("r1", id, amount(101)),
        till.refund_part("r1", id, lines(&[(0, 100)])),
        till.refund("r1", id),
    ];
    for command in reused {
        let refusal = till.one(command).await.expect_err("the id is taken");
        assert_eq!(refusal.reason, Reason::RequestIdReused);
        assert_eq!(refusal.details, [(Detail::Field, String::from("portion"))]);
    }
}

async fn of_a_part_that_is_captured_and_a_void_exactly_one_happens(till: Till) {
    let other = till.replica().await;
    till.offer_double().await;
    let mut held = Vec::new();
    for n in 0..20 {
        till.give(person(n), DISTRICT).await;
        till.give(person(n), PROVINCE).await;
        held.push(till.hold_for(person(n), cart(&format!("o{n}"), &[("tea", 300)])).await);
    }
    let ids = || held.iter().map(|one| one.authorization_id).enumerate();
    let captures = ids().map(|(n, id)| till.capture_part(&format!("c{n}"), id, amount(100)));
    let voids = ids().rev().map(|(n, id)| other.void(&format!("v{n}"), id));
    let captures = till.insist(captures.collect());
    let voids = other.insist(voids.collect());
    let (captured, mut voided) = futures::future::join(captures, voids).await;
    voided.reverse();
    for (n, (captured, voided)) in (0..).zip(captured.iter().zip(&voided)) {
        assert!(captured.is_ok() != voided.is_ok(), "exactly one happens");
        let wallet =
            till.store.wallet(person(n), &[], till.now()).await.expect("the store is there");
        let stage = if captured.is_ok() { VoucherStage::Used } else { VoucherStage::Available };
        assert!(wallet.vouchers.iter().all(|own| own.stage == stage), "of all its vouchers");
    }
}
