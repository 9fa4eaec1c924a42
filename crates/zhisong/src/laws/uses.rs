use super::LawProblem;
use super::snapshot::{Rule, Snapshot};
use super::verdict::{Law, Verdict};

const FIGURES: &str = "
    SELECT COUNT(*) AS vouchers, CAST(COALESCE(SUM(uses_left), 0) AS BIGINT) AS uses_left,
      (SELECT COUNT(*) FROM journal WHERE kind = 'CAPTURE') AS captures,
      (SELECT COUNT(*) FROM journal AS j JOIN \"authorization\" AS a
         ON a.shard = j.shard AND a.authorization_id = j.authorization_id
       WHERE j.kind = 'REFUND' AND a.right_returned = 1) AS rights_returned
    FROM wallet_voucher";

const RULES: &[Rule] = &[
    // Every voucher of today's kinds has one use.
    Rule {
        what: "vouchers whose uses left are not 1 - captures + rights returned",
        sql: "
    SELECT w.voucher_id, w.uses_left, u.captures, u.returned
    FROM wallet_voucher AS w LEFT JOIN (
      SELECT j.shard, j.voucher_id,
        CAST(SUM(CASE WHEN j.kind = 'CAPTURE' THEN 1 ELSE 0 END) AS BIGINT) AS captures,
        CAST(SUM(CASE WHEN j.kind = 'REFUND' AND a.right_returned = 1 THEN 1 ELSE 0 END)
             AS BIGINT) AS returned
      FROM journal AS j LEFT JOIN \"authorization\" AS a
        ON a.shard = j.shard AND a.authorization_id = j.authorization_id
      GROUP BY j.shard, j.voucher_id
    ) AS u ON u.shard = w.shard AND u.voucher_id = w.voucher_id
    WHERE w.uses_left <> 1 - COALESCE(u.captures, 0) + COALESCE(u.returned, 0)
      OR w.uses_left < 0",
    },
    Rule {
        what: "vouchers whose state is not that of their uses",
        sql: "
    SELECT voucher_id, state, uses_left FROM wallet_voucher
    WHERE (uses_left = 0 AND state <> 'USED') OR (uses_left <> 0 AND state = 'USED')
      OR (held_by IS NOT NULL AND state <> 'HELD')
      OR state NOT IN ('AVAILABLE', 'HELD', 'USED')",
    },
    Rule {
        what: "transactions of a voucher that is in no wallet",
        sql: "
    SELECT j.transaction_id, j.voucher_id FROM journal AS j LEFT JOIN wallet_voucher AS w
      ON w.shard = j.shard AND w.voucher_id = j.voucher_id
    WHERE w.voucher_id IS NULL",
    },
    Rule {
        what: "held vouchers that no live hold names",
        sql: "
    SELECT w.voucher_id, w.held_by
    FROM wallet_voucher AS w
    LEFT JOIN \"authorization\" AS a
      ON a.shard = w.shard AND a.authorization_id = w.held_by AND a.state = 'HELD'
    LEFT JOIN authorization_voucher AS p ON p.shard = a.shard
      AND p.authorization_id = a.authorization_id AND p.voucher_id = w.voucher_id
    WHERE w.state = 'HELD' AND p.voucher_id IS NULL",
    },
    Rule {
        what: "holds whose voucher is not held by them",
        sql: "
    SELECT a.authorization_id, p.voucher_id, w.state, w.held_by
    FROM \"authorization\" AS a
    JOIN authorization_voucher AS p
      ON p.shard = a.shard AND p.authorization_id = a.authorization_id
    LEFT JOIN wallet_voucher AS w ON w.shard = p.shard AND w.voucher_id = p.voucher_id
    WHERE a.state = 'HELD' AND (w.held_by IS NULL OR w.held_by <> a.authorization_id)",
    },
    Rule {
        what: "orders that were given another person's voucher",
        sql: "
    SELECT a.authorization_id, p.voucher_id
    FROM \"authorization\" AS a
    JOIN authorization_voucher AS p
      ON p.shard = a.shard AND p.authorization_id = a.authorization_id
    LEFT JOIN wallet_voucher AS w ON w.shard = p.shard AND w.voucher_id = p.voucher_id
    WHERE w.person_key IS NULL OR w.person_key <> a.person_key",
    },
    Rule {
        what: "orders that were given a voucher outside its validity",
        sql: "
    SELECT a.authorization_id, p.voucher_id, a.created_at, w.valid_from, w.valid_until
    FROM \"authorization\" AS a
    JOIN authorization_voucher AS p
      ON p.shard = a.shard AND p.authorization_id = a.authorization_id
    JOIN wallet_voucher AS w ON w.shard = p.shard AND w.voucher_id = p.voucher_id
    WHERE a.created_at < w.valid_from OR a.created_at >= w.valid_until",
    },
    Rule {
        what: "refunds whose right came back, or did not, against the terms",
        sql: "
    SELECT a.authorization_id, a.right_returned, a.refunded_at
    FROM \"authorization\" AS a LEFT JOIN (
      SELECT DISTINCT r.shard, r.authorization_id FROM \"authorization\" AS r
      JOIN authorization_voucher AS p
        ON p.shard = r.shard AND p.authorization_id = r.authorization_id
      JOIN wallet_voucher AS w ON w.shard = p.shard AND w.voucher_id = p.voucher_id
      JOIN campaign AS c ON c.campaign_id = p.campaign_id
      WHERE r.state = 'REFUNDED' AND c.refund_rule = 'RIGHT_RETURNS'
        AND w.valid_until > r.refunded_at
    ) AS d ON d.shard = a.shard AND d.authorization_id = a.authorization_id
    WHERE a.state = 'REFUNDED' AND COALESCE(a.right_returned, -1)
          <> CASE WHEN d.authorization_id IS NULL THEN 0 ELSE 1 END",
    },
];

/// Law R1: captures - restored uses <= uses; a voucher's stage is what happened to it; a right
/// comes back only as the terms say.
pub(super) async fn check(redemption: &mut Snapshot) -> Result<Verdict, LawProblem> {
    redemption.judge(Law::R1, FIGURES, RULES).await
}
