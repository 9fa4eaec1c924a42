//! What was captured and given back of each order, worked out anew from its lines and compared with
//! what was booked. One order is in memory at a time.

use std::collections::BTreeMap;

use super::LawProblem;
use super::snapshot::Row;
use super::verdict::{Finding, Verdict};
use crate::hex::hex;

/// Every order with its vouchers (1), its refunds (2) and its transactions (3), one after the
/// other. `n` is the position of a voucher and the number of a refund.
pub(super) const ROWS: &str = "
    SELECT a.shard, a.authorization_id, 0 AS what, CAST(0 AS BIGINT) AS n,
      a.authorization_id AS id, a.state AS state, a.line_amounts AS list,
      a.captured_amounts AS other, a.order_amount_fen AS fen
    FROM \"authorization\" AS a
    UNION ALL
    SELECT p.shard, p.authorization_id, 1, p.position, p.voucher_id, '', p.line_discounts,
      NULL, p.discount_fen
    FROM authorization_voucher AS p
    UNION ALL
    SELECT r.shard, r.authorization_id, 2, r.part, r.authorization_id, '', r.returned_amounts,
      r.returned_vouchers, CAST(0 AS BIGINT)
    FROM refund AS r
    UNION ALL
    SELECT j.shard, j.authorization_id, 3, j.part, j.voucher_id, '', NULL, NULL,
      CAST(COALESCE(e.booked_fen, 0) AS BIGINT)
    FROM journal AS j LEFT JOIN (
      SELECT shard, transaction_id,
        CAST(SUM(CASE WHEN amount_fen > 0 THEN amount_fen ELSE 0 END) AS BIGINT) AS booked_fen
      FROM entry GROUP BY shard, transaction_id
    ) AS e ON e.shard = j.shard AND e.transaction_id = j.transaction_id
    ORDER BY 1, 2, 3, 4";

/// What one order's rows say.
struct Order {
    id: Vec<u8>,
    state: String,
    amount: i64,
    lines: Option<Vec<i64>>,
    captured: Option<Vec<i64>>,
    parts: Vec<Part>,
    /// What each refund returned; none for all that was left.
    refunds: Vec<Option<Vec<i64>>>,
    /// What was booked of each voucher, with each refund; 0 is the capture.
    booked: BTreeMap<(Vec<u8>, i64), i64>,
}

/// A voucher's part in an order.
struct Part {
    voucher_id: Vec<u8>,
    discount: i64,
    lines: Vec<i64>,
}

/// All orders, one after the other.
pub(super) struct Audit {
    order: Option<Order>,
    captured_fen: i64,
    refunded_fen: i64,
    unlike: Finding,
    above: Finding,
    adrift: Finding,
    misbooked: Finding,
    misstated: Finding,
}

impl Audit {
    pub fn new() -> Self {
        Self {
            order: None,
            captured_fen: 0,
            refunded_fen: 0,
            unlike: Finding::none_yet("parts whose lines do not add up to them"),
            above: Finding::none_yet("lines of which more was taken, captured or returned than is"),
            adrift: Finding::none_yet("orders whose lines do not come to what they cost"),
            misbooked: Finding::none_yet(
                "transactions of another amount than was captured or returned",
            ),
            misstated: Finding::none_yet("orders whose state is not what came back of them"),
        }
    }

    pub fn take(&mut self, row: &Row) -> Result<(), LawProblem> {
        let list = |column| row.get::<Option<&str>>(column).map(|text| text.map(fen));
        let (n, fen) = (row.get::<i64>("n")?, row.get::<i64>("fen")?);
        let id = row.get::<&[u8]>("id")?.to_vec();
        match row.get::<i32>("what")? {
            0 => {
                self.end();
                self.order = Some(Order {
                    id,
                    state: row.get("state")?,
                    amount: fen,
                    lines: list("list")?.filter(|lines| !lines.is_empty()),
                    captured: list("other")?,
                    parts: Vec::new(),
                    refunds: Vec::new(),
                    booked: BTreeMap::new(),
                });
            }
            1 => {
                let lines = list("list")?.unwrap_or_default();
                self.with_order(|order| {
                    order.parts.push(Part { voucher_id: id, discount: fen, lines });
                });
            }
            2 => {
                let returned = list("list")?;
                self.with_order(|order| order.refunds.push(returned));
            }
            _ => self.with_order(|order| *order.booked.entry((id, n)).or_default() += fen),
        }
        Ok(())
    }

    /// What belongs to no order is found elsewhere.
    fn with_order(&mut self, add: impl FnOnce(&mut Order)) {
        if let Some(order) = &mut self.order {
            add(order);
        }
    }

    fn end(&mut self) {
        let Some(order) = self.order.take() else { return };
        let shown = || format!("authorization {}", hex(&order.id));
        if order.parts.iter().any(|part| part.lines.iter().sum::<i64>() != part.discount) {
            self.unlike.add(shown);
            return;
        }
        let lines = order.lines();
        if lines.iter().sum::<i64>() != order.amount {
            self.adrift.add(shown);
        }
        if order.parts.iter().any(|part| part.lines.len() != lines.len()) {
            self.unlike.add(shown);
            return;
        }
        let taken = |line: usize| order.parts.iter().map(|part| part.lines[line]).sum::<i64>();
        let mut is_above = (0..lines.len()).any(|line| taken(line) > lines[line]);
        if order.is_captured() {
            is_above |= self.settle(&order, &lines);
        } else if !order.booked.is_empty() {
            self.misbooked.add(shown);
        }
        if is_above {
            self.above.add(shown);
        }
    }

    /// Compares what was booked with what it should be; whether a line was exceeded.
    fn settle(&mut self, order: &Order, lines: &[i64]) -> bool {
        let shown = || format!("authorization {}", hex(&order.id));
        let captured = order.captured.clone().unwrap_or_else(|| lines.to_vec());
        if captured.len() != lines.len() || exceeds(&captured, lines) {
            return true;
        }
        let of_line = |line: usize| order.parts.iter().map(move |part| part.lines[line]);
        let discounts: Vec<Vec<i64>> = (0..lines.len())
            .map(|line| shares(of_line(line), lines[line], captured[line]))
            .collect();
        let mut expected = BTreeMap::new();
        let mut add = |at: usize, part: i64, fen: i64| {
            if fen > 0 {
                let key = (order.parts[at].voucher_id.clone(), part);
                *expected.entry(key).or_default() += fen;
            }
        };
        discounts.iter().for_each(|line| (0..).zip(line).for_each(|(at, fen)| add(at, 0, *fen)));
        let mut returned = vec![0; lines.len()];
        for (part, refund) in (1..).zip(&order.refunds) {
            for line in 0..lines.len() {
                let more = match refund {
                    Some(amounts) => amounts.get(line).copied().unwrap_or(0),
                    None => captured[line] - returned[line],
                };
                if more < 0 || returned[line] + more > captured[line] {
                    return true;
                }
                let back = |fen| shares(discounts[line].iter().copied(), captured[line], fen);
                let (before, after) = (back(returned[line]), back(returned[line] + more));
                (0..).zip(before.iter().zip(after)).for_each(|(at, (b, a))| add(at, part, a - b));
                returned[line] += more;
            }
        }
        let booked = order.booked.iter().filter(|(_, fen)| **fen != 0);
        if !booked.eq(&expected) {
            self.misbooked.add(shown);
        }
        let is_over = !order.refunds.is_empty() && returned == captured;
        if is_over != (order.state == "REFUNDED") {
            self.misstated.add(shown);
        }
        for ((_, part), fen) in &expected {
            let sum = if *part == 0 { &mut self.captured_fen } else { &mut self.refunded_fen };
            *sum += fen;
        }
        false
    }

    pub fn finish(mut self, verdict: &mut Verdict) {
        self.end();
        verdict.figure("captured_fen", self.captured_fen);
        verdict.figure("refunded_fen", self.refunded_fen);
        for finding in [self.unlike, self.above, self.adrift, self.misbooked, self.misstated] {
            verdict.find(finding);
        }
    }
}

impl Order {
    /// What each line costs. Of an order that was authorized before lines were kept, what it cost
    /// beyond its one discount is counted with the first.
    fn lines(&self) -> Vec<i64> {
        let unknown = || {
            let mut lines = self.parts.first().map(|part| part.lines.clone()).unwrap_or_default();
            let taken: i64 = lines.iter().sum();
            lines.iter_mut().take(1).for_each(|first| *first += self.amount - taken);
            lines
        };
        self.lines.clone().unwrap_or_else(unknown)
    }

    fn is_captured(&self) -> bool {
        matches!(self.state.as_str(), "CAPTURED" | "REFUNDED")
    }
}

fn exceeds(some: &[i64], all: &[i64]) -> bool {
    some.iter().zip(all).any(|(some, all)| *some < 0 || some > all)
}

/// What of each discount on a line belongs to the first `part` fen of it: rounded down, each of
/// what those before it leave of the line and of the part.
fn shares(discounts: impl Iterator<Item = i64>, mut line: i64, mut part: i64) -> Vec<i64> {
    let share = |discount: i64| {
        let own = match line {
            0 => 0,
            _ => i64::try_from(i128::from(discount) * i128::from(part) / i128::from(line))
                .unwrap_or(i64::MAX),
        };
        (line, part) = (line - discount, part - own);
        own
    };
    discounts.map(share).collect()
}

/// `299,0` as amounts; what is none counts as less than nothing, and adds up to nothing right.
fn fen(list: &str) -> Vec<i64> {
    let parts = list.split(',').filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok().filter(|fen| *fen >= 0).unwrap_or(i64::MIN / 128)).collect()
}
