-- Events: each step in the life of an authorization. A step is written in the commit that takes it,
-- and numbered for its platform afterwards, by one sealer at a time. Authorizations from before have
-- no events for the steps that they had taken.
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

-- A service that does not know events would leave gaps.
UPDATE meta SET value = '6' WHERE key IN ('schema', 'min_reader');
