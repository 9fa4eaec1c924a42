use futures::TryStreamExt as _;

use super::LawProblem;
use super::snapshot::{Rule, Snapshot, hex};
use super::verdict::{Finding, Law, Verdict};

const FIGURES: &str = "
    SELECT COUNT(*) AS authorizations,
      CAST(COALESCE(SUM(discount_fen), 0) AS BIGINT) AS authorized_fen,
      CAST(COALESCE(SUM(CASE WHEN captured_at IS NOT NULL THEN discount_fen ELSE 0 END), 0)
           AS BIGINT) AS captured_fen,
      CAST(COALESCE(SUM(CASE WHEN refunded_at IS NOT NULL THEN discount_fen ELSE 0 END), 0)
           AS BIGINT) AS refunded_fen
    FROM \"authorization\"";

const RULES: &[Rule] = &[
    Rule {
        what: "authorizations whose discount is not the sum of their parts",
        sql: "
    SELECT a.authorization_id, a.discount_fen, p.parts_fen
    FROM \"authorization\" AS a LEFT JOIN (
      SELECT shard, authorization_id, CAST(SUM(discount_fen) AS BIGINT) AS parts_fen
      FROM authorization_voucher GROUP BY shard, authorization_id
    ) AS p ON p.shard = a.shard AND p.authorization_id = a.authorization_id
    WHERE a.discount_fen <> COALESCE(p.parts_fen, -1) OR a.discount_fen > a.order_amount_fen",
    },
    Rule {
        what: "parts above what the terms take off",
        sql: "
    SELECT p.authorization_id, p.voucher_id, p.discount_fen, c.amount_fen
    FROM authorization_voucher AS p LEFT JOIN campaign AS c ON c.campaign_id = p.campaign_id
    WHERE p.discount_fen > COALESCE(c.amount_fen, -1)",
    },
    Rule {
        what: "transactions of another amount than was authorized",
        sql: "
    SELECT j.transaction_id, j.kind, e.booked_fen, p.discount_fen
    FROM journal AS j
    LEFT JOIN authorization_voucher AS p ON p.shard = j.shard
      AND p.authorization_id = j.authorization_id AND p.voucher_id = j.voucher_id
    LEFT JOIN (
      SELECT shard, transaction_id,
        CAST(SUM(CASE WHEN amount_fen > 0 THEN amount_fen ELSE 0 END) AS BIGINT) AS booked_fen
      FROM entry GROUP BY shard, transaction_id
    ) AS e ON e.shard = j.shard AND e.transaction_id = j.transaction_id
    WHERE COALESCE(e.booked_fen, 0) <> COALESCE(p.discount_fen, -1)",
    },
    Rule {
        what: "authorizations that gave back more often than they took",
        sql: "
    SELECT shard, authorization_id, voucher_id FROM journal
    GROUP BY shard, authorization_id, voucher_id
    HAVING SUM(CASE WHEN kind = 'CAPTURE' THEN 1 ELSE 0 END) > 1
      OR SUM(CASE WHEN kind = 'REFUND' THEN 1 ELSE 0 END)
         > SUM(CASE WHEN kind = 'CAPTURE' THEN 1 ELSE 0 END)",
    },
];

const PARTS: &str =
    "SELECT authorization_id, discount_fen, line_discounts FROM authorization_voucher";

/// Law R2: captured <= authorized, refunded <= captured, and parts add up to the whole.
pub(super) async fn check(redemption: &mut Snapshot) -> Result<Verdict, LawProblem> {
    let mut verdict = redemption.judge(Law::R2, FIGURES, RULES).await?;
    let mut unlike = Finding::none_yet("parts whose lines do not add up to them");
    let mut rows = redemption.rows(PARTS);
    while let Some(row) = rows.try_next().await? {
        let lines: &str = row.get("line_discounts")?;
        if sum(lines) != Some(row.get("discount_fen")?) {
            let id: &[u8] = row.get("authorization_id")?;
            unlike.add(|| format!("authorization {}: {lines}", hex(id)));
        }
    }
    verdict.find(unlike);
    Ok(verdict)
}

/// The sum of `299,0`; none when that is not a list of fen.
fn sum(lines: &str) -> Option<i64> {
    let fen = lines.split(',').map(|fen| fen.parse::<i64>().ok().filter(|fen| *fen >= 0));
    fen.sum()
}
