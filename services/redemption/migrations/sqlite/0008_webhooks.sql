-- Webhooks: where a platform's events are sent, how far they came, and what was given up. The
-- secrets are not here: they are derived from a key that only the services have. Times are of the
-- wall clock. `attempts` counts tries of the event that comes next, `letters` dead letters since one
-- was accepted.
CREATE TABLE webhook (
  partner        TEXT NOT NULL,
  webhook_id     TEXT NOT NULL,
  url            TEXT NOT NULL,
  batch_max      INTEGER NOT NULL CHECK (batch_max BETWEEN 1 AND 100),
  state          TEXT NOT NULL CHECK (state IN ('ACTIVE', 'SUSPENDED')),
  position       INTEGER NOT NULL CHECK (position >= 0),
  attempts       INTEGER NOT NULL CHECK (attempts >= 0),
  letters        INTEGER NOT NULL CHECK (letters >= 0),
  problem        TEXT,
  due_at         INTEGER NOT NULL,
  leased_until   INTEGER NOT NULL,
  generation     INTEGER NOT NULL CHECK (generation > 0),
  overlaps_until INTEGER NOT NULL,
  PRIMARY KEY (partner, webhook_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letter (
  partner      TEXT NOT NULL,
  webhook_id   TEXT NOT NULL,
  position     INTEGER NOT NULL CHECK (position > 0),
  problem      TEXT NOT NULL,
  put_aside_at INTEGER NOT NULL,
  is_queued    INTEGER NOT NULL CHECK (is_queued IN (0, 1)),
  PRIMARY KEY (partner, webhook_id, position),
  FOREIGN KEY (partner, webhook_id) REFERENCES webhook (partner, webhook_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX dead_letter_queued ON dead_letter (partner, webhook_id, position) WHERE is_queued = 1;

UPDATE meta SET value = '8' WHERE key = 'schema';
