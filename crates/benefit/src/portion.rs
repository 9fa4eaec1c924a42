use std::cmp::Reverse;

use crate::Fen;

/// Which part of an order is captured, or returned: by what its lines cost before any discount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Portion {
    /// All that is left.
    Whole,
    /// So much of the order, over all its lines in proportion to what is left of them.
    Amount(Fen),
    /// So much of each of these lines, by index; each line once.
    Lines(Vec<(usize, Fen)>),
}

/// Why something is no portion of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortionProblem {
    /// It is nothing.
    #[error("is nothing")]
    Nothing,
    /// The order has no such line, or it is named twice.
    #[error("names the line {0}, which the order has not, or twice")]
    Line(usize),
    /// More than is left.
    #[error("is above what is left, {left} fen")]
    AboveWhatIsLeft {
        /// What is left of the order, or of the line.
        left: Fen,
    },
}

impl Portion {
    /// What that is of each line of which `left` is left.
    pub fn of(&self, left: &[Fen]) -> Result<Vec<Fen>, PortionProblem> {
        let whole: Fen = left.iter().copied().sum();
        match self {
            Self::Whole => Ok(left.to_vec()),
            Self::Amount(amount) if *amount < Fen(1) => Err(PortionProblem::Nothing),
            Self::Amount(amount) if *amount > whole => {
                Err(PortionProblem::AboveWhatIsLeft { left: whole })
            }
            Self::Amount(amount) => Ok(split(*amount, left)),
            Self::Lines(lines) => named(lines, left),
        }
    }
}

fn named(lines: &[(usize, Fen)], left: &[Fen]) -> Result<Vec<Fen>, PortionProblem> {
    let mut parts: Vec<Option<Fen>> = vec![None; left.len()];
    for (index, amount) in lines {
        let (Some(part @ None), Some(left)) = (parts.get_mut(*index), left.get(*index)) else {
            return Err(PortionProblem::Line(*index));
        };
        if *amount < Fen(1) {
            return Err(PortionProblem::Nothing);
        }
        if amount > left {
            return Err(PortionProblem::AboveWhatIsLeft { left: *left });
        }
        *part = Some(*amount);
    }
    if lines.is_empty() {
        return Err(PortionProblem::Nothing);
    }
    Ok(parts.into_iter().map(Option::unwrap_or_default).collect())
}

/// What of a line's discount belongs to the first `part` fen of the line, which costs `line`:
/// rounded down, so that all of it belongs to the whole line. What one more return gives back is
/// the difference of two of these; whatever the parts, they add up to the discount exactly, and
/// none of them is above what it returns.
fn share(discount: Fen, line: Fen, part: Fen) -> Fen {
    if line == Fen::ZERO { Fen::ZERO } else { scaled(discount, part, line).0 }
}

/// What of each discount on a line belongs to the first `part` fen of the line, when several
/// vouchers take something off it: voucher by voucher, each of what those before it leave of the
/// line and of the part, as they took their turns. Together the discounts are at most the line.
///
/// Each is rounded down, so that all of it belongs to the whole line. What one more return gives
/// back is the difference of two of these; whatever the parts, they add up to the discount exactly,
/// and all of them together are never above what is returned. Rounding each discount of the line by
/// itself would not do: of 2 fen that cost nothing by two vouchers of 1 fen, the first returned
/// would give back 0 and the second 2, and the member would owe a fen.
pub fn shares(discounts: &[Fen], line: Fen, part: Fen) -> Vec<Fen> {
    let (mut line, mut part) = (line, part);
    let one = |discount: &Fen| {
        let share = share(*discount, line, part);
        line.0 -= discount.0;
        part.0 -= share.0;
        share
    };
    discounts.iter().map(one).collect()
}

/// `amount` x `part` / `whole` rounded down, and the remainder. The part is at most the whole, so
/// the share is at most the amount; only the product may be beyond 64 bits.
fn scaled(amount: Fen, part: Fen, whole: Fen) -> (Fen, Fen) {
    if let Some(product) = amount.0.checked_mul(part.0) {
        return (Fen(product / whole.0), Fen(product % whole.0));
    }
    let (product, whole) = (i128::from(amount.0) * i128::from(part.0), i128::from(whole.0));
    let within = |value| Fen(i64::try_from(value).expect("a share is at most the whole"));
    (within(product / whole), within(product % whole))
}

/// Splits `total` over lines in proportion to their amounts by largest remainder: each gets the
/// floor of its share; the fen that are left go one each to the lines with the largest remainders,
/// and of equal remainders to the earlier line.
///
/// The amounts are not negative and come to at least `total`, which is not negative either;
/// therefore no line gets more than its amount: a line that gets one of the left-over fen has a
/// share that is not whole, and so lies below its amount.
pub(crate) fn split(total: Fen, lines: &[Fen]) -> Vec<Fen> {
    let sum: Fen = lines.iter().copied().sum();
    if sum == Fen::ZERO {
        return vec![Fen::ZERO; lines.len()];
    }
    let mut parts = Vec::with_capacity(lines.len());
    let mut remainders = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let (floor, remainder) = scaled(total, *line, sum);
        parts.push(floor);
        remainders.push((Reverse(remainder), index));
    }
    let left = total.0 - parts.iter().copied().sum::<Fen>().0;
    let left = usize::try_from(left).expect("floors come to at most the total");
    if left > 0 {
        remainders.select_nth_unstable(left - 1);
    }
    for (_, index) in &remainders[..left] {
        parts[*index].0 += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn left_over_fen_go_to_the_largest_remainders_and_then_to_the_earlier_line() {
        let cases: [(i64, &[i64], &[i64]); 7] = [
            (299, &[300], &[299]),
            (100, &[100, 100, 100], &[34, 33, 33]),
            (200, &[100, 100, 100], &[67, 67, 66]),
            (10, &[1, 1, 98], &[0, 0, 10]),
            (299, &[0, 150, 0, 150], &[0, 150, 0, 149]),
            (5, &[3, 7, 5], &[1, 2, 2]),
            // Products beyond 64 bits.
            (9_999_999_999, &[5_000_000_000, 5_000_000_001], &[4_999_999_999, 5_000_000_000]),
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
