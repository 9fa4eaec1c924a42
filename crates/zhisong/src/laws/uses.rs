use futures::TryStreamExt as _;

use super::LawProblem;
use super::periods::{Periods, ROWS};
use super::snapshot::{Rule, Snapshot};
use super::verdict::{Law, Verdict};

const FIGURES: &str = "
    SELECT COUNT(*) AS vouchers, CAST(COALESCE(SUM(uses_left), 0) AS BIGINT) AS uses_left,
      CAST(COALESCE(SUM(balance_left), 0) AS BIGINT) AS balance_left_fen,
      (SELECT COUNT(*) FROM journal WHERE kind = 'CAPTURE') AS captures,
      (SELECT COUNT(*) FROM refund AS r JOIN authorization_voucher AS p
         ON p.shard = r.shard AND p.authorization_id = r.authorization_id
           AND r.returned_vouchers LIKE '%' || CAST(p.position AS TEXT) || '%') AS rights_returned
    FROM wallet_voucher";

// A refund lists the vouchers whose right came back by their positions, which are single digits.
const RULES: &[Rule] = &[
    Rule {
        what: "vouchers whose uses left are not uses - captures + rights returned",
        sql: "
    SELECT w.voucher_id, w.uses_left, w.returns, c.uses_total, u.captures, t.returned
    FROM wallet_voucher AS w LEFT JOIN campaign AS c ON c.campaign_id = w.campaign_id
    LEFT JOIN (
      SELECT shard, voucher_id, COUNT(*) AS captures FROM journal WHERE kind = 'CAPTURE'
      GROUP BY shard, voucher_id
    ) AS u ON u.shard = w.shard AND u.voucher_id = w.voucher_id
    LEFT JOIN (
      SELECT p.shard, p.voucher_id, COUNT(*) AS returned
      FROM refund AS r JOIN authorization_voucher AS p
        ON p.shard = r.shard AND p.authorization_id = r.authorization_id
          AND r.returned_vouchers LIKE '%' || CAST(p.position AS TEXT) || '%'
      GROUP BY p.shard, p.voucher_id
    ) AS t ON t.shard = w.shard AND t.voucher_id = w.voucher_id
    WHERE w.returns <> COALESCE(t.returned, 0) OR (COALESCE(c.kind, '') <> 'BALANCE'
      AND (w.uses_left < 0 OR w.uses_left
           <> COALESCE(c.uses_total, -1) - COALESCE(u.captures, 0) + COALESCE(t.returned, 0)))",
    },
    Rule {
        what: "balances that are not value - captured + given back",
        sql: "
    SELECT w.voucher_id, w.balance_left, c.kind, c.amount_fen, s.captured_fen, s.returned_fen
    FROM wallet_voucher AS w LEFT JOIN campaign AS c ON c.campaign_id = w.campaign_id
    LEFT JOIN (
      SELECT j.shard, j.voucher_id,
        CAST(SUM(CASE WHEN j.kind = 'CAPTURE' THEN e.amount_fen ELSE 0 END) AS BIGINT)
          AS captured_fen,
        CAST(SUM(CASE WHEN r.part IS NULL THEN 0 ELSE -e.amount_fen END) AS BIGINT)
          AS returned_fen
      FROM journal AS j
      JOIN entry AS e
        ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
      LEFT JOIN authorization_voucher AS p ON p.shard = j.shard
        AND p.authorization_id = j.authorization_id AND p.voucher_id = j.voucher_id
      LEFT JOIN refund AS r ON r.shard = j.shard AND r.authorization_id = j.authorization_id
        AND r.part = j.part AND r.returned_vouchers LIKE '%' || CAST(p.position AS TEXT) || '%'
      GROUP BY j.shard, j.voucher_id
    ) AS s ON s.shard = w.shard AND s.voucher_id = w.voucher_id
    WHERE (COALESCE(c.kind, '') <> 'BALANCE' AND w.balance_left IS NOT NULL)
      OR (c.kind = 'BALANCE' AND (w.balance_left IS NULL OR w.balance_left < 0 OR w.balance_left
          <> c.amount_fen - COALESCE(s.captured_fen, 0) + COALESCE(s.returned_fen, 0)))",
    },
    Rule {
        what: "vouchers that count more uses of a period than their terms allow",
        sql: "
    SELECT w.voucher_id, w.use_period, w.period_uses, c.uses_per_period
    FROM wallet_voucher AS w LEFT JOIN campaign AS c ON c.campaign_id = w.campaign_id
    WHERE w.use_period IS NOT NULL
      AND (w.period_uses < 0 OR w.period_uses > COALESCE(c.uses_per_period, 0)
           OR length(w.use_period) <> CASE c.use_period
             WHEN 'day' THEN 10 WHEN 'month' THEN 7 WHEN 'year' THEN 4 ELSE 0 END)",
    },
    Rule {
        what: "vouchers whose state is not that of their uses",
        sql: "
    SELECT voucher_id, state, uses_left, balance_left FROM wallet_voucher
    WHERE (uses_left = 0 AND state <> 'USED') OR (uses_left <> 0 AND state = 'USED')
      OR (held_by IS NOT NULL AND state <> 'HELD')
      OR (balance_left = 0 AND state <> 'USED') OR (balance_left <> 0 AND state = 'USED')
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
        what: "rights that came back against the terms",
        sql: "
    SELECT r.authorization_id, r.part, p.voucher_id, c.refund_rule, w.returns, r.refunded_at
    FROM refund AS r JOIN authorization_voucher AS p
      ON p.shard = r.shard AND p.authorization_id = r.authorization_id
        AND r.returned_vouchers LIKE '%' || CAST(p.position AS TEXT) || '%'
    LEFT JOIN campaign AS c ON c.campaign_id = p.campaign_id
    LEFT JOIN wallet_voucher AS w ON w.shard = p.shard AND w.voucher_id = p.voucher_id
    WHERE COALESCE(c.refund_rule, 'RIGHT_IS_SPENT') = 'RIGHT_IS_SPENT'
      OR (c.refund_rule = 'RIGHT_RETURNS' AND w.valid_until <= r.refunded_at)
      OR w.returns > c.returns_max",
    },
    Rule {
        what: "rights that did not come back against the terms",
        sql: "
    SELECT a.authorization_id, p.voucher_id, c.refund_rule, a.refunded_at
    FROM \"authorization\" AS a JOIN authorization_voucher AS p
      ON p.shard = a.shard AND p.authorization_id = a.authorization_id
    JOIN journal AS j ON j.shard = p.shard AND j.authorization_id = p.authorization_id
      AND j.voucher_id = p.voucher_id AND j.kind = 'CAPTURE'
    JOIN campaign AS c ON c.campaign_id = p.campaign_id
    JOIN wallet_voucher AS w ON w.shard = p.shard AND w.voucher_id = p.voucher_id
    LEFT JOIN refund AS r ON r.shard = a.shard AND r.authorization_id = a.authorization_id
      AND r.returned_vouchers LIKE '%' || CAST(p.position AS TEXT) || '%'
    WHERE a.state = 'REFUNDED' AND r.part IS NULL AND w.returns < c.returns_max
      AND (c.refund_rule = 'RIGHT_RETURNS_WITH_GRACE'
           OR (c.refund_rule = 'RIGHT_RETURNS' AND w.valid_until > a.refunded_at))",
    },
];

/// Law R1: captures - restored uses <= uses, in all and in each period, and money <= balance; a
/// voucher's stage is what happened to it; a right comes back only as the terms say.
pub(super) async fn check(redemption: &mut Snapshot) -> Result<Verdict, LawProblem> {
    let mut verdict = redemption.judge(Law::R1, FIGURES, RULES).await?;
    let mut periods = Periods::new();
    let mut rows = redemption.rows(ROWS);
    while let Some(row) = rows.try_next().await? {
        periods.take(&row)?;
    }
    periods.finish(&mut verdict);
    Ok(verdict)
}
