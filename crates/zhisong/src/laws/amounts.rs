use futures::TryStreamExt as _;

use super::LawProblem;
use super::order_audit::{Audit, ROWS};
use super::snapshot::{Rule, Snapshot};
use super::verdict::{Law, Verdict};

const FIGURES: &str = "
    SELECT COUNT(*) AS authorizations,
      CAST(COALESCE(SUM(discount_fen), 0) AS BIGINT) AS authorized_fen,
      (SELECT COUNT(*) FROM refund) AS refunds
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
        what: "vouchers that were captured twice for an order, or gave back without",
        sql: "
    SELECT shard, authorization_id, voucher_id FROM journal
    GROUP BY shard, authorization_id, voucher_id
    HAVING SUM(CASE WHEN kind = 'CAPTURE' THEN 1 ELSE 0 END) <> 1",
    },
];

/// Law R2: captured <= authorized, refunded <= captured, and parts add up to the whole.
pub(super) async fn check(redemption: &mut Snapshot) -> Result<Verdict, LawProblem> {
    let mut verdict = redemption.judge(Law::R2, FIGURES, RULES).await?;
    let mut audit = Audit::new();
    let mut rows = redemption.rows(ROWS);
    while let Some(row) = rows.try_next().await? {
        audit.take(&row)?;
    }
    audit.finish(&mut verdict);
    Ok(verdict)
}
