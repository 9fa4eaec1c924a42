use futures::TryStreamExt as _;

use super::LawProblem;
use super::campaigns::Campaigns;
use super::snapshot::{Rule, Snapshot};
use super::verdict::{Finding, Law, Verdict};

const FIGURES: &str = "
    SELECT COUNT(*) AS stocks, CAST(COALESCE(SUM(quota), 0) AS BIGINT) AS quota,
      CAST(COALESCE(SUM(issued), 0) AS BIGINT) AS issued,
      CAST(COALESCE(SUM(returned), 0) AS BIGINT) AS returned,
      (SELECT COUNT(*) FROM voucher) AS vouchers, (SELECT COUNT(*) FROM feed) AS fed
    FROM stock";

const RULES: &[Rule] = &[
    Rule {
        what: "stocks that gave out more than their quota",
        sql: "
    SELECT campaign_id, period, slice, issued, returned, quota FROM stock
    WHERE issued - returned > quota OR returned > issued OR returned < 0",
    },
    Rule {
        what: "stocks whose count is not that of their vouchers",
        sql: "
    SELECT s.campaign_id, s.period, s.slice, s.issued, v.vouchers
    FROM stock AS s LEFT JOIN (
      SELECT campaign_id, period, slice, COUNT(*) AS vouchers
      FROM voucher GROUP BY campaign_id, period, slice
    ) AS v ON v.campaign_id = s.campaign_id AND v.period = s.period AND v.slice = s.slice
    WHERE s.issued <> COALESCE(v.vouchers, 0)",
    },
    Rule {
        what: "stocks whose serials are not 1 to the last, once each",
        sql: "
    SELECT campaign_id, period, slice, COUNT(*) AS vouchers, MIN(serial) AS first_serial,
      MAX(serial) AS last_serial, COUNT(DISTINCT serial) AS serials
    FROM voucher GROUP BY campaign_id, period, slice
    HAVING MIN(serial) <> 1 OR MAX(serial) <> COUNT(*) OR COUNT(DISTINCT serial) <> COUNT(*)",
    },
    Rule {
        what: "vouchers of no stock",
        sql: "
    SELECT v.campaign_id, v.period, v.slice, v.vouchers
    FROM (
      SELECT campaign_id, period, slice, COUNT(*) AS vouchers
      FROM voucher GROUP BY campaign_id, period, slice
    ) AS v LEFT JOIN stock AS s
      ON s.campaign_id = v.campaign_id AND s.period = v.period AND s.slice = v.slice
    WHERE s.campaign_id IS NULL",
    },
    Rule {
        what: "stocks whose feed positions are not 1 to its head",
        sql: "
    SELECT s.campaign_id, s.period, s.slice, s.feed_head, f.positions, f.first_position,
      f.last_position
    FROM stock AS s LEFT JOIN (
      SELECT campaign_id, period, slice, COUNT(DISTINCT position) AS positions,
        MIN(position) AS first_position, MAX(position) AS last_position
      FROM feed GROUP BY campaign_id, period, slice
    ) AS f ON f.campaign_id = s.campaign_id AND f.period = s.period AND f.slice = s.slice
    WHERE COALESCE(f.positions, 0) <> s.feed_head OR COALESCE(f.last_position, 0) <> s.feed_head
      OR COALESCE(f.first_position, 1) <> 1",
    },
    Rule {
        what: "feed positions of no stock",
        sql: "
    SELECT f.campaign_id, f.period, f.slice, f.position FROM feed AS f LEFT JOIN stock AS s
      ON s.campaign_id = f.campaign_id AND s.period = f.period AND s.slice = f.slice
    WHERE s.campaign_id IS NULL",
    },
    Rule {
        what: "feed positions of a voucher that is not of the stock",
        sql: "
    SELECT f.campaign_id, f.period, f.slice, f.position, f.voucher_id
    FROM feed AS f LEFT JOIN voucher AS v ON v.slice = f.slice AND v.voucher_id = f.voucher_id
      AND v.campaign_id = f.campaign_id AND v.period = f.period
    WHERE v.voucher_id IS NULL",
    },
    // What is fed is a voucher of the stock (the rule before this one): as many different ones as
    // the stock has vouchers, none of them twice, are all of them once.
    Rule {
        what: "stocks whose vouchers were not fed exactly once",
        sql: "
    SELECT v.campaign_id, v.period, v.slice, v.vouchers, f.fed, f.vouchers_fed
    FROM (
      SELECT campaign_id, period, slice, COUNT(*) AS vouchers
      FROM voucher GROUP BY campaign_id, period, slice
    ) AS v LEFT JOIN (
      SELECT campaign_id, period, slice, COUNT(*) AS fed, COUNT(DISTINCT voucher_id) AS vouchers_fed
      FROM feed WHERE kind = 'ISSUED' GROUP BY campaign_id, period, slice
    ) AS f ON f.campaign_id = v.campaign_id AND f.period = v.period AND f.slice = v.slice
    WHERE COALESCE(f.fed, 0) <> v.vouchers OR COALESCE(f.vouchers_fed, 0) <> v.vouchers",
    },
];

/// Law I1: issued - returned <= quota; issued = rows; serials and feed positions are 1, 2, 3...
/// without a gap; every voucher is fed once.
pub(super) async fn exact(issuance: &mut Snapshot) -> Result<Verdict, LawProblem> {
    issuance.judge(Law::I1, FIGURES, RULES).await
}

const LIABILITIES: &str = "
    SELECT v.campaign_id, v.period, CAST(SUM(v.vouchers) AS BIGINT) AS vouchers,
      MIN(v.least) AS least, MAX(v.most) AS most, CAST(SUM(v.total) AS BIGINT) AS total,
      CAST(SUM(s.quota) AS BIGINT) AS quota, CAST(SUM(s.returned) AS BIGINT) AS returned
    FROM (
      SELECT campaign_id, period, slice, COUNT(*) AS vouchers, MIN(liability_fen) AS least,
        MAX(liability_fen) AS most, CAST(SUM(liability_fen) AS BIGINT) AS total
      FROM voucher GROUP BY campaign_id, period, slice
    ) AS v JOIN stock AS s
      ON s.campaign_id = v.campaign_id AND s.period = v.period AND s.slice = v.slice
    GROUP BY v.campaign_id, v.period";

const FUND_RULES: &[Rule] = &[
    Rule {
        what: "funds that gave out more than was pledged",
        sql: "SELECT fund_id, issued_fen, pledged_fen FROM fund WHERE issued_fen > pledged_fen",
    },
    Rule {
        what: "funds whose figure is not that of their campaigns' vouchers",
        sql: "
    SELECT f.fund_id, f.issued_fen, f.returned_fen, v.vouchers_fen
    FROM fund AS f LEFT JOIN (
      SELECT c.fund_id, CAST(SUM(v.liability_fen) AS BIGINT) AS vouchers_fen
      FROM campaign AS c JOIN voucher AS v ON v.campaign_id = c.campaign_id
      WHERE c.fund_id IS NOT NULL GROUP BY c.fund_id
    ) AS v ON v.fund_id = f.fund_id
    WHERE f.issued_fen + f.returned_fen <> COALESCE(v.vouchers_fen, 0)",
    },
];

/// Law I5: every voucher's liability is the amount of its terms; together they stay within what
/// the quota times that amount comes to, and within the fund that their campaign draws on.
pub(super) async fn money(
    issuance: &mut Snapshot,
    campaigns: &Campaigns,
) -> Result<Verdict, LawProblem> {
    let mut verdict = Verdict::holds(Law::I5);
    let mut unlike = Finding::none_yet("stocks with a liability that is not the terms'");
    let mut above = Finding::none_yet("stocks whose liabilities are above their money");
    let (mut issued_fen, mut cap_fen) = (0_i64, 0_i64);
    let mut rows = issuance.rows(LIABILITIES);
    while let Some(row) = rows.try_next().await? {
        let (campaign_id, period): (&str, &str) = (row.get("campaign_id")?, row.get("period")?);
        let Some(programme) = campaigns.programme(campaign_id) else { continue };
        let amount = programme.terms.liability().0;
        let (least, most): (i64, i64) = (row.get("least")?, row.get("most")?);
        if (least, most) != (amount, amount) {
            unlike.add(|| format!("{campaign_id} {period}: {least} to {most}, not {amount}"));
        }
        let quota: i64 = row.get::<i64>("quota")? + row.get::<i64>("returned")?;
        let (total, cap) = (row.get::<i64>("total")?, quota.saturating_mul(amount));
        if total > cap {
            above.add(|| format!("{campaign_id} {period}: {total} of {cap} fen"));
        }
        issued_fen = issued_fen.saturating_add(total);
        cap_fen = cap_fen.saturating_add(cap);
    }
    verdict.figure("issued_fen", issued_fen);
    verdict.figure("cap_fen", cap_fen);
    verdict.find(campaigns.unreadable());
    verdict.find(unlike);
    verdict.find(above);
    drop(rows);
    for rule in FUND_RULES {
        verdict.find(issuance.offenders(rule).await?);
    }
    Ok(verdict)
}
