use super::*;

/// What terms take off an order of these lines, in total or the reason why nothing.
fn off(parts: TermsParts, lines: &[(&str, i64)]) -> Result<i64, OrderRefusal> {
    off_of_balance(parts, None, lines)
}

fn off_of_balance(
    parts: TermsParts,
    balance: Option<i64>,
    lines: &[(&str, i64)],
) -> Result<i64, OrderRefusal> {
    let order = basket(lines, "440106");
    let discount = off_alone(&terms(parts), &order, balance.map(Fen), at(9, 0))?;
    assert_eq!(discount.lines.iter().copied().sum::<Fen>(), discount.total);
    Ok(discount.total.0)
}

fn below(threshold: i64, covered: i64) -> Result<i64, OrderRefusal> {
    Err(OrderRefusal::BelowThreshold { threshold: Fen(threshold), covered: Fen(covered) })
}

#[test]
fn each_kind_takes_off_what_it_is_worth() {
    let rows = [
        (amount_off(300, 299), 300, Ok(299)),
        (amount_off(300, 299), 299, below(300, 299)),
        (percent_off(500, 20, 1_000), 500, Ok(100)),
        (percent_off(500, 20, 1_000), 499, below(500, 499)),
        (percent_off(0, 20, 1_000), 5_000, Ok(1_000)),
        (percent_off(0, 20, 1_000), 5_005, Ok(1_000)),
        (percent_off(0, 100, 1_000), 999, Ok(999)),
        (waiver(200), 150, Ok(150)),
        (waiver(200), 250, Ok(200)),
        (balance(500), 180, Ok(180)),
        (balance(500), 700, Ok(500)),
    ];
    for (kind, fen, expected) in rows {
        assert_eq!(off(everywhere(kind), &[("a", fen)]), expected, "{kind:?} of {fen}");
    }
}

/// 15 % of 0.33 is 4.95 fen: the funder never pays more than the part.
#[test]
fn a_percentage_is_rounded_down_to_the_fen() {
    let rows = [(33, 15, 4), (34, 15, 5), (99, 1, 0), (100, 1, 1), (199, 1, 1), (1, 100, 1)];
    for (fen, percent, expected) in rows {
        let answer = off(everywhere(percent_off(0, percent, 1_000)), &[("a", fen)]);
        let expected = if expected == 0 { Err(OrderRefusal::NothingLeft) } else { Ok(expected) };
        assert_eq!(answer, expected, "{percent} % of {fen}");
    }
}

#[test]
fn the_percentage_is_that_of_all_covered_goods_and_not_line_by_line() {
    // 10 % of 5 + 5 + 9 = 19 is 1.9, rounded down; line by line it would be nothing.
    let answer = off(everywhere(percent_off(0, 10, 100)), &[("a", 5), ("a", 5), ("a", 9)]);
    assert_eq!(answer, Ok(1));
}

#[test]
fn a_service_takes_nothing_off_an_order_of_its_goods() {
    assert_eq!(off(check_up(), &[("check-up", 0), ("tea", 300)]), Ok(0));
    assert_eq!(off(check_up(), &[("tea", 300)]), Err(OrderRefusal::GoodsNotCovered));
}

#[test]
fn a_balance_takes_off_what_is_left_of_it_until_it_is_empty() {
    let parts = everywhere(balance(500));
    let rows = [(320, Ok(300)), (300, Ok(300)), (7, Ok(7)), (0, Err(OrderRefusal::NothingLeft))];
    for (left, expected) in rows {
        assert_eq!(off_of_balance(parts.clone(), Some(left), &[("a", 300)]), expected, "{left}");
    }
}

#[test]
fn excluded_goods_get_nothing_off_and_count_for_nothing() {
    let excluding = || TermsParts {
        excluded_categories: vec![category("tobacco")],
        ..everywhere(waiver(10_000))
    };
    let lines = [("tobacco", 4_000), ("bread", 500), ("tea", 300)];
    assert_eq!(off(excluding(), &lines), Ok(800), "all goods but tobacco");
    assert_eq!(off(excluding(), &lines[..1]), Err(OrderRefusal::GoodsNotCovered));
    let threshold = TermsParts { kind: amount_off(801, 1), ..excluding() };
    assert_eq!(off(threshold, &lines), below(801, 800), "tobacco does not count towards it");
}

#[test]
fn an_order_has_off_at_most_its_share() {
    let capped = |percent, kind| TermsParts {
        stacking: Stacking { order_cap_percent: Some(percent), ..Stacking::default() },
        ..everywhere(kind)
    };
    // 33 % of 10.01 is 330.33 fen.
    assert_eq!(off(capped(33, waiver(9_999)), &[("a", 1_001)]), Ok(330));
    assert_eq!(off(capped(33, waiver(300)), &[("a", 1_001)]), Ok(300));
    assert_eq!(off(capped(100, waiver(9_999)), &[("a", 1_001)]), Ok(1_001));
    // The share is that of the whole order, also of goods that are not covered.
    let tea = TermsParts { goods_categories: vec![category("tea")], ..capped(50, waiver(9_999)) };
    assert_eq!(off(tea, &[("tea", 400), ("bread", 600)]), Ok(400));
    let reached = OrderRefusal::OrderCapReached { percent: 1 };
    assert_eq!(off(capped(1, waiver(9_999)), &[("a", 99)]), Err(reached));
}

#[test]
fn covered_goods_that_cost_nothing_leave_nothing_to_take_off() {
    for kind in [percent_off(0, 50, 100), waiver(100), balance(100)] {
        let answer = off(everywhere(kind), &[("a", 0)]);
        assert_eq!(answer, Err(OrderRefusal::NothingLeft), "{kind:?}");
    }
    assert_eq!(off(everywhere(amount_off(1, 1)), &[("a", 0)]), below(1, 0));
}
