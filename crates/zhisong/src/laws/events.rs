use super::LawProblem;
use super::snapshot::{Rule, Snapshot};
use super::verdict::{Law, Verdict};

const FIGURES: &str = "
    SELECT COUNT(*) AS numbered, (SELECT COUNT(*) FROM new_event) AS not_numbered,
      (SELECT COUNT(*) FROM event_head) AS platforms
    FROM event";

const RULES: &[Rule] = &[
    Rule {
        what: "steps that are not told once, or told and not taken",
        sql: "
    SELECT s.authorization_id, s.step, s.kind, s.at,
      CAST(SUM(s.taken) AS BIGINT) AS taken, CAST(SUM(s.told) AS BIGINT) AS told
    FROM (
      SELECT shard, authorization_id, 0 AS step, 'HELD' AS kind, created_at AS at, partner,
        1 AS taken, 0 AS told
      FROM \"authorization\"
      UNION ALL
      SELECT shard, authorization_id, 1, 'CAPTURED', captured_at, partner, 1, 0
      FROM \"authorization\" WHERE captured_at IS NOT NULL
      UNION ALL
      SELECT shard, authorization_id, 1, state, closed_at, partner, 1, 0
      FROM \"authorization\" WHERE closed_at IS NOT NULL
      UNION ALL
      SELECT r.shard, r.authorization_id, r.part + 1, 'REFUNDED', r.refunded_at, a.partner, 1, 0
      FROM refund AS r JOIN \"authorization\" AS a
        ON a.shard = r.shard AND a.authorization_id = r.authorization_id
      UNION ALL
      SELECT shard, authorization_id, step, kind, at, partner, 0, 1 FROM new_event
      UNION ALL
      SELECT shard, authorization_id, step, kind, at, partner, 0, 1 FROM event
    ) AS s
    GROUP BY s.shard, s.authorization_id, s.step, s.kind, s.at, s.partner
    HAVING SUM(s.taken) <> 1 OR SUM(s.told) <> 1",
    },
    Rule {
        what: "streams with a gap, or whose head is not their last event",
        sql: "
    SELECT COALESCE(e.partner, h.partner) AS partner, e.events, e.last, h.position AS head
    FROM (
      SELECT partner, COUNT(*) AS events, MIN(position) AS first, MAX(position) AS last
      FROM event GROUP BY partner
    ) AS e FULL JOIN event_head AS h ON h.partner = e.partner
    WHERE e.partner IS NULL OR h.partner IS NULL OR e.first <> 1 OR e.events <> e.last
      OR e.last <> h.position",
    },
    Rule {
        what: "events before those of an earlier step",
        sql: "
    SELECT e.authorization_id, e.step, e.position, e.before
    FROM (
      SELECT s.authorization_id, s.step, s.position,
        LAG(s.position) OVER (PARTITION BY s.shard, s.authorization_id ORDER BY s.step) AS before
      FROM (
        SELECT shard, authorization_id, step, position FROM event
        UNION ALL
        SELECT shard, authorization_id, step, CAST(9223372036854775807 AS BIGINT) FROM new_event
      ) AS s
    ) AS e
    WHERE e.before > e.position",
    },
];

/// Every step in the life of every authorization is told once, in the stream of its platform, which
/// has no gap.
pub(super) async fn check(redemption: &mut Snapshot) -> Result<Verdict, LawProblem> {
    redemption.judge(Law::Events, FIGURES, RULES).await
}
