use super::*;

fn candidate(terms: &Terms, valid_from: Timestamp, valid_until: Timestamp) -> Candidate<'_> {
    let (campaign, funder) = ("drinks", "gd");
    Candidate { terms, campaign, funder, balance: None, valid_from, valid_until }
}

#[test]
fn the_largest_discount_wins_then_the_earliest_expiry_then_the_lower_index() {
    let (small, large) =
        (terms(everywhere(amount_off(200, 100))), terms(everywhere(amount_off(300, 299))));
    let order = basket(&[("a", 400)], "440106");
    let candidates = [
        candidate(&small, at(0, 0), at(12, 0)),
        candidate(&large, at(0, 0), at(20, 0)),
        candidate(&large, at(0, 0), at(18, 0)),
        candidate(&large, at(0, 0), at(18, 0)),
    ];
    let choice = choose(&candidates, &order, at(9, 0));
    let discount = Discount { total: Fen(299), lines: vec![Fen(299)] };
    assert_eq!(choice.chosen, [(2, discount)]);
    let beaten = [0, 1, 3].map(|index| (index, Unused::BetterChosen));
    assert_eq!(choice.unused, beaten);
}

#[test]
fn validity_is_named_before_the_order_and_ends_on_its_last_instant() {
    let terms = terms(everywhere(amount_off(300, 299)));
    let poor = basket(&[("a", 1)], "440106");
    let candidates = [
        candidate(&terms, at(9, 1), at(12, 0)),
        candidate(&terms, at(8, 0), at(9, 0)),
        candidate(&terms, at(9, 0), at(9, 1)),
    ];
    let choice = choose(&candidates, &poor, at(9, 0));
    let below = OrderRefusal::BelowThreshold { threshold: Fen(300), covered: Fen(1) };
    assert_eq!(choice.chosen, []);
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
    assert_eq!(choice, Choice { chosen: Vec::new(), unused: Vec::new() });
}
