use proptest::prelude::*;

use super::*;

#[test]
fn a_drink_of_3_00_costs_0_01_after_2_99_off() {
    let drinks = terms(cool_drinks());
    let order = basket(&[("cold-drink", 300)], "440106");
    let discount = off_alone(&drinks, &order, None, at(6, 0)).expect("applies");
    assert_eq!(discount, Discount { total: Fen(299), lines: vec![Fen(299)] });
    assert_eq!(order.total().0 - discount.total.0, 1);
    assert_eq!(discount.total.yuan_text(), "2.99");
}

#[test]
fn only_covered_lines_count_and_get_off() {
    let drinks = terms(cool_drinks());
    let order = basket(&[("bread", 900), ("cold-drink", 200), ("cold-drink", 100)], "440106");
    let discount = off_alone(&drinks, &order, None, at(6, 0)).expect("applies");
    assert_eq!(discount.lines, [Fen(0), Fen(199), Fen(100)]);
}

/// Each row breaks one rule more than the row below it; the answer is always the first broken one.
#[test]
fn the_first_broken_rule_is_the_answer() {
    let drinks = terms(cool_drinks());
    let (away, here, closed, open) = ("110105", "440106", at(10, 0), at(9, 59));
    let (bread, cheap, enough) = (("bread", 900), ("cold-drink", 299), ("cold-drink", 300));
    let region_refusal = OrderRefusal::RegionNotCovered { regions: vec![region("440000")] };
    let hours_refusal =
        OrderRefusal::OutsideHours { hours: vec![hours("06:00-10:00"), hours("11:00-12:00")] };
    let threshold_refusal = OrderRefusal::BelowThreshold { threshold: Fen(300), covered: Fen(299) };
    let rows = [
        (away, closed, bread, Some(region_refusal)),
        (here, closed, bread, Some(hours_refusal.clone())),
        (here, closed, cheap, Some(hours_refusal)),
        (here, open, bread, Some(OrderRefusal::GoodsNotCovered)),
        (here, open, cheap, Some(threshold_refusal)),
        (here, open, enough, None),
    ];
    for (shop, instant, bought, expected) in rows {
        let answer = off_alone(&drinks, &basket(&[bought], shop), None, instant);
        assert_eq!(answer.err(), expected, "{bought:?} in {shop} at {instant}");
    }
}

#[test]
fn covered_goods_that_cost_nothing_are_below_the_threshold() {
    let (terms, order) = (terms(everywhere(amount_off(1, 1))), basket(&[("a", 0)], "440106"));
    let refusal = off_alone(&terms, &order, None, at(9, 0));
    let expected = OrderRefusal::BelowThreshold { threshold: Fen(1), covered: Fen(0) };
    assert_eq!(refusal, Err(expected));
}

#[test]
fn the_hours_are_those_of_the_terms_zone() {
    let parts = TermsParts { zone: Zone::parse("Asia/Urumqi").expect("a zone"), ..cool_drinks() };
    let drinks = terms(parts);
    let order = basket(&[("cold-drink", 300)], "440106");
    assert!(off_alone(&drinks, &order, None, at(7, 59)).is_err(), "05:59 in Urumqi");
    assert!(off_alone(&drinks, &order, None, at(8, 0)).is_ok(), "06:00 in Urumqi");
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let key = prop::sample::select(vec!["cold-drink", "bread", "ice"]);
    prop::collection::vec((key, 0_i64..2_000).prop_map(|(key, fen)| line(key, fen)), 1..12)
}

fn some_terms() -> impl Strategy<Value = Terms> {
    let goods = prop::sample::subsequence(vec!["cold-drink", "ice"], 0..=2);
    (1_i64..3_000, 1_i64..3_000, goods).prop_map(|(a, b, goods)| {
        let goods_categories = goods.into_iter().map(category).collect();
        let kind = amount_off(a.max(b), a.min(b));
        terms(TermsParts { goods_categories, ..everywhere(kind) })
    })
}

/// Some goods off which something is taken, or all but some.
fn scopes() -> impl Strategy<Value = TermsParts> {
    let goods = prop::sample::subsequence(vec!["cold-drink", "ice"], 0..=2);
    (goods, any::<bool>()).prop_map(|(goods, are_excluded)| {
        let goods = goods.into_iter().map(category).collect();
        let (goods_categories, excluded_categories) =
            if are_excluded { (Vec::new(), goods) } else { (goods, Vec::new()) };
        TermsParts { goods_categories, excluded_categories, ..everywhere(waiver(1)) }
    })
}

proptest! {
    #[test]
    fn a_discount_adds_up_and_leaves_no_line_below_zero(terms in some_terms(), lines in lines()) {
        let order = Basket::new(lines, region("440106")).expect("a good basket");
        if let Ok(discount) = off_alone(&terms, &order, None, at(6, 0)) {
            prop_assert_eq!(discount.total, terms.liability());
            prop_assert_eq!(discount.lines.iter().copied().sum::<Fen>(), discount.total);
            prop_assert_eq!(discount.lines.len(), order.lines().len());
            for (off, line) in discount.lines.iter().zip(order.lines()) {
                prop_assert!(Fen::ZERO <= *off && *off <= line.amount);
                let covers = terms.goods_categories().is_empty()
                    || terms.goods_categories().contains(&line.category);
                prop_assert!(covers || *off == Fen::ZERO);
            }
        }
    }

    #[test]
    fn terms_cover_an_order_unless_its_region_or_its_goods_refuse_it(
        goods in scopes(), regions in prop::sample::subsequence(vec!["440000", "110000"], 0..=2),
        lines in lines(),
    ) {
        let regions = regions.into_iter().map(region).collect();
        let terms = terms(TermsParts { regions, ..goods });
        let order = Basket::new(lines, region("440106")).expect("a good basket");
        let refusal = off_alone(&terms, &order, None, at(6, 0)).err();
        let is_off = matches!(
            refusal,
            Some(OrderRefusal::RegionNotCovered { .. } | OrderRefusal::GoodsNotCovered)
        );
        prop_assert_eq!(terms.covers(&order), !is_off);
    }

    #[test]
    fn more_goods_never_lower_the_discount(
        terms in some_terms(), lines in lines(), more in lines(),
    ) {
        let shop = region("440106");
        let order = Basket::new(lines.clone(), shop).expect("a good basket");
        let larger = Basket::new([lines, more].concat(), shop).expect("a good basket");
        let off = |order| off_alone(&terms, order, None, at(6, 0)).map_or(Fen::ZERO, |d| d.total);
        prop_assert!(off(&order) <= off(&larger));
    }
}
