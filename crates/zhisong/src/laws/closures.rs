use futures::TryStreamExt as _;

use super::LawProblem;
use super::snapshot::{Row, Rule, Snapshot};
use super::verdict::{Finding, Law, Verdict};
use crate::hex::hex;

const FIGURES: &str = "
    SELECT COUNT(*) AS funds, CAST(COALESCE(SUM(pledged_fen), 0) AS BIGINT) AS pledged_fen,
      CAST(COALESCE(SUM(pledged_fen - issued_fen), 0) AS BIGINT) AS free_fen,
      CAST(COALESCE(SUM(issued_fen - spent_fen), 0) AS BIGINT) AS open_fen,
      CAST(COALESCE(SUM(spent_fen), 0) AS BIGINT) AS spent_fen,
      CAST(COALESCE(SUM(returned_fen), 0) AS BIGINT) AS returned_fen,
      (SELECT COUNT(*) FROM fund_journal) AS postings,
      (SELECT COUNT(*) FROM closure) AS closed_vouchers
    FROM fund";

/// What issuance's ledger says by itself.
const LEDGER: &[Rule] = &[
    Rule {
        what: "transactions of a fund that do not come to zero",
        sql: "
    SELECT fund_id, number, kind, pledged_fen, free_fen, open_fen, spent_fen FROM fund_journal
    WHERE pledged_fen + free_fen + open_fen + spent_fen <> 0",
    },
    Rule {
        what: "funds whose figures are not their entries",
        sql: "
    SELECT f.fund_id, f.pledged_fen, f.issued_fen, f.spent_fen, f.postings, j.transactions,
      j.free_fen, j.open_fen, j.spent_fen AS entries_spent_fen
    FROM fund AS f LEFT JOIN (
      SELECT fund_id, COUNT(*) AS transactions, MAX(number) AS last,
        CAST(SUM(pledged_fen) AS BIGINT) AS pledged_fen, CAST(SUM(free_fen) AS BIGINT) AS free_fen,
        CAST(SUM(open_fen) AS BIGINT) AS open_fen, CAST(SUM(spent_fen) AS BIGINT) AS spent_fen
      FROM fund_journal GROUP BY fund_id
    ) AS j ON j.fund_id = f.fund_id
    WHERE COALESCE(j.transactions, 0) <> f.postings OR COALESCE(j.last, 0) <> f.postings
      OR COALESCE(-j.pledged_fen, 0) <> f.pledged_fen
      OR COALESCE(j.free_fen, 0) <> f.pledged_fen - f.issued_fen
      OR COALESCE(j.open_fen, 0) <> f.issued_fen - f.spent_fen
      OR COALESCE(j.spent_fen, 0) <> f.spent_fen",
    },
    Rule {
        what: "funds whose spent and returned money is not that of their closed vouchers",
        sql: "
    SELECT f.fund_id, f.spent_fen, f.returned_fen, v.spent_fen AS vouchers_spent_fen,
      v.unspent_fen AS vouchers_unspent_fen
    FROM fund AS f LEFT JOIN (
      SELECT c.fund_id, CAST(SUM(k.spent_fen) AS BIGINT) AS spent_fen,
        CAST(SUM(k.unspent_fen) AS BIGINT) AS unspent_fen
      FROM closure AS k JOIN voucher AS v ON v.slice = k.slice AND v.voucher_id = k.voucher_id
      JOIN campaign AS c ON c.campaign_id = v.campaign_id
      WHERE c.fund_id IS NOT NULL GROUP BY c.fund_id
    ) AS v ON v.fund_id = f.fund_id
    WHERE f.spent_fen <> COALESCE(v.spent_fen, 0) OR f.returned_fen <> COALESCE(v.unspent_fen, 0)",
    },
    Rule {
        what: "closures of no voucher, or of more than it can cost",
        sql: "
    SELECT k.voucher_id, k.version, k.spent_fen, k.unspent_fen, v.liability_fen
    FROM closure AS k LEFT JOIN voucher AS v
      ON v.slice = k.slice AND v.voucher_id = k.voucher_id
    WHERE v.voucher_id IS NULL OR k.spent_fen < 0 OR k.unspent_fen < 0
      OR k.spent_fen + k.unspent_fen > v.liability_fen",
    },
];

/// What redemption says by itself. `closing_due` is null once nothing more is to be said.
const FEED: &[Rule] = &[
    Rule {
        what: "closures whose positions are not 1 to the head",
        sql: "
    SELECT h.position, c.closures, c.first_position, c.last_position
    FROM closure_head AS h CROSS JOIN (
      SELECT COUNT(*) AS closures, MIN(position) AS first_position, MAX(position) AS last_position
      FROM closure
    ) AS c
    WHERE c.closures <> h.position OR COALESCE(c.last_position, 0) <> h.position
      OR COALESCE(c.first_position, 1) <> 1",
    },
    Rule {
        what: "vouchers whose closures are not numbered 1, 2, 3, or take back what was unspent",
        sql: "
    SELECT c.voucher_id, c.version, c.position, c.unspent_fen, p.position AS before_position,
      p.unspent_fen AS before_fen
    FROM closure AS c LEFT JOIN closure AS p
      ON p.shard = c.shard AND p.voucher_id = c.voucher_id AND p.version = c.version - 1
    WHERE (c.version <> 1 AND p.version IS NULL) OR p.position > c.position
      OR p.unspent_fen > c.unspent_fen",
    },
    Rule {
        what: "closed vouchers whose last closure is not what was captured and not given back",
        sql: "
    SELECT w.voucher_id, w.spent_fen, c.version, c.spent_fen AS closure_fen
    FROM wallet_voucher AS w LEFT JOIN (
      SELECT k.shard, k.voucher_id, k.version, k.spent_fen
      FROM closure AS k JOIN (
        SELECT shard, voucher_id, MAX(version) AS version FROM closure GROUP BY shard, voucher_id
      ) AS m ON m.shard = k.shard AND m.voucher_id = k.voucher_id AND m.version = k.version
    ) AS c ON c.shard = w.shard AND c.voucher_id = w.voucher_id
    WHERE w.closing_due IS NULL
      AND (w.closed = 0 OR c.version IS NULL OR c.spent_fen <> w.spent_fen)",
    },
];

/// Every closure by position, and the position of the same voucher's next one.
const TOLD: &str = "
    SELECT c.position, c.voucher_id, CAST(c.version AS BIGINT) AS version, c.spent_fen,
      c.unspent_fen, COALESCE(n.position, 0) AS next_position
    FROM closure AS c LEFT JOIN closure AS n
      ON n.shard = c.shard AND n.voucher_id = c.voucher_id AND n.version = c.version + 1
    ORDER BY c.position";

const TAKEN_IN: &str = "
    SELECT position, voucher_id, CAST(version AS BIGINT) AS version, spent_fen, unspent_fen
    FROM closure ORDER BY position";

/// Law I6: a fund's pledged money is what is free, what open vouchers may cost, and what was spent
/// of closed ones, each the sum of its entries; what came back is what redemption says will never
/// be spent, and what it says was spent is what was captured and not given back.
pub(super) async fn check(
    redemption: &mut Snapshot,
    issuance: &mut Snapshot,
) -> Result<Verdict, LawProblem> {
    let mut verdict = issuance.judge(Law::I6, FIGURES, LEDGER).await?;
    for rule in FEED {
        verdict.find(redemption.offenders(rule).await?);
    }
    let cursor = cursor(redemption, issuance, &mut verdict).await?;
    let mut unlike = Finding::none_yet("closures that were not taken in as they were told");
    let mut told = redemption.rows(TOLD);
    let mut taken_in = issuance.rows(TAKEN_IN);
    let mut taken = taken_in.try_next().await?;
    let mut head = 0;
    while let Some(row) = told.try_next().await? {
        let (position, next): (i64, i64) = (row.get("position")?, row.get("next_position")?);
        head = position;
        if position > cursor {
            break;
        }
        // What comes before has no place among what was told.
        while let Some(before) = taken.take_if(|own| at(own) < position) {
            unlike.add(|| shown(&before));
            taken = taken_in.try_next().await?;
        }
        let is_last = next == 0 || next > cursor;
        let own = taken.take_if(|own| at(own) == position);
        if !is_same(&row, own.as_ref(), is_last)? {
            unlike.add(|| shown(&row));
        }
        if own.is_some() {
            taken = taken_in.try_next().await?;
        }
    }
    // Issuance's snapshot is the later one: it may have taken in what redemption's does not have.
    while let Some(after) = taken.take_if(|own| at(own) <= head) {
        unlike.add(|| shown(&after));
        taken = taken_in.try_next().await?;
    }
    verdict.find(unlike);
    Ok(verdict)
}

fn at(row: &Row) -> i64 {
    row.get("position").unwrap_or(i64::MAX)
}

fn shown(row: &Row) -> String {
    let id: &[u8] = row.get("voucher_id").unwrap_or_default();
    format!("voucher {} at {}", hex(id), at(row))
}

/// Whether what was told last of a voucher is what is known, and what was told before is not.
fn is_same(told: &Row, taken: Option<&Row>, is_last: bool) -> Result<bool, LawProblem> {
    let Some(taken) = taken else { return Ok(!is_last) };
    let id = |row: &Row| row.get::<Vec<u8>>("voucher_id");
    let mut same = is_last && id(told)? == id(taken)?;
    for column in ["version", "spent_fen", "unspent_fen"] {
        same &= told.get::<i64>(column)? == taken.get::<i64>(column)?;
    }
    Ok(same)
}

/// How far issuance took the closures in, which are of this store of redemption and of no other.
async fn cursor(
    redemption: &mut Snapshot,
    issuance: &mut Snapshot,
    verdict: &mut Verdict,
) -> Result<i64, LawProblem> {
    let mut finding = Finding::none_yet("closures followed that are another store's");
    let mut rows = redemption.rows("SELECT epoch, position FROM closure_head");
    let own = rows.try_next().await?.ok_or(LawProblem::Column(sqlx::Error::RowNotFound))?;
    let mut rows = issuance.rows("SELECT position, epoch FROM closure_source WHERE position > 0");
    let cursor = match rows.try_next().await? {
        None => 0,
        Some(row) => {
            if row.get::<Vec<u8>>("epoch")? != own.get::<Vec<u8>>("epoch")? {
                finding.add(|| String::from("another epoch"));
            }
            row.get("position")?
        }
    };
    drop(rows);
    let head: i64 = own.get("position")?;
    verdict.figure("closures", head);
    verdict.figure("closures_taken_in", cursor.min(head));
    verdict.find(finding);
    Ok(cursor)
}
