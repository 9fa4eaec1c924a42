//! `choose` against a reference that tries everything by `combine`.

use std::cmp::Reverse;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::*;

/// Baskets of the test that CI runs: with wallets this small, some seconds.
const BASKETS: u32 = 100_000;
/// The instant of every order.
const NOW: i64 = 4;
const KEYS: [&str; 3] = ["a", "b", "c"];

/// A voucher of a small wallet: numbers so small that ties occur.
#[derive(Clone, Debug)]
struct Owned {
    terms: Terms,
    campaign: String,
    funder: &'static str,
    balance: Option<Fen>,
    valid_from: i64,
    valid_until: i64,
}

impl Owned {
    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            terms: &self.terms,
            campaign: &self.campaign,
            funder: self.funder,
            balance: self.balance,
            valid_from: Timestamp::from_micros(self.valid_from),
            valid_until: Timestamp::from_micros(self.valid_until),
        }
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => (1_i64..40, 1_i64..40).prop_map(|(a, b)| amount_off(a.max(b), a.min(b))),
        3 => (0_i64..20, 1_u8..=100, 1_i64..30).prop_map(|(t, p, cap)| percent_off(t, p, cap)),
        2 => (1_i64..40).prop_map(waiver),
        2 => (1_i64..40).prop_map(balance),
        1 => Just(Kind::Service),
    ]
}

fn stackings() -> impl Strategy<Value = Stacking> {
    let group = prop::option::weighted(0.4, prop::sample::select(vec!["g", "h"]));
    let cap = prop::option::weighted(0.3, 1_u8..=100);
    (prop::bool::weighted(0.8), group, 0_u8..3, prop::bool::weighted(0.2), cap).prop_map(
        |(combines, group, sequence, own_funder_only, order_cap_percent)| match combines {
            true => Stacking {
                combines,
                group: group.map(str::to_owned),
                sequence,
                own_funder_only,
                order_cap_percent,
            },
            false => Stacking { order_cap_percent, ..Stacking::default() },
        },
    )
}

fn scopes() -> impl Strategy<Value = (Vec<Category>, Vec<Category>)> {
    let some = prop::sample::subsequence(KEYS.to_vec(), 0..=2);
    (some, prop::bool::weighted(0.3)).prop_map(|(keys, are_excluded)| {
        let categories = keys.into_iter().map(category).collect();
        if are_excluded { (Vec::new(), categories) } else { (categories, Vec::new()) }
    })
}

fn terms_of_any_kind() -> impl Strategy<Value = Terms> {
    (kinds(), scopes(), stackings()).prop_map(|(kind, (goods, excluded), stacking)| {
        let is_service = kind == Kind::Service;
        terms(TermsParts {
            goods_categories: if is_service { vec![category("a")] } else { goods },
            excluded_categories: if is_service { Vec::new() } else { excluded },
            stacking: if is_service { Stacking::default() } else { stacking },
            ..everywhere(kind)
        })
    })
}

/// 0 to 7 vouchers of up to 4 campaigns, of which some have the same terms.
fn wallets() -> impl Strategy<Value = Vec<Owned>> {
    let campaigns = prop::collection::vec((terms_of_any_kind(), any::<bool>()), 1..=4);
    let vouchers = prop::collection::vec((0_usize..4, 0_i64..6, 3_i64..9, 0_i64..40), 0..=7);
    (campaigns, vouchers).prop_map(|(campaigns, vouchers)| {
        let owned = |(campaign, from, until, fen): (usize, i64, i64, i64)| {
            let campaign = campaign % campaigns.len();
            let (terms, provincial) = &campaigns[campaign];
            let spent_in_parts = matches!(terms.kind(), Kind::Balance { .. });
            let left = Fen(fen / 10 * 10).min(terms.liability());
            Owned {
                terms: terms.clone(),
                campaign: campaign.to_string(),
                funder: if *provincial { "gd" } else { "gd/zhuhai" },
                balance: spent_in_parts.then_some(left),
                valid_from: from,
                valid_until: until,
            }
        };
        vouchers.into_iter().map(owned).collect()
    })
}

fn orders() -> impl Strategy<Value = Basket> {
    let key = prop::sample::select(KEYS.to_vec());
    let lines = prop::collection::vec((key, 0_i64..40), 1..=4);
    lines.prop_map(|lines| basket(&lines, "440106"))
}

/// The best combination by trying all of at most three, each with its whole ranking.
fn reference(candidates: &[Candidate<'_>], order: &Basket) -> Vec<(usize, Discount)> {
    let now = Timestamp::from_micros(NOW);
    let count = candidates.len();
    let subsets = (1_usize..1 << count).filter(|set| set.count_ones() <= 3);
    let tried = subsets.filter_map(|set| {
        let indices: Vec<usize> = (0..count).filter(|index| set >> index & 1 == 1).collect();
        let named: Vec<_> = indices.iter().map(|index| candidates[*index]).collect();
        let together = combine(&named, order, now).ok()?;
        let together: Vec<_> =
            together.into_iter().map(|(position, off)| (indices[position], off)).collect();
        let total: Fen = together.iter().map(|(_, off)| off.total).sum();
        let mut indices = indices;
        indices.sort_by_key(|index| (candidates[*index].valid_until, *index));
        let expiries: Vec<_> = indices.iter().map(|index| candidates[*index].valid_until).collect();
        Some(((Reverse(total), expiries, indices), together))
    });
    tried.min_by(|one, other| one.0.cmp(&other.0)).map(|best| best.1).unwrap_or_default()
}

/// Why a voucher that was not chosen is not used, judged without the chooser.
fn why_unused(index: usize, choice: &Choice, all: &[Candidate<'_>], order: &Basket) -> Unused {
    let now = Timestamp::from_micros(NOW);
    if let Err(NotTogether::Unused(_, own)) = combine(&[all[index]], order, now) {
        return own;
    }
    // What the chosen leave is what it takes off when its turn comes last.
    let stacking = Stacking { sequence: u8::MAX, ..all[index].terms.stacking().clone() };
    let stacking = if stacking.combines { stacking } else { Stacking::default() };
    let last = with_stacking(all[index].terms, stacking);
    let mut together: Vec<_> = choice.chosen.iter().map(|(used, _)| all[*used]).collect();
    together.push(Candidate { terms: &last, ..all[index] });
    match combine(&together, order, now) {
        // Three were chosen, or one of them does not combine with it; or it would take off some of
        // what they leave, and others more.
        Err(NotTogether::Rules) | Ok(_) => Unused::BetterChosen,
        Err(NotTogether::Unused(_, why)) => why,
    }
}

/// The same terms with other rules of stacking.
fn with_stacking(same: &Terms, stacking: Stacking) -> Terms {
    terms(TermsParts {
        goods_categories: same.goods_categories().to_vec(),
        excluded_categories: same.excluded_categories().to_vec(),
        stacking,
        ..everywhere(same.kind())
    })
}

fn assert_chosen_exactly(wallet: &[Owned], order: &Basket) -> Result<(), TestCaseError> {
    let candidates: Vec<_> = wallet.iter().map(Owned::candidate).collect();
    let now = Timestamp::from_micros(NOW);
    let choice = choose(&candidates, order, now);
    prop_assert_eq!(&choice.chosen, &reference(&candidates, order));

    let total: Fen = choice.chosen.iter().map(|(_, discount)| discount.total).sum();
    for candidate in &candidates {
        let alone = combine(&[*candidate], order, now);
        prop_assert!(alone.map_or(Fen::ZERO, |one| one[0].1.total) <= total);
    }
    let unused: Vec<usize> = choice.unused.iter().map(|(index, _)| *index).collect();
    prop_assert!(unused.is_sorted());
    let mut places: Vec<_> = choice.chosen.iter().map(|(index, _)| *index).chain(unused).collect();
    places.sort_unstable();
    prop_assert_eq!(places, (0..candidates.len()).collect::<Vec<_>>());
    for (index, why) in &choice.unused {
        prop_assert_eq!(why, &why_unused(*index, &choice, &candidates, order), "{}", index);
    }
    for (line, left) in order.lines().iter().enumerate() {
        let off: Fen = choice.chosen.iter().map(|(_, discount)| discount.lines[line]).sum();
        prop_assert!(Fen::ZERO <= off && off <= left.amount);
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config::with_cases(4_000))]

    #[test]
    fn what_is_chosen_is_what_trying_everything_finds(wallet in wallets(), order in orders()) {
        assert_chosen_exactly(&wallet, &order)?;
    }
}

#[test]
fn one_hundred_thousand_baskets_are_chosen_for_exactly() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::with_cases(BASKETS), rng);
    let outcome = runner
        .run(&(wallets(), orders()), |(wallet, order)| assert_chosen_exactly(&wallet, &order));
    outcome.expect("every basket is chosen for as the reference does");
}
