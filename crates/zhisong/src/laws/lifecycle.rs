use super::LawProblem;
use super::snapshot::{Rule, Snapshot};
use super::verdict::{Law, Verdict};

const FIGURES: &str = "
    SELECT CAST(COALESCE(SUM(CASE WHEN state = 'HELD' THEN 1 ELSE 0 END), 0) AS BIGINT) AS held,
      CAST(COALESCE(SUM(CASE WHEN state = 'CAPTURED' THEN 1 ELSE 0 END), 0) AS BIGINT) AS captured,
      CAST(COALESCE(SUM(CASE WHEN state = 'VOIDED' THEN 1 ELSE 0 END), 0) AS BIGINT) AS voided,
      CAST(COALESCE(SUM(CASE WHEN state = 'EXPIRED' THEN 1 ELSE 0 END), 0) AS BIGINT) AS expired,
      CAST(COALESCE(SUM(CASE WHEN state = 'REFUNDED' THEN 1 ELSE 0 END), 0) AS BIGINT) AS refunded,
      (SELECT COUNT(*) FROM request WHERE reason = 'VOIDED_BEFORE_AUTHORIZE') AS voided_before
    FROM \"authorization\"";

const RULES: &[Rule] = &[
    Rule {
        what: "authorizations whose times are not those of their state",
        sql: "
    SELECT authorization_id, state, captured_at, refunded_at, closed_at FROM \"authorization\"
    WHERE NOT (
      (state = 'HELD' AND captured_at IS NULL AND refunded_at IS NULL AND closed_at IS NULL)
      OR (state = 'CAPTURED' AND captured_at IS NOT NULL AND refunded_at IS NULL
          AND closed_at IS NULL)
      OR (state = 'REFUNDED' AND captured_at IS NOT NULL AND refunded_at IS NOT NULL
          AND closed_at IS NULL)
      OR (state IN ('VOIDED', 'EXPIRED') AND captured_at IS NULL AND refunded_at IS NULL
          AND closed_at IS NOT NULL))",
    },
    Rule {
        what: "holds that were used or let go after they ran out, or expired before",
        sql: "
    SELECT authorization_id, state, expires_at, captured_at, closed_at FROM \"authorization\"
    WHERE captured_at >= expires_at OR (state = 'VOIDED' AND closed_at >= expires_at)
      OR (state = 'EXPIRED' AND closed_at < expires_at)",
    },
    Rule {
        what: "authorizations whose answered requests are not those of their state",
        sql: "
    SELECT a.authorization_id, a.state, r.captures, r.voids, r.refunds
    FROM \"authorization\" AS a LEFT JOIN (
      SELECT shard, authorization_id,
        CAST(SUM(CASE WHEN verb = 'CAPTURE' THEN 1 ELSE 0 END) AS BIGINT) AS captures,
        CAST(SUM(CASE WHEN verb = 'VOID' THEN 1 ELSE 0 END) AS BIGINT) AS voids,
        CAST(SUM(CASE WHEN verb = 'REFUND' THEN 1 ELSE 0 END) AS BIGINT) AS refunds
      FROM request WHERE outcome = 'OK' AND authorization_id IS NOT NULL
      GROUP BY shard, authorization_id
    ) AS r ON r.shard = a.shard AND r.authorization_id = a.authorization_id
    WHERE COALESCE(r.captures, 0)
          <> CASE WHEN a.state IN ('CAPTURED', 'REFUNDED') THEN 1 ELSE 0 END
      OR COALESCE(r.voids, 0) <> CASE WHEN a.state = 'VOIDED' THEN 1 ELSE 0 END
      OR COALESCE(r.refunds, 0) <> a.refunds
      OR (a.state = 'REFUNDED' AND a.refunds = 0)",
    },
    Rule {
        what: "parts whose transactions are not those of the state",
        sql: "
    SELECT a.authorization_id, a.state, p.voucher_id, j.captures, j.refunds
    FROM \"authorization\" AS a
    JOIN authorization_voucher AS p
      ON p.shard = a.shard AND p.authorization_id = a.authorization_id
    LEFT JOIN (
      SELECT shard, authorization_id, voucher_id,
        CAST(SUM(CASE WHEN kind = 'CAPTURE' THEN 1 ELSE 0 END) AS BIGINT) AS captures,
        CAST(SUM(CASE WHEN kind = 'REFUND' THEN 1 ELSE 0 END) AS BIGINT) AS refunds
      FROM journal GROUP BY shard, authorization_id, voucher_id
    ) AS j ON j.shard = p.shard AND j.authorization_id = p.authorization_id
      AND j.voucher_id = p.voucher_id
    WHERE COALESCE(j.captures, 0)
          > CASE WHEN a.state IN ('CAPTURED', 'REFUNDED') THEN 1 ELSE 0 END
      OR (a.state IN ('CAPTURED', 'REFUNDED') AND a.captured_amounts IS NULL
          AND COALESCE(j.captures, 0) = 0)
      OR COALESCE(j.refunds, 0) > a.refunds
      OR (a.state = 'REFUNDED' AND COALESCE(j.captures, 0) > 0 AND COALESCE(j.refunds, 0) = 0)",
    },
    // Which parts they are is law R2's to find.
    Rule {
        what: "refunds that were not asked for, or are not counted",
        sql: "
    SELECT a.authorization_id, a.refunds, r.parts, r.answered, r.last
    FROM \"authorization\" AS a LEFT JOIN (
      SELECT f.shard, f.authorization_id, COUNT(*) AS parts, MAX(f.part) AS last,
        COUNT(q.request_id) AS answered
      FROM refund AS f
      JOIN \"authorization\" AS o
        ON o.shard = f.shard AND o.authorization_id = f.authorization_id
      LEFT JOIN request AS q ON q.partner = o.partner AND q.verb = 'REFUND'
        AND q.request_id = f.request_id AND q.shard = f.shard
        AND q.authorization_id = f.authorization_id
      GROUP BY f.shard, f.authorization_id
    ) AS r ON r.shard = a.shard AND r.authorization_id = a.authorization_id
    WHERE a.refunds <> COALESCE(r.parts, 0) OR a.refunds <> COALESCE(r.answered, 0)
      OR a.refunds <> COALESCE(r.last, 0)",
    },
    Rule {
        what: "transactions of no authorization",
        sql: "
    SELECT j.transaction_id, j.authorization_id
    FROM journal AS j LEFT JOIN \"authorization\" AS a
      ON a.shard = j.shard AND a.authorization_id = j.authorization_id
        AND a.partner = j.partner AND a.order_number = j.order_number
    WHERE a.authorization_id IS NULL",
    },
    Rule {
        what: "requests that were voided before they arrived and authorized all the same",
        sql: "
    SELECT r.partner, r.request_id, a.authorization_id
    FROM request AS r JOIN \"authorization\" AS a ON a.partner = r.partner
      AND a.authorize_request_id = r.request_id
    WHERE r.verb = 'AUTHORIZE' AND r.reason = 'VOIDED_BEFORE_AUTHORIZE'",
    },
    Rule {
        what: "orders with more than one live authorization",
        sql: "
    SELECT partner, order_number, COUNT(*) AS live FROM \"authorization\"
    WHERE state IN ('HELD', 'CAPTURED') GROUP BY partner, order_number HAVING COUNT(*) > 1",
    },
];

/// Law R3: capture, void and expiry exclude one another, in whatever order they came; what was
/// voided before it arrived was not authorized; an order is paid for once.
pub(super) async fn check(redemption: &mut Snapshot) -> Result<Verdict, LawProblem> {
    redemption.judge(Law::R3, FIGURES, RULES).await
}
