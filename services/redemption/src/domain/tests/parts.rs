//! Law R2 on one authorization, whatever its portions.

use super::*;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    /// A number from `low` to `high`.
    fn roll(&mut self, low: i64, high: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let span = u64::try_from(high - low + 1).expect("low is below");
        low + i64::try_from((self.0 >> 33) % span).expect("a small number")
    }
}

/// A held order of 1 to 4 lines, with 1 to 3 vouchers that take off no more than the lines cost.
fn held(dice: &mut Dice) -> Authorization {
    let count = usize::try_from(dice.roll(1, 4)).expect("a small number");
    let highest = [3, 30, 3_000][usize::try_from(dice.roll(0, 2)).expect("a small number")];
    let mut lines: Vec<i64> = (0..count).map(|_| dice.roll(0, highest)).collect();
    lines[0] += 1;
    let mut left = lines.clone();
    let vouchers = (0..dice.roll(1, 3)).map(|_| {
        let taken: Vec<i64> = left.iter().map(|left| dice.roll(0, *left)).collect();
        left.iter_mut().zip(&taken).for_each(|(left, taken)| *left -= taken);
        AppliedVoucher {
            voucher_id: VoucherId::from_bytes([1; 16]),
            campaign_id: "breakfast".parse().expect("a key"),
            organization: OrganizationPath::parse("gd").expect("a path"),
            discount: Fen(taken.iter().sum()),
            line_discounts: taken.into_iter().map(Fen).collect(),
        }
    });
    let vouchers = vouchers.collect();
    Authorization {
        authorization_id: AuthorizationId::from_bytes([9; 16]),
        person: PersonKey::from_bytes([9; 16]),
        partner: "wepay".parse().expect("a key"),
        order_number: "o1".parse().expect("a key"),
        request_id: "a1".parse().expect("a key"),
        order_amount: Fen(lines.iter().sum()),
        line_amounts: lines.into_iter().map(Fen).collect(),
        vouchers,
        created_at: at(480),
        expires_at: at(500),
        stage: Stage::Held,
        captured_amounts: Vec::new(),
        refunds: Vec::new(),
    }
}

/// Some of what is left, or all of it.
fn portion(dice: &mut Dice, left: &[Fen]) -> Portion {
    let whole: i64 = left.iter().map(|fen| fen.0).sum();
    let open: Vec<_> = left.iter().enumerate().filter(|(_, left)| left.0 > 0).collect();
    match dice.roll(0, 4) {
        0 => Portion::Whole,
        1 | 2 => Portion::Amount(Fen(dice.roll(1, whole))),
        _ => {
            Portion::Lines(open.iter().map(|(at, left)| (*at, Fen(dice.roll(1, left.0)))).collect())
        }
    }
}

fn booked() -> Booked {
    Booked { at: at(481), on: day("2022-07-22") }
}

fn sum(fen: &[Fen]) -> i64 {
    fen.iter().map(|fen| fen.0).sum()
}

#[test]
fn whatever_the_parts_each_funder_gets_back_what_was_captured_and_the_member_never_owes() {
    let mut dice = Dice(7);
    for _ in 0..20_000 {
        let held = held(&mut dice);
        let part = portion(&mut dice, &held.line_amounts);
        let mut order = held.capture(&part, booked()).expect("it is a part of the order");
        assert!(
            order.captured() <= order.discount()
                && order.captured().0 <= sum(&order.captured_amounts)
        );
        let captured: Vec<_> = (0..order.vouchers.len()).map(|at| order.captured_of(at)).collect();
        let mut back = vec![0; captured.len()];
        while matches!(order.stage, Stage::Captured(_)) {
            let left = order.left_amounts();
            let part = match order.refunds.len() < 49 {
                true => portion(&mut dice, &left),
                false => Portion::Whole,
            };
            let id = format!("r{}", order.refunds.len()).parse().expect("a key");
            order = order.refund(id, &part, booked()).expect("some is left");
            let place = order.refunds.len() - 1;
            let given = order.given_back_in(place);
            let returned = order.refunds[place].returned_amount().0;
            assert!(given.iter().all(|fen| fen.0 >= 0), "{order:?}");
            assert!(sum(&given) <= returned, "more goes back than is returned: {order:?}");
            back.iter_mut().zip(&given).for_each(|(back, fen)| *back += fen.0);
        }
        let captured: Vec<_> = captured.iter().map(|fen| fen.0).collect();
        assert_eq!(back, captured, "{order:?}");
        assert!(order.left_amounts().iter().all(|left| *left == Fen::ZERO));
    }
}

#[test]
fn a_whole_order_that_is_captured_is_all_of_its_discount() {
    let mut dice = Dice(11);
    for _ in 0..1_000 {
        let held = held(&mut dice);
        let discounts: Vec<_> = held.vouchers.iter().map(|one| one.discount).collect();
        let captured = held.capture(&Portion::Whole, booked()).expect("it is held");
        let of_each: Vec<_> = (0..discounts.len()).map(|at| captured.captured_of(at)).collect();
        assert_eq!(of_each, discounts);
        assert_eq!(captured.captured_amounts, captured.line_amounts);
    }
}

#[test]
fn a_fingerprint_that_says_more_differs_where_the_other_ends() {
    let (short, long) = (Fingerprint::of(&["aut"]), Fingerprint::of(&["aut", "amount 5"]));
    assert_eq!(short.first_difference(&long), Some(1));
    assert_eq!(long.first_difference(&short), Some(1));
    assert_eq!(Fingerprint::UNSEEN.first_difference(&long), None, "nothing is known of it yet");
}

#[test]
fn what_keeps_a_voucher_from_every_order_is_told_in_the_order_of_what_can_be_changed_least() {
    let campaign = breakfast();
    let used = WalletVoucher { stage: VoucherStage::Used, uses_left: 0, ..voucher(1) };
    let held = voucher(1).hold(AuthorizationId::from_bytes([9; 16]), at(500));
    let rows = [
        (used, 1_300, Some(Reason::VoucherUsed)),
        (held, 480, Some(Reason::VoucherHeld)),
        (voucher(1), 299, Some(Reason::VoucherNotYetValid)),
        (voucher(1), 1_200, Some(Reason::VoucherExpired)),
        (voucher(1), 700, Some(Reason::OutsideHours)),
        (voucher(1), 480, None),
    ];
    for (voucher, minute, expected) in rows {
        let told = hindrance(&voucher, &campaign, at(minute)).map(|refusal| refusal.reason);
        assert_eq!(told, expected, "at minute {minute}");
    }
}
