//! Several replicas on one database: the laws hold whichever of them is asked.

use std::time::Duration;

use futures::future::{join, join_all};

use super::till::{EPOCH, RETURNS, Till, day, key, made, person, reason, stock};
use super::{Case, case};
use crate::domain::{
    Answer, Authorization, Command, Counterparty, FeedBatch, Reason, Stage, StockBatch,
    VoucherStage, Wanted,
};
use crate::store::AuthorizationKey;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("A1", the_same_requests_at_two_replicas_at_once_have_one_effect_and_equal_answers),
        case!("R1", two_orders_that_want_one_voucher_at_two_replicas_get_it_once),
        case!("R1", an_order_number_at_two_replicas_has_one_live_authorization),
        case!("R3", of_capture_void_and_expiry_at_three_replicas_exactly_one_happens),
        case!("R3", a_void_and_its_authorize_that_meet_at_two_replicas_agree),
        case!("R3", sweepers_of_two_replicas_write_down_each_hold_once),
        case!("R5", captures_that_meet_the_closing_at_midnight_are_on_the_right_statement),
        case!("R5", two_replicas_close_each_day_once),
        case!("feed", two_followers_take_in_each_position_once),
    ]
}

/// Persons of a storm.
const PERSONS: u8 = 40;

/// What the answers to holds of that many persons were about.
async fn hold_all(till: &Till, persons: std::ops::Range<u8>) -> Vec<Authorization> {
    for n in persons.clone() {
        till.give(person(n), RETURNS).await;
    }
    let commands = persons.map(|n| till.authorize(&format!("a{n}"), person(n), &format!("o{n}")));
    till.insist(commands.collect()).await.into_iter().map(made).collect()
}

async fn stage_of(till: &Till, id: member_identity::AuthorizationId) -> Stage {
    let key = AuthorizationKey::Id(id);
    let found = till.store.authorization(&till.partner, &key).await.expect("the store is there");
    found.expect("it was made").stage
}

/// Runs the same commands, in batches of their own and in both directions, at two replicas.
async fn at_both(till: &Till, other: &Till, commands: &[Command]) -> [Vec<Answer>; 2] {
    let forwards = join_all(commands.chunks(10).map(|batch| till.insist(batch.to_vec())));
    let reversed: Vec<_> = commands.iter().rev().cloned().collect();
    let backwards = join_all(reversed.chunks(7).map(|batch| other.insist(batch.to_vec())));
    let (forwards, backwards) = join(forwards, backwards).await;
    let mut backwards = backwards.concat();
    backwards.reverse();
    [forwards.concat(), backwards]
}

async fn the_same_requests_at_two_replicas_at_once_have_one_effect_and_equal_answers(till: Till) {
    let other = till.replica().await;
    // Every third has nothing to hold: refusals are remembered as well.
    for n in (0..PERSONS).filter(|n| n % 3 > 0) {
        till.give(person(n), RETURNS).await;
    }
    let authorize: Vec<_> = (0..PERSONS)
        .map(|n| till.authorize(&format!("a{n}"), person(n), &format!("o{n}")))
        .collect();
    let [held, again] = at_both(&till, &other, &authorize).await;
    assert_eq!(held, again, "equal answers from both replicas");
    let ids = held.into_iter().flatten().filter_map(|receipt| receipt.authorization);
    let ids: Vec<_> = ids.map(|authorization| authorization.authorization_id).collect();
    assert_eq!(ids.len(), (0..PERSONS).filter(|n| n % 3 > 0).count());
    let then: Vec<_> = (0..)
        .zip(&ids)
        .map(|(n, id)| match n % 2 {
            0 => till.capture(&format!("c{n}"), *id),
            _ => till.void(&format!("v{n}"), *id),
        })
        .collect();
    let [done, again] = at_both(&till, &other, &then).await;
    assert_eq!(done, again, "equal answers from both replicas");
    assert!(done.iter().all(Result::is_ok));
    let totals = till.totals("2022-07-22").await;
    assert_eq!(totals[0].captures, i64::try_from(ids.len().div_ceil(2)).expect("a small number"));
}

async fn two_orders_that_want_one_voucher_at_two_replicas_get_it_once(till: Till) {
    let other = till.replica().await;
    let mut vouchers = Vec::new();
    for n in 0..PERSONS {
        vouchers.push(till.give(person(n), RETURNS).await);
    }
    let wish = |till: &Till, side: &str, n: u8| {
        let wanted = match n % 2 {
            0 => Wanted::Best,
            _ => Wanted::Named(vec![vouchers[usize::from(n)]]),
        };
        till.authorize_with(&format!("{side}{n}"), person(n), &format!("{side}{n}"), wanted)
    };
    let left = till.insist((0..PERSONS).map(|n| wish(&till, "l", n)).collect());
    let right = other.insist((0..PERSONS).rev().map(|n| wish(&till, "r", n)).collect());
    let (left, mut right) = join(left, right).await;
    right.reverse();
    for (left, right) in left.iter().zip(&right) {
        let refused = if left.is_ok() { right } else { left };
        assert!(left.is_ok() || right.is_ok(), "one of the two gets it");
        assert_eq!(reason(refused), Reason::VoucherHeld);
    }
}

async fn an_order_number_at_two_replicas_has_one_live_authorization(till: Till) {
    let other = till.replica().await;
    for n in 0..PERSONS {
        till.give(person(n), RETURNS).await;
    }
    // Two persons a number, so that no voucher is in common.
    let half = PERSONS / 2;
    let wish = |n: u8| till.authorize(&format!("a{n}"), person(n), &format!("o{}", n % half));
    let left = till.insist((0..half).map(wish).collect());
    let right = other.insist((half..PERSONS).rev().map(wish).collect());
    let (left, mut right) = join(left, right).await;
    right.reverse();
    for (n, (left, right)) in left.iter().zip(&right).enumerate() {
        let (held, refused) = if left.is_ok() { (left, right) } else { (right, left) };
        assert_eq!(reason(refused), Reason::OrderAlreadyAuthorized);
        let order = AuthorizationKey::Order(key(&format!("o{n}")));
        let found = till.store.authorization(&till.partner, &order).await;
        let found = found.expect("the store is there").expect("the order has one");
        assert_eq!(found.authorization_id, made(held.clone()).authorization_id);
    }
}

async fn of_capture_void_and_expiry_at_three_replicas_exactly_one_happens(till: Till) {
    let (voiding, sweeping) = (till.replica().await, till.replica().await);
    let held = hold_all(&till, 0..PERSONS).await;
    // The clock of one replica is ahead: there, every hold has run out.
    sweeping.pass(Duration::from_secs(301));
    let captures: Vec<_> = held
        .iter()
        .enumerate()
        .map(|(n, held)| till.capture(&format!("c{n}"), held.authorization_id))
        .collect();
    let voids: Vec<_> = held
        .iter()
        .enumerate()
        .map(|(n, held)| match n % 2 {
            0 => till.void(&format!("v{n}"), held.authorization_id),
            _ => till.void_request(&format!("v{n}"), held.request_id.as_str()),
        })
        .rev()
        .collect();
    let capture = join_all(captures.chunks(3).map(|batch| till.insist(batch.to_vec())));
    let void = join_all(voids.chunks(5).map(|batch| voiding.insist(batch.to_vec())));
    let sweep = join_all((0..6).map(|_| sweeping.store.expire_holds(sweeping.moment(), 5)));
    let (captured, (voided, swept)) = join(capture, join(void, sweep)).await;
    let mut voided = voided.concat();
    voided.reverse();
    let swept: u32 = swept.into_iter().map(|swept| swept.expect("the store is there")).sum();
    let mut expired = 0;
    for ((held, captured), voided) in held.iter().zip(captured.concat()).zip(&voided) {
        let voucher = till.only_voucher(held.person).await.stage;
        match stage_of(&till, held.authorization_id).await {
            Stage::Captured(_) => {
                assert!(captured.is_ok() && voided.is_err());
                assert_eq!(voucher, VoucherStage::Used);
            }
            Stage::Voided { .. } => {
                assert!(captured.is_err() && voided.is_ok());
                assert_eq!(voucher, VoucherStage::Available);
            }
            Stage::Expired { .. } => {
                expired += 1;
                assert_eq!(reason(&captured), Reason::HoldExpired);
                assert_eq!(reason(voided), Reason::HoldExpired);
                assert_eq!(voucher, VoucherStage::Available);
            }
            stage => panic!("{stage:?}"),
        }
    }
    assert_eq!(swept, expired, "each was written down once");
}

async fn a_void_and_its_authorize_that_meet_at_two_replicas_agree(till: Till) {
    let other = till.replica().await;
    for n in 0..PERSONS {
        till.give(person(n), RETURNS).await;
    }
    let holds: Vec<_> = (0..PERSONS)
        .map(|n| till.authorize(&format!("a{n}"), person(n), &format!("o{n}")))
        .collect();
    let voids: Vec<_> =
        (0..PERSONS).rev().map(|n| till.void_request(&format!("v{n}"), &format!("a{n}"))).collect();
    let hold = join_all(holds.chunks(4).map(|batch| till.insist(batch.to_vec())));
    let void = join_all(voids.chunks(4).map(|batch| other.insist(batch.to_vec())));
    let (held, voided) = join(hold, void).await;
    let mut voided = voided.concat();
    voided.reverse();
    for (n, (held, voided)) in (0..).zip(held.concat().into_iter().zip(voided)) {
        let voided = voided.expect("a void of either has an effect").authorization;
        match held {
            Ok(receipt) => {
                let id = receipt.authorization.expect("it was made").authorization_id;
                let stage = voided.expect("it was seen").stage;
                assert!(matches!(stage, Stage::Voided { .. }));
                assert_eq!(stage_of(&till, id).await, stage);
            }
            Err(refusal) => {
                assert_eq!(refusal.reason, Reason::VoidedBeforeAuthorize);
                assert_eq!(voided, None);
            }
        }
        assert_eq!(till.only_voucher(person(n)).await.stage, VoucherStage::Available);
    }
}

async fn sweepers_of_two_replicas_write_down_each_hold_once(till: Till) {
    let other = till.replica().await;
    let held = hold_all(&till, 0..PERSONS).await;
    till.pass(Duration::from_secs(301));
    other.pass(Duration::from_secs(301));
    let sweep = async |till: &Till| {
        let mut swept = 0;
        while swept_all(till, &mut swept).await {}
        swept
    };
    let (first, second) = join(sweep(&till), sweep(&other)).await;
    assert_eq!(first + second, u32::from(PERSONS));
    for held in &held {
        assert!(matches!(stage_of(&till, held.authorization_id).await, Stage::Expired { .. }));
    }
}

/// Sweeps a few; false when there is nothing left to be swept by anybody.
async fn swept_all(till: &Till, swept: &mut u32) -> bool {
    *swept += till.store.expire_holds(till.moment(), 7).await.expect("the store is there");
    let wallet = |n| async move { till.only_voucher(person(n)).await.stage };
    join_all((0..PERSONS).map(wallet)).await.iter().any(|stage| *stage != VoucherStage::Available)
}

async fn captures_that_meet_the_closing_at_midnight_are_on_the_right_statement(till: Till) {
    let closing = till.replica().await;
    till.move_to("2022-07-22", 1_439);
    closing.move_to("2022-07-23", 0);
    let held = hold_all(&till, 0..PERSONS).await;
    let commands: Vec<_> = held
        .iter()
        .enumerate()
        .map(|(n, held)| till.capture(&format!("c{n}"), held.authorization_id))
        .collect();
    let capture = join_all(commands.chunks(4).map(|batch| till.insist(batch.to_vec())));
    let close = async {
        // The second time round it finds what opened the day after the first.
        [closing.close().await, closing.close().await].concat()
    };
    let (captured, closed) = join(capture, close).await;
    assert!(captured.concat().iter().all(Result::is_ok), "midnight refuses nothing");
    let closed = match closed.is_empty() {
        true => closing.close().await,
        false => closed,
    };
    assert_eq!(closed, ["2022-07-22"]);
    // The file that the rows give is the one whose digest was stored: nothing came after it.
    let own = Counterparty::Platform(till.partner.clone());
    let first = match till.store.statement(day("2022-07-22"), &own).await {
        Ok(None) => 0,
        _ => till.statement("2022-07-22").await.1.rows,
    };
    closing.move_to("2022-07-24", 0);
    closing.close().await;
    let second = match till.store.statement(day("2022-07-23"), &own).await {
        Ok(None) => 0,
        _ => {
            let (file, head) = till.statement("2022-07-23").await;
            assert!(file.lines().skip(1).all(|row| row.ends_with(",2022-07-22")), "with reference");
            head.rows
        }
    };
    assert_eq!(first + second, i64::from(PERSONS), "each capture is on one statement");
}

async fn two_replicas_close_each_day_once(till: Till) {
    let other = till.replica().await;
    let held = hold_all(&till, 0..5).await;
    for (n, held) in held.iter().enumerate() {
        made(till.one(till.capture(&format!("c{n}"), held.authorization_id)).await);
    }
    till.move_to("2022-07-25", 0);
    other.move_to("2022-07-25", 0);
    let (first, second) = join(till.close(), other.close()).await;
    let mut days = [first, second].concat();
    days.sort();
    assert_eq!(days, ["2022-07-22", "2022-07-23", "2022-07-24"]);
    assert_eq!(till.statement("2022-07-22").await.1.rows, 5);
}

async fn two_followers_take_in_each_position_once(till: Till) {
    let other = till.replica().await;
    let vouchers: Vec<_> = (0..120).map(|n| till.voucher(person(n), RETURNS)).collect();
    // The feed is cut differently for each of them.
    let follow = async |till: &Till, size: usize| {
        let mut first_position = 1;
        for vouchers in vouchers.chunks(size) {
            let vouchers = vouchers.to_vec();
            let count = i64::try_from(vouchers.len()).expect("a small number");
            let batch = StockBatch { stock: stock(), first_position, vouchers };
            let message = FeedBatch { epoch: EPOCH, campaigns: Vec::new(), vouchers: Some(batch) };
            till.feed(message).await;
            first_position += count;
        }
    };
    join(follow(&till, 4), follow(&other, 7)).await;
    for n in 0..120 {
        till.only_voucher(person(n)).await;
    }
    let cursors = till.store.feed_cursors().await.expect("the store is there");
    assert_eq!(cursors.stocks, [(stock(), 120)]);
}
