//! How money is spread and cut, said once more.

use crate::reference::Portion;

/// What of each voucher's discounts belongs to a part of each line: voucher by voucher, rounded
/// down, each of what those before it leave of the line and of the part.
pub fn shares(discounts: &[Vec<i64>], lines: &[i64], part: &[i64]) -> Vec<Vec<i64>> {
    let (mut lines, mut part) = (lines.to_vec(), part.to_vec());
    let mut shares = Vec::new();
    for discount in discounts {
        let one = |at: usize| if lines[at] == 0 { 0 } else { discount[at] * part[at] / lines[at] };
        let share: Vec<i64> = (0..lines.len()).map(one).collect();
        for at in 0..lines.len() {
            lines[at] -= discount[at];
            part[at] -= share[at];
        }
        shares.push(share);
    }
    shares
}

pub fn sums(shares: &[Vec<i64>]) -> Vec<i64> {
    shares.iter().map(|share| share.iter().sum()).collect()
}

/// A part of what is left, line by line.
pub fn cut(portion: &Portion, left: &[i64]) -> Result<Vec<i64>, &'static str> {
    match portion {
        Portion::Whole => Ok(left.to_vec()),
        Portion::Amount(fen) if *fen > left.iter().sum() => Err("PORTION_ABOVE_ORDER"),
        Portion::Amount(fen) => Ok(spread(*fen, left)),
        Portion::Lines(lines) => {
            let mut part = vec![0; left.len()];
            for (line, fen) in lines {
                if *line >= left.len() || part[*line] > 0 {
                    return Err("PORTION_LINE_UNKNOWN");
                }
                if *fen > left[*line] {
                    return Err("PORTION_ABOVE_ORDER");
                }
                part[*line] = *fen;
            }
            Ok(part)
        }
    }
}

/// Largest remainders, the earlier line first.
pub fn spread(total: i64, lines: &[i64]) -> Vec<i64> {
    let sum: i64 = lines.iter().sum();
    if sum == 0 {
        return vec![0; lines.len()];
    }
    let mut parts: Vec<i64> = lines.iter().map(|line| total * line / sum).collect();
    for _ in parts.iter().sum::<i64>()..total {
        let rest = |at: usize| total * lines[at] - parts[at] * sum;
        let next = (0..lines.len()).max_by_key(|at| (rest(*at), std::cmp::Reverse(*at)));
        parts[next.expect("there are lines")] += 1;
    }
    parts
}
