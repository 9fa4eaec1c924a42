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

/// Two pairs take off as much, each of its own funder. The province's has the later index in its
/// first voucher, and expires earlier in its second.
#[test]
fn of_equal_combinations_all_expiries_are_compared_before_any_index() {
    let stacking = Stacking { own_funder_only: true, ..combining() };
    let terms = terms(TermsParts { stacking, ..everywhere(amount_off(100, 10)) });
    let voucher = |campaign, funder, hour| Candidate {
        campaign,
        funder,
        ..candidate(&terms, at(0, 0), at(hour, 0))
    };
    let candidates = [
        voucher("1", "gd/zhuhai", 12),
        voucher("2", "gd", 12),
        voucher("3", "gd/zhuhai", 20),
        voucher("4", "gd", 18),
    ];
    assert_eq!(chosen(&candidates, 300), [1, 3]);
    let alike = [candidates[0], candidates[1], candidates[2], voucher("4", "gd", 20)];
    assert_eq!(chosen(&alike, 300), [0, 2], "only then the lower indices");
}

/// Two that take off 10 each, or one that takes off 20 and expires as the first of them does.
#[test]
fn of_combinations_that_begin_alike_the_one_with_fewer_vouchers_wins() {
    let half = terms(TermsParts { stacking: combining(), ..everywhere(amount_off(100, 10)) });
    let whole = terms(everywhere(amount_off(100, 20)));
    let named = |campaign, terms| Candidate { campaign, ..candidate(terms, at(0, 0), at(12, 0)) };
    let later = Candidate { valid_until: at(18, 0), ..named("2", &half) };
    assert_eq!(chosen(&[named("1", &half), later, named("3", &whole)], 300), [2]);
}

#[test]
fn when_three_are_chosen_what_they_leave_to_a_fourth_is_not_asked() {
    let terms = terms(TermsParts { stacking: combining(), ..everywhere(amount_off(100, 100)) });
    let campaigns = ["1", "2", "3", "4"];
    let candidates =
        campaigns.map(|campaign| Candidate { campaign, ..candidate(&terms, at(0, 0), at(12, 0)) });
    let of = |fen, count: usize| {
        choose(&candidates[..count], &basket(&[("a", fen)], "440106"), at(9, 0)).unused
    };
    assert_eq!(of(300, 4), [(3, Unused::BetterChosen)]);
    let nothing = Unused::Order(OrderRefusal::NothingLeft);
    assert_eq!(of(200, 3), [(2, nothing.clone())]);
    assert_eq!(of(200, 4), [(2, nothing.clone()), (3, nothing)]);
}

/// The indices of what is chosen for goods of that price, rising.
fn chosen(candidates: &[Candidate<'_>], fen: i64) -> Vec<usize> {
    let choice = choose(candidates, &basket(&[("a", fen)], "440106"), at(9, 0));
    let mut indices: Vec<_> = choice.chosen.into_iter().map(|(index, _)| index).collect();
    indices.sort_unstable();
    indices
}
