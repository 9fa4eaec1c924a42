//! How often each voucher was used in each of its periods, counted from the orders and not by the
//! service. One voucher is in memory at a time.

use std::collections::BTreeMap;

use clock::{BusinessDay, Timestamp, Zone};

use super::LawProblem;
use super::snapshot::Row;
use super::verdict::{Finding, Verdict};
use crate::hex::hex;

/// Every use of a voucher whose terms count by the period, and every use that came back, voucher by
/// voucher. A use counts in the period in which its order was authorized.
pub(super) const ROWS: &str = "
    SELECT j.shard, j.voucher_id, a.created_at, CAST(1 AS BIGINT) AS uses, c.use_period,
      CAST(c.uses_per_period AS BIGINT) AS uses_max, c.zone
    FROM journal AS j
    JOIN \"authorization\" AS a
      ON a.shard = j.shard AND a.authorization_id = j.authorization_id
    JOIN campaign AS c ON c.campaign_id = j.campaign_id
    WHERE j.kind = 'CAPTURE' AND c.use_period <> ''
    UNION ALL
    SELECT p.shard, p.voucher_id, a.created_at, CAST(-1 AS BIGINT), c.use_period,
      CAST(c.uses_per_period AS BIGINT), c.zone
    FROM refund AS r
    JOIN authorization_voucher AS p
      ON p.shard = r.shard AND p.authorization_id = r.authorization_id
        AND r.returned_vouchers LIKE '%' || CAST(p.position AS TEXT) || '%'
    JOIN \"authorization\" AS a
      ON a.shard = r.shard AND a.authorization_id = r.authorization_id
    JOIN campaign AS c ON c.campaign_id = p.campaign_id
    WHERE c.use_period <> ''
    ORDER BY 1, 2";

/// All vouchers, one after the other.
pub(super) struct Periods {
    voucher_id: Vec<u8>,
    uses_max: i64,
    /// What the orders of the voucher at hand used, less what came back.
    uses: BTreeMap<String, i64>,
    above: Finding,
}

/// A use, or one that came back.
struct Use<'a> {
    voucher_id: &'a [u8],
    uses: i64,
    period: String,
    uses_max: i64,
}

impl Periods {
    pub fn new() -> Self {
        Self {
            voucher_id: Vec::new(),
            uses_max: 0,
            uses: BTreeMap::new(),
            above: Finding::none_yet("vouchers whose orders used them too often in a period"),
        }
    }

    pub fn take(&mut self, row: &Row) -> Result<(), LawProblem> {
        let at = Timestamp::from_micros(row.get("created_at")?);
        let period = period(at, row.get("use_period")?, row.get("zone")?);
        self.count(Use {
            voucher_id: row.get("voucher_id")?,
            uses: row.get("uses")?,
            period,
            uses_max: row.get("uses_max")?,
        });
        Ok(())
    }

    fn count(&mut self, one: Use<'_>) {
        if one.voucher_id != self.voucher_id {
            self.end();
            one.voucher_id.clone_into(&mut self.voucher_id);
            self.uses_max = one.uses_max;
        }
        *self.uses.entry(one.period).or_default() += one.uses;
    }

    fn end(&mut self) {
        for (period, uses) in std::mem::take(&mut self.uses) {
            if !(0..=self.uses_max).contains(&uses) {
                let voucher_id = hex(&self.voucher_id);
                self.above.add(|| format!("voucher {voucher_id}: {uses} in {period}"));
            }
        }
    }

    pub fn finish(mut self, verdict: &mut Verdict) {
        self.end();
        verdict.find(self.above);
    }
}

/// The period of an instant, as `2022-07-22`, `2022-07` or `2022`. Of a zone that nobody knows all
/// of time is one.
fn period(at: Timestamp, length: &str, zone: &str) -> String {
    let Ok(zone) = Zone::parse(zone) else { return format!("the unknown zone {zone}") };
    let mut period = BusinessDay::of(at, &zone).to_string();
    period.truncate(match length {
        "month" => 7,
        "year" => 4,
        _ => 10,
    });
    period
}

#[cfg(test)]
mod tests {
    use clock::{BusinessDay, Zone};

    use super::{Periods, Use, period};
    use crate::laws::verdict::{Law, Verdict};

    /// What is found of uses of vouchers in periods, of which one each is allowed.
    fn found(uses: &[(u8, &str, i64)]) -> u64 {
        let mut periods = Periods::new();
        for (voucher, period, uses) in uses {
            let period = (*period).to_owned();
            periods.count(Use { voucher_id: &[*voucher], uses: *uses, period, uses_max: 1 });
        }
        let mut verdict = Verdict::holds(Law::R1);
        periods.finish(&mut verdict);
        verdict.findings.iter().map(|finding| finding.count).sum()
    }

    #[test]
    fn uses_are_counted_by_voucher_and_period_and_what_came_back_does_not_count() {
        assert_eq!(found(&[(1, "2022-07-22", 1), (1, "2022-07-23", 1), (2, "2022-07-22", 1)]), 0);
        assert_eq!(found(&[(1, "2022", 1), (1, "2022", -1), (1, "2022", 1)]), 0);
        assert_eq!(found(&[(1, "2022", 1), (1, "2022", 1)]), 1);
        assert_eq!(found(&[(1, "2022", 1), (1, "2023", 1), (1, "2023", 1), (2, "2022", 2)]), 2);
        assert_eq!(found(&[(1, "2022", -1)]), 1, "more came back than was used");
    }

    #[test]
    fn a_period_is_one_of_the_terms_zone() {
        let zone = Zone::shanghai();
        let at = BusinessDay::parse("2023-01-01").expect("a day").start(&zone);
        for (length, own) in [("day", "2023-01-01"), ("month", "2023-01"), ("year", "2023")] {
            assert_eq!(period(at, length, zone.name()), own);
        }
        assert_eq!(period(at, "year", "UTC"), "2022");
    }
}
