//! Law R1 of vouchers that are used more than once: by number, by period, and as a balance.

use benefit::{Fen, Portion, RefundRule, TermsParts};

use super::offers::{amount, bus, cart, off, purse};
use super::till::{Till, campaign_of, made, person, reason};
use super::{Case, case};
use crate::domain::{
    Detail, FeedBatch, Found, Order, PeriodCount, Reason, Stage, VoucherStage, WalletVoucher,
    Wanted, hindrance,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("R1", a_voucher_is_used_as_often_as_its_terms_say),
        case!("R1", a_voucher_of_many_uses_is_held_by_one_order_at_a_time),
        case!("R1", the_uses_of_a_day_are_spent_until_the_next),
        case!("R1", a_use_counts_on_the_day_of_its_authorization),
        case!("R1", a_returned_use_is_counted_back_within_its_period),
        case!("R1", a_balance_is_spent_in_parts_until_it_is_gone),
        case!("R1", each_refund_gives_back_to_a_balance_at_once),
        case!("R1", a_balance_gets_nothing_back_when_its_right_is_spent),
        case!("R1", refunds_that_give_back_to_a_balance_count_as_returns),
        case!("R1", orders_at_two_replicas_never_spend_more_than_a_balance),
        case!("feed", a_voucher_begins_with_what_its_terms_give_however_it_comes),
        case!("feed", a_later_version_leaves_uses_and_balance_alone),
    ]
}

fn fare(n: impl std::fmt::Display) -> Order {
    cart(&format!("ride-{n}"), &[("bus", 200)])
}

/// One ride, which must be free.
async fn ride(till: &Till, n: u8) -> member_identity::AuthorizationId {
    let held = till.hold_for(person(1), fare(n)).await;
    assert_eq!(held.discount(), Fen(200));
    till.captured(held.authorization_id, Portion::Whole).await;
    held.authorization_id
}

async fn refused(till: &Till, n: u8) -> Reason {
    let command = till.authorize_order(&format!("no-{n}"), person(1), (fare(n), Wanted::Best));
    reason(&till.one(command).await)
}

async fn passenger(till: &Till, total: u32, a_day: u32) {
    till.offer_one("bus", bus(total, a_day)).await;
    let mut voucher = till.voucher(person(1), "bus");
    voucher.valid_until = voucher.valid_until.plus(std::time::Duration::from_secs(30 * 86_400));
    till.feed(till.message(vec![voucher])).await;
}

async fn a_voucher_is_used_as_often_as_its_terms_say(till: Till) {
    passenger(&till, 3, 3).await;
    for n in 0..3 {
        assert_eq!(till.only_voucher(person(1)).await.uses_left, 3 - u32::from(n));
        ride(&till, n).await;
    }
    assert_eq!(till.only_voucher(person(1)).await.stage, VoucherStage::Used);
    assert_eq!(refused(&till, 3).await, Reason::VoucherUsed);
}

async fn a_voucher_of_many_uses_is_held_by_one_order_at_a_time(till: Till) {
    passenger(&till, 10, 10).await;
    let held = till.hold_for(person(1), fare(0)).await;
    assert_eq!(refused(&till, 1).await, Reason::VoucherHeld);
    till.captured(held.authorization_id, Portion::Whole).await;
    ride(&till, 2).await;
}

async fn the_uses_of_a_day_are_spent_until_the_next(till: Till) {
    passenger(&till, 100, 2).await;
    ride(&till, 0).await;
    ride(&till, 1).await;
    let command = till.authorize_order("no", person(1), (fare(2), Wanted::Best));
    let refusal = till.one(command).await.expect_err("two a day");
    assert_eq!(refusal.reason, Reason::UsesOfPeriodSpent);
    let value = |wanted| refusal.details.iter().find(|(detail, _)| *detail == wanted);
    assert_eq!(value(Detail::Period).expect("it is told").1, "2022-07-22");
    assert_eq!(value(Detail::Uses).expect("it is told").1, "2");
    let wallet = till.store.wallet(person(1), &[], till.now()).await.expect("the store is there");
    let campaign = wallet.campaigns.values().next().expect("of the voucher");
    let shown = |now| hindrance(&wallet.vouchers[0], campaign, now).map(|why| why.reason);
    assert_eq!(shown(till.now()), Some(Reason::UsesOfPeriodSpent), "the wallet says why");
    till.move_to("2022-07-22", 1_439);
    assert_eq!(refused(&till, 3).await, Reason::UsesOfPeriodSpent);
    till.move_to("2022-07-23", 0);
    assert_eq!(shown(till.now()), None);
    ride(&till, 4).await;
    ride(&till, 5).await;
    assert_eq!(refused(&till, 6).await, Reason::UsesOfPeriodSpent);
}

async fn a_use_counts_on_the_day_of_its_authorization(till: Till) {
    passenger(&till, 100, 1).await;
    till.move_to("2022-07-22", 1_439);
    let held = till.hold_for(person(1), fare(0)).await;
    till.move_to("2022-07-23", 1);
    till.captured(held.authorization_id, Portion::Whole).await;
    let own = till.only_voucher(person(1)).await;
    assert_eq!(own.counted, Some(PeriodCount { period: String::from("2022-07-22"), uses: 1 }));
    ride(&till, 1).await;
    assert_eq!(refused(&till, 2).await, Reason::UsesOfPeriodSpent);
}

async fn a_returned_use_is_counted_back_within_its_period(till: Till) {
    passenger(&till, 100, 1).await;
    let first = ride(&till, 0).await;
    till.refunded("r1", first, Portion::Whole).await;
    let second = ride(&till, 1).await;
    till.move_to("2022-07-23", 600);
    ride(&till, 2).await;
    till.refunded("r2", second, Portion::Whole).await;
    assert_eq!(refused(&till, 3).await, Reason::UsesOfPeriodSpent, "it was yesterday's");
    let own = till.only_voucher(person(1)).await;
    assert_eq!((own.uses_left, own.returns), (99, 2));
}

async fn purse_of(till: &Till, value: i64) -> WalletVoucher {
    till.offer_one("purse", purse(value)).await;
    till.give(person(1), "purse").await;
    till.only_voucher(person(1)).await
}

/// Spends so much of the purse, and gives what is taken off.
async fn spend(till: &Till, n: u8, fen: i64) -> (member_identity::AuthorizationId, i64) {
    let held = till.hold_for(person(1), cart(&format!("o{n}"), &[("tea", fen)])).await;
    till.captured(held.authorization_id, Portion::Whole).await;
    (held.authorization_id, held.discount().0)
}

async fn a_balance_is_spent_in_parts_until_it_is_gone(till: Till) {
    let own = purse_of(&till, 1_000).await;
    assert_eq!((own.balance_left, own.uses_left), (Some(Fen(1_000)), 1));
    assert_eq!(spend(&till, 0, 300).await.1, 300);
    assert_eq!(till.only_voucher(person(1)).await.balance_left, Some(Fen(700)));
    assert_eq!(spend(&till, 1, 900).await.1, 700, "what is left of it");
    let own = till.only_voucher(person(1)).await;
    assert_eq!((own.stage, own.balance_left), (VoucherStage::Used, Some(Fen::ZERO)));
    assert_eq!(refused(&till, 2).await, Reason::VoucherUsed);
}

async fn each_refund_gives_back_to_a_balance_at_once(till: Till) {
    purse_of(&till, 1_000).await;
    let (id, _) = spend(&till, 0, 1_000).await;
    let first = till.refunded("r1", id, amount(300)).await;
    assert_eq!(first.refunds[0].rights, [0]);
    let own = till.only_voucher(person(1)).await;
    assert_eq!((own.stage, own.balance_left), (VoucherStage::Available, Some(Fen(300))));
    assert_eq!(spend(&till, 1, 500).await.1, 300);
    till.refunded("r2", id, Portion::Whole).await;
    let own = till.only_voucher(person(1)).await;
    assert_eq!((own.balance_left, own.returns), (Some(Fen(700)), 2));
}

async fn a_balance_gets_nothing_back_when_its_right_is_spent(till: Till) {
    let parts = TermsParts { refund_rule: RefundRule::RightIsSpent, ..purse(1_000) };
    till.offer_one("purse", parts).await;
    till.give(person(1), "purse").await;
    let (id, _) = spend(&till, 0, 400).await;
    let refunded = till.refunded("r1", id, Portion::Whole).await;
    assert!(refunded.refunds[0].rights.is_empty());
    assert_eq!(refunded.refunded(), Fen(400), "the money goes back to the funder all the same");
    assert_eq!(till.only_voucher(person(1)).await.balance_left, Some(Fen(600)));
}

async fn refunds_that_give_back_to_a_balance_count_as_returns(till: Till) {
    till.offer_one("purse", TermsParts { returns_max: 1, ..purse(1_000) }).await;
    till.give(person(1), "purse").await;
    let (id, _) = spend(&till, 0, 400).await;
    till.refunded("r1", id, amount(100)).await;
    let last = till.refunded("r2", id, Portion::Whole).await;
    assert!(last.refunds[1].rights.is_empty());
    assert_eq!(till.only_voucher(person(1)).await.balance_left, Some(Fen(700)));
}

async fn orders_at_two_replicas_never_spend_more_than_a_balance(till: Till) {
    let other = till.replica().await;
    purse_of(&till, 1_000).await;
    let shop = async |till: &Till, side: &str| {
        let mut spent = 0;
        for n in 0..20 {
            let order = cart(&format!("{side}{n}"), &[("tea", 70)]);
            let wish = (order, Wanted::Best);
            let command = till.authorize_order(&format!("{side}{n}"), person(1), wish);
            if let Ok(receipt) = till.insist(vec![command]).await.remove(0) {
                let held = receipt.authorization.expect("it was made");
                let capture = till.capture(&format!("{side}{n}"), held.authorization_id);
                spent += made(till.insist(vec![capture]).await.remove(0)).captured().0;
            }
        }
        spent
    };
    let (left, right) = futures::future::join(shop(&till, "l"), shop(&other, "r")).await;
    let own = till.only_voucher(person(1)).await;
    assert_eq!(own.balance_left, Some(Fen(1_000 - left - right)));
    assert_eq!(till.totals("2022-07-22").await[0].captured.0, left + right);
}

async fn a_voucher_begins_with_what_its_terms_give_however_it_comes(till: Till) {
    let (ann, bob) = (person(1), person(2));
    let voucher = till.voucher(ann, "bus");
    let campaigns = vec![campaign_of("bus", bus(7, 2), 3)];
    let found = Found { vouchers: vec![voucher], campaigns };
    till.store.apply_found(found).await.expect("the store is there");
    let purse = campaign_of("purse", purse(800), 4);
    let message = till.message(vec![till.voucher(bob, "purse")]);
    till.feed(FeedBatch { campaigns: vec![purse], ..message }).await;
    let (own, other) = (till.only_voucher(ann).await, till.only_voucher(bob).await);
    assert_eq!((own.uses_left, own.balance_left, own.counted), (7, None, None));
    assert_eq!((other.uses_left, other.balance_left), (1, Some(Fen(800))));
}

async fn a_later_version_leaves_uses_and_balance_alone(till: Till) {
    let ann = person(1);
    till.offer_one("purse", purse(1_000)).await;
    let first = till.voucher(ann, "purse");
    till.feed(till.message(vec![first.clone()])).await;
    spend(&till, 0, 300).await;
    let mut later = first;
    later.version = 2;
    till.feed(till.message(vec![later])).await;
    assert_eq!(till.only_voucher(ann).await.balance_left, Some(Fen(700)));
    let stale = vec![campaign_of("purse", off(1), 2)];
    let found = Found { vouchers: Vec::new(), campaigns: stale };
    till.store.apply_found(found).await.expect("the store is there");
    let held = till.hold_for(ann, cart("o9", &[("tea", 200)])).await;
    assert_eq!((held.discount(), held.stage), (Fen(200), Stage::Held));
}
