use super::*;

/// A voucher of its own campaign, paid for by `gd`, that expires at midnight.
fn voucher<'a>(campaign: &'a str, terms: &'a Terms) -> Candidate<'a> {
    let (valid_from, valid_until) = (at(0, 0), at(23, 59));
    Candidate { terms, campaign, funder: "gd", balance: None, valid_from, valid_until }
}

fn stacked(kind: Kind, sequence: u8) -> TermsParts {
    TermsParts { stacking: Stacking { sequence, ..combining() }, ..everywhere(kind) }
}

/// Each voucher and what it takes off, in the order of turns.
fn together(
    candidates: &[Candidate<'_>],
    lines: &[(&str, i64)],
) -> Result<Vec<(usize, i64)>, NotTogether> {
    let discounts = combine(candidates, &basket(lines, "440106"), at(9, 0))?;
    Ok(discounts.into_iter().map(|(index, discount)| (index, discount.total.0)).collect())
}

#[test]
fn vouchers_take_off_what_those_before_them_leave() {
    let amount = terms(stacked(amount_off(300, 200), 0));
    let percent = terms(stacked(percent_off(0, 50, 1_000), 1));
    let both = [voucher("percent", &percent), voucher("amount", &amount)];
    // 10.00 - 2.00 = 8.00, half of which is 4.00; in the other order it would be 5.00 and 2.00.
    assert_eq!(together(&both, &[("a", 1_000)]), Ok(vec![(1, 200), (0, 400)]));
}

#[test]
fn of_the_same_sequence_what_expires_first_comes_first() {
    let (amount, percent) =
        (terms(stacked(amount_off(300, 200), 5)), terms(stacked(percent_off(0, 50, 1_000), 5)));
    let sooner = Candidate { valid_until: at(10, 0), ..voucher("percent", &percent) };
    let both = [voucher("amount", &amount), sooner];
    assert_eq!(together(&both, &[("a", 1_000)]), Ok(vec![(1, 500), (0, 200)]));
}

#[test]
fn thresholds_are_judged_by_what_the_goods_cost_before_any_voucher() {
    let first = terms(stacked(amount_off(900, 900), 0));
    let second = terms(stacked(amount_off(1_000, 150), 1));
    let both = [voucher("first", &first), voucher("second", &second)];
    // 1.00 is left when the second one's turn comes, of goods that cost 10.00.
    assert_eq!(together(&both, &[("a", 1_000)]), Ok(vec![(0, 900), (1, 100)]));
    let below = OrderRefusal::BelowThreshold { threshold: Fen(1_000), covered: Fen(999) };
    let refused = NotTogether::Unused(1, Unused::Order(below));
    assert_eq!(together(&both, &[("a", 999)]), Err(refused));
}

#[test]
fn a_voucher_for_which_nothing_is_left_is_not_used_with_those_before_it() {
    let (all, waived) = (terms(stacked(waiver(9_999), 0)), terms(stacked(waiver(9_999), 1)));
    let both = [voucher("all", &all), voucher("waived", &waived)];
    let refused = NotTogether::Unused(1, Unused::Order(OrderRefusal::NothingLeft));
    assert_eq!(together(&both, &[("a", 300)]), Err(refused));
}

#[test]
fn the_cap_of_an_order_counts_what_was_taken_off_before() {
    let first = terms(stacked(amount_off(300, 200), 0));
    let capped = |percent| {
        let stacking = Stacking { sequence: 1, order_cap_percent: Some(percent), ..combining() };
        terms(TermsParts { stacking, ..everywhere(waiver(9_999)) })
    };
    let (half, fifth) = (capped(50), capped(20));
    let with = |terms| together(&[voucher("first", &first), voucher("x", terms)], &[("a", 1_000)]);
    assert_eq!(with(&half), Ok(vec![(0, 200), (1, 300)]));
    let reached = Unused::Order(OrderRefusal::OrderCapReached { percent: 20 });
    assert_eq!(with(&fifth), Err(NotTogether::Unused(1, reached)));
}

#[test]
fn vouchers_go_together_only_when_both_allow_it() {
    let stacking = |stacking| terms(TermsParts { stacking, ..everywhere(amount_off(100, 10)) });
    let plain = stacking(combining());
    let alone = stacking(Stacking::default());
    let tea = stacking(Stacking { group: Some("tea".to_owned()), ..combining() });
    let ice = stacking(Stacking { group: Some("ice".to_owned()), ..combining() });
    let own = stacking(Stacking { own_funder_only: true, ..combining() });
    let zhuhai = |campaign, terms| Candidate { funder: "gd/zhuhai", ..voucher(campaign, terms) };
    let rows = [
        ("both combine", [voucher("1", &plain), voucher("2", &plain)], true),
        ("one does not", [voucher("1", &plain), voucher("2", &alone)], false),
        ("of one campaign", [voucher("1", &plain), voucher("1", &plain)], false),
        ("of one group", [voucher("1", &tea), voucher("2", &tea)], false),
        ("of two groups", [voucher("1", &tea), voucher("2", &ice)], true),
        ("of a group and of none", [voucher("1", &tea), voucher("2", &plain)], true),
        ("of two funders", [voucher("1", &plain), zhuhai("2", &plain)], true),
        ("own funder, the same", [voucher("1", &own), voucher("2", &plain)], true),
        ("own funder, another", [voucher("1", &own), zhuhai("2", &plain)], false),
        ("another, own funder", [voucher("1", &plain), zhuhai("2", &own)], false),
    ];
    for (case, candidates, allowed) in rows {
        let answer = together(&candidates, &[("a", 300)]);
        let expected = if allowed { Ok(vec![(0, 10), (1, 10)]) } else { Err(NotTogether::Rules) };
        assert_eq!(answer, expected, "{case}");
    }
}

#[test]
fn at_most_three_vouchers_go_together() {
    let plain = terms(stacked(amount_off(100, 10), 0));
    let four = ["1", "2", "3", "4"].map(|campaign| voucher(campaign, &plain));
    assert_eq!(together(&four[..3], &[("a", 300)]), Ok(vec![(0, 10), (1, 10), (2, 10)]));
    assert_eq!(together(&four, &[("a", 300)]), Err(NotTogether::Rules));
}

#[test]
fn a_voucher_that_does_not_apply_alone_is_named_before_the_rules() {
    let (plain, own) = (terms(stacked(amount_off(100, 10), 0)), terms(everywhere(waiver(9))));
    let late = Candidate { valid_until: at(9, 0), ..voucher("2", &own) };
    let answer = together(&[voucher("1", &plain), late], &[("a", 300)]);
    let expired = Unused::Expired { valid_until: at(9, 0) };
    assert_eq!(answer, Err(NotTogether::Unused(1, expired)));
}

#[test]
fn several_vouchers_never_take_more_off_a_line_than_it_costs() {
    let tea =
        TermsParts { goods_categories: vec![category("tea")], ..stacked(amount_off(100, 90), 0) };
    let (tea, all) = (terms(tea), terms(stacked(waiver(9_999), 1)));
    let order = basket(&[("tea", 100), ("bread", 50)], "440106");
    let both = [voucher("tea", &tea), voucher("all", &all)];
    let discounts = combine(&both, &order, at(9, 0)).expect("both apply");
    assert_eq!(discounts[0].1.lines, [Fen(90), Fen(0)]);
    assert_eq!(discounts[1].1.lines, [Fen(10), Fen(50)]);
}
