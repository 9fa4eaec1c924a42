//! Law R2 on one authorization, whatever its portions.

use proptest::prelude::*;

use super::*;

/// What lines cost, at least one of them something.
fn amounts() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![Just(3_i64), Just(30), Just(3_000)].prop_flat_map(|highest| {
        prop::collection::vec(0..=highest, 1..=4).prop_map(|mut lines| {
            lines[0] += 1;
            lines
        })
    })
}

/// A held order of 1 to 4 lines, with 1 to 3 vouchers that take off no more than the lines cost.
fn held() -> impl Strategy<Value = Authorization> {
    let taken = prop::collection::vec(prop::array::uniform4(0..=100_i64), 1..=3);
    (amounts(), taken).prop_map(|(lines, taken)| {
        let mut left = lines.clone();
        let mut take = |percents: [i64; 4]| {
            let take = |(left, percent): (&mut i64, i64)| {
                let fen = *left * percent / 100;
                *left -= fen;
                Fen(fen)
            };
            applied(left.iter_mut().zip(percents).map(take).collect())
        };
        let vouchers = taken.into_iter().map(&mut take).collect();
        order_of(lines.into_iter().map(Fen).collect(), vouchers)
    })
}

fn applied(line_discounts: Vec<Fen>) -> AppliedVoucher {
    AppliedVoucher {
        voucher_id: VoucherId::from_bytes([1; 16]),
        campaign_id: "breakfast".parse().expect("a key"),
        organization: OrganizationPath::parse("gd").expect("a path"),
        discount: line_discounts.iter().copied().sum(),
        line_discounts,
    }
}

fn order_of(line_amounts: Vec<Fen>, vouchers: Vec<AppliedVoucher>) -> Authorization {
    Authorization {
        authorization_id: AuthorizationId::from_bytes([9; 16]),
        person: PersonKey::from_bytes([9; 16]),
        partner: "wepay".parse().expect("a key"),
        order_number: "o1".parse().expect("a key"),
        shop_id: Some("s1".parse().expect("a key")),
        request_id: "a1".parse().expect("a key"),
        order_amount: line_amounts.iter().copied().sum(),
        line_amounts,
        vouchers,
        created_at: at(480),
        expires_at: at(500),
        stage: Stage::Held,
        captured_amounts: Vec::new(),
        chain: None,
        refunds: Vec::new(),
    }
}

/// How to take a part of what is left, whatever that is.
#[derive(Clone, Debug)]
enum Cut {
    Whole,
    /// So many thousandths of it.
    Amount(i64),
    /// So many thousandths of some of the lines that have something left, or all of the first.
    Lines(Vec<Option<i64>>),
}

fn cut() -> impl Strategy<Value = Cut> {
    let lines = prop::collection::vec(prop::option::of(1..=1_000_i64), 4);
    prop_oneof![
        1 => Just(Cut::Whole),
        2 => (1..=1_000_i64).prop_map(Cut::Amount),
        2 => lines.prop_map(Cut::Lines),
    ]
}

impl Cut {
    /// That part of what is left: at least one fen.
    fn of(&self, left: &[Fen]) -> Portion {
        let part = |of: i64, thousandths: i64| Fen((of * thousandths / 1_000).max(1));
        match self {
            Self::Whole => Portion::Whole,
            Self::Amount(thousandths) => Portion::Amount(part(sum(left), *thousandths)),
            Self::Lines(chosen) => {
                let open = left.iter().enumerate().filter(|(_, left)| **left > Fen::ZERO);
                let open: Vec<_> = open.collect();
                let some = open.iter().zip(chosen).filter_map(|((at, left), thousandths)| {
                    Some((*at, part(left.0, (*thousandths)?)))
                });
                let some: Vec<_> = some.collect();
                let first = || vec![(open[0].0, *open[0].1)];
                Portion::Lines(if some.is_empty() { first() } else { some })
            }
        }
    }
}

fn booked() -> Booked {
    Booked { at: at(481), on: day("2022-07-22") }
}

fn sum(fen: &[Fen]) -> i64 {
    fen.iter().map(|fen| fen.0).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_parts_each_funder_gets_back_what_was_captured_and_the_member_never_owes(
        held in held(),
        cuts in prop::collection::vec(cut(), 1..=REFUNDS_MAX),
    ) {
        let part = cuts[0].of(&held.line_amounts);
        let mut order = held.capture(&part, booked()).expect("it is a part of the order");
        prop_assert!(order.captured() <= order.discount());
        prop_assert!(order.captured().0 <= sum(&order.captured_amounts));
        let captured = order.captured_by_voucher();
        for cut in cuts[1..].iter().chain([&Cut::Whole]) {
            if !matches!(order.stage, Stage::Captured(_)) {
                break;
            }
            let part = cut.of(&order.left_amounts());
            let id = format!("r{}", order.refunds.len()).parse().expect("a key");
            order = order.refund(id, &part, booked()).expect("some is left");
            let given = order.given_back_by_refund().pop().expect("it was refunded");
            let returned = order.refunds[order.refunds.len() - 1].returned_amount().0;
            prop_assert!(given.iter().all(|fen| fen.0 >= 0));
            prop_assert!(sum(&given) <= returned, "more goes back than is returned");
        }
        let none = vec![0; captured.len()];
        let back = order.given_back_by_refund().into_iter().fold(none, |sums, given| {
            sums.iter().zip(given).map(|(sum, fen)| sum + fen.0).collect()
        });
        prop_assert_eq!(order.given_back_by_voucher(), captured.clone());
        prop_assert_eq!(back, captured.iter().map(|fen| fen.0).collect::<Vec<_>>());
        prop_assert!(order.left_amounts().iter().all(|left| *left == Fen::ZERO));
    }

    #[test]
    fn a_whole_order_that_is_captured_is_all_of_its_discount(held in held()) {
        let discounts: Vec<_> = held.vouchers.iter().map(|one| one.discount).collect();
        let captured = held.capture(&Portion::Whole, booked()).expect("it is held");
        prop_assert_eq!(captured.captured_by_voucher(), discounts);
        prop_assert_eq!(captured.captured_amounts, captured.line_amounts);
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
    let limit = Some(UseLimit { count: 1, period: UsePeriod::Day });
    let campaign = breakfast_with(Uses { total: 10, limit });
    let today = PeriodCount { period: String::from("2022-07-22"), uses: 1 };
    let spent = WalletVoucher { counted: Some(today), ..voucher(1) };
    let used = WalletVoucher { stage: VoucherStage::Used, uses_left: 0, ..voucher(1) };
    let held = voucher(1).hold(AuthorizationId::from_bytes([9; 16]), at(500));
    let rows = [
        (used, 1_300, Some(Reason::VoucherUsed)),
        (held, 480, Some(Reason::VoucherHeld)),
        (voucher(1), 299, Some(Reason::VoucherNotYetValid)),
        (voucher(1), 1_200, Some(Reason::VoucherExpired)),
        (spent, 700, Some(Reason::UsesOfPeriodSpent)),
        (voucher(1), 700, Some(Reason::OutsideHours)),
        (voucher(1), 480, None),
    ];
    for (voucher, minute, expected) in rows {
        let told = hindrance(&voucher, &campaign, at(minute)).map(|refusal| refusal.reason);
        assert_eq!(told, expected, "at minute {minute}");
    }
}
