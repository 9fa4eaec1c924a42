//! How long `choose` takes for the largest wallets and orders, in the cases that are worst for it.
//! `cargo test -p benefit -- --ignored --nocapture` prints the times.

use std::time::{Duration, Instant};

use super::*;

/// Lines of the largest order.
const LINES: usize = 100;
/// Categories of the longest list.
const CATEGORIES: usize = 64;
/// Runs of which the fastest is shown.
const RUNS: usize = 5;

fn key(index: usize) -> String {
    format!("a-goods-category-with-a-name-as-long-as-they-come-{index:03}")
}

/// As many lines as an order has, each of its own category.
fn largest_order() -> Basket {
    let lines = (0..LINES)
        .map(|line| Line { category: category(&key(line)), amount: Fen(997 + 13 * whole(line)) });
    Basket::new(lines.collect(), region("440106")).expect("a good basket")
}

/// Every campaign covers another window of 64 of 100 categories.
fn window(campaign: usize) -> Vec<Category> {
    (0..CATEGORIES).map(|index| category(&key((campaign + index) % LINES))).collect()
}

fn whole(value: usize) -> i64 {
    i64::try_from(value).expect("small")
}

/// Goes together with everything, off the goods of a window.
fn windowed(campaign: usize, kind: Kind) -> TermsParts {
    let goods_categories = window(campaign);
    TermsParts { goods_categories, stacking: combining(), ..everywhere(kind) }
}

fn against_their_turns(campaign: usize) -> TermsParts {
    let sequence = u8::try_from(campaign).expect("at most 200 campaigns");
    let stacking = Stacking { sequence, ..combining() };
    TermsParts { stacking, ..windowed(0, amount_off(300, 299)) }
}

fn capped(campaign: usize) -> TermsParts {
    let stacking = Stacking { order_cap_percent: Some(70), ..combining() };
    TermsParts { stacking, ..windowed(campaign, percent_off(0, 50, 1_000_000)) }
}

/// The terms of a campaign, by its number.
type Make = fn(usize) -> TermsParts;

const CASES: [(&str, Make); 9] = [
    ("all equal", |_| windowed(0, amount_off(300, 299))),
    ("all equal, the last expires first", against_their_turns),
    ("all different", |n| windowed(n, amount_off(300 + whole(n), 200 + whole(n)))),
    ("equal money off other goods", |n| windowed(n, amount_off(300, 299))),
    ("10 % off other goods", |n| windowed(n, percent_off(0, 10, 1_000_000))),
    ("60 % off other goods", |n| windowed(n, percent_off(0, 60, 1_000_000))),
    ("10 % off all goods", |_| TermsParts {
        stacking: combining(),
        ..everywhere(percent_off(0, 10, 1_000_000))
    }),
    ("other goods waived", |n| windowed(n, waiver(10_000_000))),
    ("50 % off other goods, at most 70 % off the order", capped),
];

/// The fastest of some runs.
#[expect(clippy::disallowed_methods, reason = "a measurement of the machine, not business time")]
fn time_of(candidates: &[Candidate<'_>], order: &Basket) -> Duration {
    let run = || {
        let begun = Instant::now();
        let choice = choose(candidates, order, at(9, 0));
        let elapsed = begun.elapsed();
        assert_eq!(choice.chosen.len() + choice.unused.len(), candidates.len());
        elapsed
    };
    (0..RUNS).map(|_| run()).min().expect("some runs")
}

#[test]
#[ignore = "measures the machine"]
fn choosing_for_the_largest_wallets_and_orders() {
    for (vouchers, campaigns) in [(50, 50), (200, 50), (200, 200)] {
        for (case, make) in CASES {
            let terms: Vec<Terms> = (0..campaigns).map(|index| terms(make(index))).collect();
            let names: Vec<String> = (0..campaigns).map(|index| index.to_string()).collect();
            let candidate = |index: usize| Candidate {
                terms: &terms[index % campaigns],
                campaign: &names[index % campaigns],
                funder: "gd",
                balance: None,
                valid_from: at(0, 0),
                valid_until: Timestamp::from_micros(at(23, 59).as_micros() - whole(index)),
            };
            let candidates: Vec<_> = (0..vouchers).map(candidate).collect();
            let time = time_of(&candidates, &largest_order());
            println!("{vouchers} of {campaigns}, {case}: {time:?}");
        }
    }
}
