-- Events: each step in the life of an authorization. A step is written in the commit that takes it,
-- and numbered for its platform afterwards, by one sealer at a time.
CREATE TABLE new_event (
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id BLOB    NOT NULL CHECK (length(authorization_id) = 16),
  step             INTEGER NOT NULL CHECK (step BETWEEN 0 AND 51),
  partner          TEXT    NOT NULL,
  kind             TEXT    NOT NULL
    CHECK (kind IN ('HELD', 'CAPTURED', 'VOIDED', 'EXPIRED', 'REFUNDED')),
  at               INTEGER NOT NULL,
  PRIMARY KEY (authorization_id, step, shard)
) STRICT, WITHOUT ROWID;

-- Positions of a platform are 1, 2, 3... up to its head.
CREATE TABLE event (
  partner          TEXT    NOT NULL,
  position         INTEGER NOT NULL CHECK (position > 0),
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id BLOB    NOT NULL CHECK (length(authorization_id) = 16),
  step             INTEGER NOT NULL CHECK (step BETWEEN 0 AND 51),
  kind             TEXT    NOT NULL
    CHECK (kind IN ('HELD', 'CAPTURED', 'VOIDED', 'EXPIRED', 'REFUNDED')),
  at               INTEGER NOT NULL,
  PRIMARY KEY (partner, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_head (
  partner  TEXT    NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL CHECK (position > 0)
) STRICT, WITHOUT ROWID;

-- Steps that were taken before are told first.
INSERT INTO new_event (shard, authorization_id, step, partner, kind, at)
SELECT shard, authorization_id, 0, partner, 'HELD', created_at FROM "authorization"
UNION ALL
SELECT shard, authorization_id, 1, partner, 'CAPTURED', captured_at FROM "authorization"
WHERE captured_at IS NOT NULL
UNION ALL
SELECT shard, authorization_id, 1, partner, state, closed_at FROM "authorization"
WHERE closed_at IS NOT NULL
UNION ALL
SELECT r.shard, r.authorization_id, r.part + 1, a.partner, 'REFUNDED', r.refunded_at
FROM refund AS r JOIN "authorization" AS a
  ON a.shard = r.shard AND a.authorization_id = r.authorization_id;

-- A service that does not know events would leave gaps.
UPDATE meta SET value = '6' WHERE key IN ('schema', 'min_reader');
