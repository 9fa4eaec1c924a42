use proptest::prelude::*;

use super::*;

fn candidate(terms: &Terms, from: Timestamp, until: Timestamp) -> Candidate<'_> {
    Candidate { terms, valid_from: from, valid_until: until }
}

#[test]
fn the_largest_discount_wins_then_the_earliest_expiry_then_the_lower_index() {
    let (small, large) = (everywhere(200, 100), everywhere(300, 299));
    let order = basket(&[("a", 400)], "440106");
    let candidates = [
        candidate(&small, at(0, 0), at(12, 0)),
        candidate(&large, at(0, 0), at(20, 0)),
        candidate(&large, at(0, 0), at(18, 0)),
        candidate(&large, at(0, 0), at(18, 0)),
    ];
    let choice = choose(&candidates, &order, at(9, 0));
    let discount = Discount { total: Fen(299), lines: vec![Fen(299)] };
    assert_eq!(choice.chosen, Some((2, discount)));
    let beaten = [0, 1, 3].map(|index| (index, Unused::BetterChosen));
    assert_eq!(choice.unused, beaten);
}

#[test]
fn validity_is_named_before_the_order_and_ends_on_its_last_instant() {
    let terms = everywhere(300, 299);
    let poor = basket(&[("a", 1)], "440106");
    let candidates = [
        candidate(&terms, at(9, 1), at(12, 0)),
        candidate(&terms, at(8, 0), at(9, 0)),
        candidate(&terms, at(9, 0), at(9, 1)),
    ];
    let choice = choose(&candidates, &poor, at(9, 0));
    let below = OrderRefusal::BelowThreshold { threshold: Fen(300), covered: Fen(1) };
    assert_eq!(choice.chosen, None);
    assert_eq!(
        choice.unused,
        [
            (0, Unused::NotYetValid { valid_from: at(9, 1) }),
            (1, Unused::Expired { valid_until: at(9, 0) }),
            (2, Unused::Order(below)),
        ]
    );
}

#[test]
fn without_candidates_nothing_is_chosen() {
    let choice = choose(&[], &basket(&[("a", 1)], "440106"), at(9, 0));
    assert_eq!(choice, Choice { chosen: None, unused: Vec::new() });
}

/// All candidates that apply, sorted by the rule; the first is the one to choose.
fn brute_force(candidates: &[Candidate<'_>], order: &Basket, now: Timestamp) -> Option<usize> {
    let mut applicable: Vec<(i64, i64, usize)> = Vec::new();
    for (index, c) in candidates.iter().enumerate() {
        let valid = c.valid_from <= now && now < c.valid_until;
        if let (true, Ok(discount)) = (valid, c.terms.apply(order, now)) {
            applicable.push((-discount.total.0, c.valid_until.as_micros(), index));
        }
    }
    applicable.sort_unstable();
    applicable.first().map(|(_, _, index)| *index)
}

proptest! {
    #[test]
    fn choosing_equals_brute_force_and_places_each_candidate_once(
        vouchers in prop::collection::vec((1_i64..6, 1_i64..6, 0_i64..4, 0_i64..6), 0..10),
        fen in 0_i64..8,
    ) {
        let terms: Vec<Terms> =
            vouchers.iter().map(|(a, b, _, _)| everywhere(*a.max(b), *a.min(b))).collect();
        let instant = Timestamp::from_micros;
        let candidates: Vec<Candidate<'_>> = terms
            .iter()
            .zip(&vouchers)
            .map(|(terms, (_, _, from, until))| candidate(terms, instant(*from), instant(*until)))
            .collect();
        let order = basket(&[("a", fen)], "440106");
        let choice = choose(&candidates, &order, instant(2));

        let chosen = choice.chosen.as_ref().map(|(index, _)| *index);
        prop_assert_eq!(chosen, brute_force(&candidates, &order, instant(2)));
        if let Some((index, discount)) = &choice.chosen {
            let applied = candidates[*index].terms.apply(&order, instant(2));
            prop_assert_eq!(Ok(discount.clone()), applied);
        }
        let unused: Vec<usize> = choice.unused.iter().map(|(index, _)| *index).collect();
        prop_assert!(unused.is_sorted());
        let mut all: Vec<usize> = unused.into_iter().chain(chosen).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..candidates.len()).collect::<Vec<_>>());
    }
}
