//! Vouchers that are over: what issuance is told of their money, to the fen and once.

use std::time::Duration;

use benefit::{Fen, RefundRule, TermsParts};
use futures::future::join;
use member_identity::VoucherId;

use super::offers::{amount, bus, cart, purse};
use super::till::{RETURNS, SPENT, Till, cool_drinks, made, person, reason};
use super::{Case, case};
use crate::domain::{Closure, ClosureEntries, Reason, VoucherStage};

/// Vouchers looked at in one step.
const BATCH: u32 = 4;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("closure", a_voucher_that_nobody_used_is_closed_when_its_validity_ends),
        case!("closure", what_was_spent_of_a_voucher_is_not_unspent),
        case!("closure", a_refund_of_a_closed_voucher_makes_another_closure),
        case!("closure", a_right_that_comes_back_with_grace_is_told_and_closed_again),
        case!("closure", a_voucher_that_is_held_is_closed_after_its_hold),
        case!("closure", the_rest_of_a_balance_is_unspent),
        case!("closure", what_a_refund_may_give_back_is_not_unspent),
        case!("closure", what_is_used_up_is_closed_when_its_day_is),
        case!("closure", what_is_closed_is_over_for_who_is_behind_in_time),
        case!("closure", two_replicas_close_each_voucher_once_and_leave_no_gap),
        case!("closure", closures_are_read_after_a_position),
        case!("closure", a_later_version_of_a_closed_voucher_is_looked_at_again),
    ]
}

impl Till {
    /// Closes what is due, as the sweeper does.
    async fn sweep(&self) {
        let closures = self.store.closures();
        loop {
            let looked = closures.close_vouchers(self.now(), BATCH).await;
            if looked.expect("the store is there") < BATCH {
                return;
            }
        }
    }

    /// Reads the journal of closed days and closes what is due, as the sweeper does.
    async fn walk(&self) {
        let closures = self.store.closures();
        while closures.walk_closed_days(self.now(), 2).await.expect("the store is there") == 2 {}
        self.sweep().await;
    }

    /// Everything that issuance was told so far.
    async fn closed(&self) -> Vec<Closure> {
        let told = self.store.closures().closures_after(0, 1_000).await;
        told.expect("the store is there").closures
    }

    /// The figures that issuance was told, in the order of the positions.
    async fn closed_figures(&self) -> Vec<(u32, i64, i64)> {
        let told = self.closed().await;
        told.iter().map(|one| (one.version, one.spent.0, one.unspent.0)).collect()
    }

    /// Uses a person's voucher.
    async fn use_up(&self, n: u8) -> member_identity::AuthorizationId {
        let id = self.held(&format!("a{n}"), person(n), &format!("o{n}")).await;
        made(self.one(self.capture(&format!("c{n}"), id)).await);
        id
    }
}

async fn a_voucher_that_nobody_used_is_closed_when_its_validity_ends(till: Till) {
    let voucher_id = till.give(person(1), RETURNS).await;
    till.move_to("2022-07-22", 1_439);
    till.sweep().await;
    assert_eq!(till.closed().await, [], "it can still be used");
    till.move_to("2022-07-23", 0);
    till.sweep().await;
    till.sweep().await;
    let closure = Closure {
        voucher_id,
        campaign_id: super::till::key(RETURNS),
        version: 1,
        spent: Fen::ZERO,
        unspent: Fen(299),
    };
    assert_eq!(till.closed().await, [closure], "once");
}

async fn what_was_spent_of_a_voucher_is_not_unspent(till: Till) {
    for n in 1..=2 {
        till.give(person(n), SPENT).await;
        let id = till.held(&format!("a{n}"), person(n), &format!("o{n}")).await;
        // Of the second order less than half was paid.
        let part = till.capture_part("c", id, amount(200));
        let command = if n == 1 { till.capture("c1", id) } else { part };
        made(till.one(command).await);
    }
    till.move_to("2022-07-23", 0);
    till.sweep().await;
    let mut figures = till.closed_figures().await;
    figures.sort_unstable();
    assert_eq!(figures, [(1, 119, 180), (1, 299, 0)], "299 x 200 / 500, rounded down");
}

async fn a_refund_of_a_closed_voucher_makes_another_closure(till: Till) {
    till.give(person(1), SPENT).await;
    let id = till.use_up(1).await;
    till.move_to("2022-07-23", 0);
    till.sweep().await;
    assert_eq!(till.closed_figures().await, [(1, 299, 0)]);
    till.refunded("r1", id, amount(250)).await;
    till.sweep().await;
    till.sweep().await;
    let told = till.closed_figures().await;
    assert_eq!(told, [(1, 299, 0), (2, 150, 149)], "half of the order went back");
    till.refunded("r2", id, amount(250)).await;
    till.sweep().await;
    assert_eq!(till.closed_figures().await[2..], [(3, 0, 299)]);
    assert_eq!(till.only_voucher(person(1)).await.stage, VoucherStage::Used);
}

async fn a_right_that_comes_back_with_grace_is_told_and_closed_again(till: Till) {
    let grace = RefundRule::RightReturnsWithGrace(2);
    till.offer_one("grace", TermsParts { refund_rule: grace, ..cool_drinks() }).await;
    till.give(person(1), "grace").await;
    let id = till.use_up(1).await;
    till.move_to("2022-07-23", 600);
    till.sweep().await;
    assert_eq!(till.closed_figures().await, [(1, 299, 0)]);
    made(till.one(till.refund("r1", id)).await);
    till.sweep().await;
    assert_eq!(till.closed_figures().await[1..], [(2, 0, 0)], "it can be used again");
    let again = till.held("a2", person(1), "o2").await;
    till.move_to("2022-07-25", 0);
    till.store.expire_holds(till.moment(), 10).await.expect("the store is there");
    till.sweep().await;
    assert_eq!(till.closed_figures().await[2..], [(3, 0, 299)], "the grace is over");
    assert_eq!(reason(&till.one(till.capture("c2", again)).await), Reason::HoldExpired);
}

async fn a_voucher_that_is_held_is_closed_after_its_hold(till: Till) {
    for n in 1..=2 {
        till.give(person(n), SPENT).await;
    }
    till.move_to("2022-07-22", 1_438);
    let paid = till.held("a1", person(1), "o1").await;
    let lost = till.held("a2", person(2), "o2").await;
    till.move_to("2022-07-23", 1);
    till.sweep().await;
    assert_eq!(till.closed().await, [], "both may still be captured");
    made(till.one(till.capture("c1", paid)).await);
    till.move_to("2022-07-23", 10);
    till.sweep().await;
    assert_eq!(
        till.closed_figures().await,
        [(1, 299, 0)],
        "the other hold ran out and is not swept"
    );
    till.store.expire_holds(till.moment(), 10).await.expect("the store is there");
    till.pass(Duration::from_secs(1));
    till.sweep().await;
    assert_eq!(till.closed_figures().await[1..], [(1, 0, 299)]);
    assert_eq!(reason(&till.one(till.capture("c2", lost)).await), Reason::HoldExpired);
}

async fn the_rest_of_a_balance_is_unspent(till: Till) {
    till.offer_one("purse", TermsParts { refund_rule: RefundRule::RightReturns, ..purse(1_000) })
        .await;
    till.give(person(1), "purse").await;
    let held = till.hold_for(person(1), cart("o1", &[("tea", 300)])).await;
    till.captured(held.authorization_id, benefit::Portion::Whole).await;
    till.move_to("2022-07-23", 0);
    till.sweep().await;
    assert_eq!(till.closed_figures().await, [(1, 300, 700)]);
    till.refunded("r1", held.authorization_id, amount(100)).await;
    till.sweep().await;
    assert_eq!(till.closed_figures().await[1..], [(2, 200, 800)], "its validity is over");
}

async fn what_a_refund_may_give_back_is_not_unspent(till: Till) {
    let grace = RefundRule::RightReturnsWithGrace(2);
    till.offer_one("purse", TermsParts { refund_rule: grace, ..purse(1_000) }).await;
    till.give(person(1), "purse").await;
    let held = till.hold_for(person(1), cart("o1", &[("tea", 300)])).await;
    till.captured(held.authorization_id, benefit::Portion::Whole).await;
    till.move_to("2022-07-23", 0);
    till.sweep().await;
    assert_eq!(till.closed_figures().await, [(1, 300, 0)], "a refund makes all of it usable again");
    till.refunded("r1", held.authorization_id, benefit::Portion::Whole).await;
    till.move_to("2022-07-25", 0);
    till.sweep().await;
    assert_eq!(till.closed_figures().await[1..], [(2, 0, 1_000)], "nothing more can come back");
}

async fn what_is_used_up_is_closed_when_its_day_is(till: Till) {
    // A bus pass of two rides, of which the second was a short one.
    let parts = TermsParts { refund_rule: RefundRule::RightIsSpent, ..bus(2, 2) };
    till.offer_one("bus", parts).await;
    let mut pass = till.voucher(person(1), "bus");
    pass.valid_until = pass.valid_until.plus(Duration::from_secs(30 * 86_400));
    till.feed(till.message(vec![pass])).await;
    for (n, fare) in [(1, 300), (2, 150)] {
        let held = till.hold_for(person(1), cart(&format!("o{n}"), &[("bus", fare)])).await;
        till.captured(held.authorization_id, benefit::Portion::Whole).await;
    }
    // Another's, which has a ride left.
    let mut pass = till.voucher(person(2), "bus");
    pass.valid_until = pass.valid_until.plus(Duration::from_secs(30 * 86_400));
    till.feed(till.message(vec![pass])).await;
    let held = till.hold_for(person(2), cart("o3", &[("bus", 200)])).await;
    till.captured(held.authorization_id, benefit::Portion::Whole).await;
    till.close().await;
    till.walk().await;
    assert_eq!(till.closed().await, [], "the day goes on");
    till.move_to("2022-07-23", 1);
    till.close().await;
    till.walk().await;
    till.walk().await;
    assert_eq!(till.closed_figures().await, [(1, 350, 50)], "200 of 200 and 150 of 200");
    till.refunded("r2", held.authorization_id, benefit::Portion::Whole).await;
    till.move_to("2022-08-22", 0);
    till.sweep().await;
    assert_eq!(till.closed_figures().await[1..], [(1, 0, 400)], "and the other when it is over");
}

async fn what_is_closed_is_over_for_who_is_behind_in_time(till: Till) {
    let behind = till.replica().await;
    for n in 1..=2 {
        till.give(person(n), RETURNS).await;
    }
    let used = till.use_up(2).await;
    till.move_to("2022-07-23", 0);
    till.sweep().await;
    let late = behind.one(behind.authorize("a3", person(1), "o3")).await;
    assert_eq!(reason(&late), Reason::VoucherExpired, "its money is its fund's again");
    let refunded = behind.refunded("r2", used, benefit::Portion::Whole).await;
    assert_eq!(refunded.refunds[0].rights, [0_usize; 0], "its right does not come back");
    till.sweep().await;
    let mut figures = till.closed_figures().await;
    figures.sort_unstable();
    assert_eq!(figures, [(1, 0, 299), (1, 299, 0), (2, 0, 299)]);
}

async fn two_replicas_close_each_voucher_once_and_leave_no_gap(till: Till) {
    let other = till.replica().await;
    let mut expected: Vec<VoucherId> = Vec::new();
    for n in 1..=40 {
        expected.push(till.give(person(n), RETURNS).await);
    }
    till.move_to("2022-07-23", 0);
    other.move_to("2022-07-23", 0);
    join(till.sweep(), other.sweep()).await;
    // What one was at is left out by the other, and is looked at the next time.
    till.sweep().await;
    let told = till.closed().await;
    let mut closed: Vec<_> = told.iter().map(|one| one.voucher_id).collect();
    closed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(closed, expected);
    let head = other.store.closures().closure_head().await.expect("the store is there");
    assert_eq!(head.position, 40);
}

async fn closures_are_read_after_a_position(till: Till) {
    for n in 1..=5 {
        till.give(person(n), RETURNS).await;
    }
    till.move_to("2022-07-23", 0);
    till.sweep().await;
    let told = till.closed().await;
    let page = till.store.closures().closures_after(2, 2).await.expect("the store is there");
    let closures = told[2..4].to_vec();
    assert_eq!(page, ClosureEntries { first_position: 3, closures });
    let none = till.store.closures().closures_after(5, 2).await.expect("the store is there");
    assert_eq!(none.closures, []);
    let replica = till.replica().await;
    let (one, two) = (till.store.closures(), replica.store.closures());
    assert_eq!(
        one.closure_head().await.expect("the store is there"),
        two.closure_head().await.expect("the store is there"),
        "one database, one feed"
    );
}

async fn a_later_version_of_a_closed_voucher_is_looked_at_again(till: Till) {
    let voucher = till.voucher(person(1), RETURNS);
    till.feed(till.message(vec![voucher.clone()])).await;
    till.move_to("2022-07-23", 0);
    till.sweep().await;
    let valid_until = till.now().plus(Duration::from_secs(60));
    let later = crate::domain::IssuedVoucher { version: 2, valid_until, ..voucher };
    till.feed(till.message(vec![later])).await;
    till.pass(Duration::from_secs(60));
    till.sweep().await;
    assert_eq!(till.closed_figures().await, [(1, 0, 299)], "it came to the same");
}
