//! The statements of a day against each other.

use std::collections::BTreeMap;

use super::LawProblem;
use super::snapshot::Row;
use super::statement_file::{Head, Kind};
use super::verdict::Finding;

/// What some rows come to. Never netted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: i64,
    captured_fen: i64,
    refunded_fen: i64,
}

/// What the statements of one closed day come to, by kind of counterparty, and the rows of the
/// journal that are in no chain's.
#[derive(Default)]
struct DaySums {
    platforms: Sum,
    funders: Sum,
    chains: Sum,
    without_chain: Sum,
}

/// The sums of all days.
#[derive(Default)]
pub(super) struct StatementSums {
    days: BTreeMap<String, DaySums>,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.captured_fen += other.captured_fen;
        self.refunded_fen += other.refunded_fen;
    }
}

impl StatementSums {
    /// Adds a statement, by what it says that it holds.
    pub fn add_statement(&mut self, day: &str, kind: Kind, head: &Head) {
        let Head { rows, captured_fen, refunded_fen, .. } = *head;
        let sums = self.days.entry(day.to_owned()).or_default();
        let sum = match kind {
            Kind::Platform => &mut sums.platforms,
            Kind::Funder => &mut sums.funders,
            Kind::Chain => &mut sums.chains,
        };
        sum.add(Sum { rows, captured_fen, refunded_fen });
    }

    /// Adds a row of the journal when it is in no chain's statement.
    pub fn add_row(&mut self, row: &Row, amount_fen: i64) -> Result<(), LawProblem> {
        if row.get::<Option<&str>>("chain")?.is_some() {
            return Ok(());
        }
        let (captured_fen, refunded_fen) = match row.get::<&str>("kind")? {
            "CAPTURE" => (amount_fen, 0),
            _ => (0, amount_fen),
        };
        let (day, sum) =
            (row.get::<&str>("business_day")?, Sum { rows: 1, captured_fen, refunded_fen });
        match self.days.get_mut(day) {
            Some(sums) => sums.without_chain.add(sum),
            None => {
                let sums = DaySums { without_chain: sum, ..DaySums::default() };
                self.days.insert(day.to_owned(), sums);
            }
        }
        Ok(())
    }

    /// The closed days whose platforms, funders and chains do not come to the same; of a day that
    /// an older version closed, without funders until days are next closed. `closed` says of a day
    /// whether it is closed, and then whether its funders' statements are made.
    pub fn judge(&self, closed: impl Fn(&str) -> Option<bool>) -> Finding {
        let what = "closed days whose kinds of statement do not come to the same";
        let mut unequal = Finding::none_yet(what);
        for (day, sums) in &self.days {
            let Some(has_funders) = closed(day) else { continue };
            let DaySums { platforms, funders, mut chains, without_chain } = *sums;
            chains.add(without_chain);
            if chains != platforms || (has_funders && funders != platforms) {
                let sums = [platforms, funders, chains].map(|sum| sum.captured_fen);
                let [platforms, funders, chains] = sums;
                unequal.add(|| {
                    format!(
                        "{day}: platforms {platforms} fen captured, funders {funders}, chains and \
                         rows without one {chains}"
                    )
                });
            }
        }
        unequal
    }
}
