use std::cmp::Reverse;

use clock::Timestamp;
use member_identity::RegionCode;

use crate::{Basket, Category, Fen, Hours, Kind, Terms, is_open};

/// What an order gets off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// What is taken off the order.
    pub total: Fen,
    /// What is taken off each line, in the basket's order; zero for a line that is not covered.
    /// Adds up to the total.
    pub lines: Vec<Fen>,
}

/// Why terms do not apply to an order. When several reasons hold, the one that stands first here
/// is the answer: what the member cannot change comes before what they can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// The shop is outside the regions.
    #[error("the shop is outside the regions of the terms")]
    RegionNotCovered {
        /// The regions whose shops take it.
        regions: Vec<RegionCode>,
    },
    /// Not at this hour.
    #[error("the terms do not apply at this hour")]
    OutsideHours {
        /// The hours in which they do.
        hours: Vec<Hours>,
    },
    /// No line of the order is covered.
    #[error("no goods of the order are covered by the terms")]
    GoodsNotCovered,
    /// The covered lines come to too little.
    #[error("the covered goods come to {covered} fen, below the threshold of {threshold} fen")]
    BelowThreshold {
        /// What they must come to.
        threshold: Fen,
        /// What they come to.
        covered: Fen,
    },
}

impl Terms {
    /// What a voucher under these terms takes off an order at the instant `at`.
    ///
    /// The discount is split over the covered lines in proportion to what they cost: each gets the
    /// floor of its share; the fen that are left go one each to the lines with the largest
    /// remainders, and of equal remainders to the earlier line.
    pub fn apply(&self, basket: &Basket, at: Timestamp) -> Result<Discount, OrderRefusal> {
        if !self.covers_region(basket.shop_region()) {
            return Err(OrderRefusal::RegionNotCovered { regions: self.regions().to_vec() });
        }
        if !is_open(self.hours(), at, self.zone()) {
            return Err(OrderRefusal::OutsideHours { hours: self.hours().to_vec() });
        }
        if !basket.lines().iter().any(|line| self.covers_goods(&line.category)) {
            return Err(OrderRefusal::GoodsNotCovered);
        }
        let covered = self.covered_amounts(basket);
        self.kind().discount(&covered)
    }

    fn covers_region(&self, shop: RegionCode) -> bool {
        self.regions().is_empty() || self.regions().iter().any(|region| region.contains(shop))
    }

    fn covers_goods(&self, category: &Category) -> bool {
        self.goods_categories().is_empty() || self.goods_categories().contains(category)
    }

    /// What each line counts for: its amount, or zero when it is not covered.
    fn covered_amounts(&self, basket: &Basket) -> Vec<Fen> {
        let lines = basket.lines().iter();
        lines.map(|l| if self.covers_goods(&l.category) { l.amount } else { Fen::ZERO }).collect()
    }
}

impl Kind {
    fn discount(self, covered_lines: &[Fen]) -> Result<Discount, OrderRefusal> {
        let Self::AmountOff { threshold, amount } = self;
        let covered: Fen = covered_lines.iter().copied().sum();
        if covered < threshold {
            return Err(OrderRefusal::BelowThreshold { threshold, covered });
        }
        Ok(Discount { total: amount, lines: split(amount, covered_lines) })
    }
}

/// Splits `total` over lines in proportion to their amounts by largest remainder. The amounts are
/// not negative and come to at least `total`, which is not negative either; therefore no line gets
/// more than its amount: a line that gets one of the left-over fen has a share that is not whole,
/// and so lies below its amount.
fn split(total: Fen, lines: &[Fen]) -> Vec<Fen> {
    let sum: i128 = lines.iter().map(|line| i128::from(line.0)).sum();
    if sum == 0 {
        return vec![Fen::ZERO; lines.len()];
    }
    let scaled = |line: &Fen| i128::from(total.0) * i128::from(line.0);
    let floor = |line| i64::try_from(scaled(line) / sum).expect("a share is at most the total");
    let mut parts: Vec<i64> = lines.iter().map(floor).collect();
    let left = total.0 - parts.iter().sum::<i64>();

    let mut by_remainder: Vec<usize> = (0..lines.len()).collect();
    by_remainder.sort_by_key(|&index| Reverse(scaled(&lines[index]) % sum));
    let left = usize::try_from(left).expect("floors come to at most the total");
    for &index in by_remainder.iter().take(left) {
        parts[index] += 1;
    }
    parts.into_iter().map(Fen).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn left_over_fen_go_to_the_largest_remainders_and_then_to_the_earlier_line() {
        let cases: [(i64, &[i64], &[i64]); 6] = [
            (299, &[300], &[299]),
            (100, &[100, 100, 100], &[34, 33, 33]),
            (200, &[100, 100, 100], &[67, 67, 66]),
            (10, &[1, 1, 98], &[0, 0, 10]),
            (299, &[0, 150, 0, 150], &[0, 150, 0, 149]),
            (5, &[3, 7, 5], &[1, 2, 2]),
        ];
        for (total, lines, expected) in cases {
            let lines: Vec<Fen> = lines.iter().copied().map(Fen).collect();
            let expected: Vec<Fen> = expected.iter().copied().map(Fen).collect();
            assert_eq!(split(Fen(total), &lines), expected, "{total} over {lines:?}");
        }
    }

    proptest! {
        #[test]
        fn a_split_is_exact_and_within_one_fen_of_the_share_and_within_the_line(
            amounts in prop::collection::vec(0_i64..=100_000_000, 1..=100),
            part in 0.0_f64..=1.0,
        ) {
            let lines: Vec<Fen> = amounts.iter().copied().map(Fen).collect();
            let sum: i64 = amounts.iter().sum();
            let total = ((sum as f64 * part) as i64).min(sum);
            let parts = split(Fen(total), &lines);

            prop_assert_eq!(parts.len(), lines.len());
            prop_assert_eq!(parts.iter().copied().sum::<Fen>(), Fen(total));
            for (part, line) in parts.iter().zip(&lines) {
                prop_assert!(Fen::ZERO <= *part && part <= line);
                let (part, line) = (i128::from(part.0), i128::from(line.0));
                let off = part * i128::from(sum) - i128::from(total) * line;
                prop_assert!(off.abs() < i128::from(sum.max(1)), "less than one fen off");
            }
        }
    }
}
