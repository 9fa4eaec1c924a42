-- Webhooks: where a platform's events are sent, how far they came, and what was given up. The
-- secrets are not here: they are derived from a key that only the services have. Times are of the
-- wall clock. `attempts` counts tries of the event that comes next, `letters` dead letters since one
-- was accepted.
CREATE TABLE webhook (
  partner        TEXT COLLATE "C" NOT NULL,
  webhook_id     TEXT COLLATE "C" NOT NULL,
  url            TEXT COLLATE "C" NOT NULL,
  batch_max      BIGINT  NOT NULL CHECK (batch_max BETWEEN 1 AND 100),
  state          TEXT COLLATE "C" NOT NULL CHECK (state IN ('ACTIVE', 'SUSPENDED')),
  position       BIGINT  NOT NULL CHECK (position >= 0),
  attempts       BIGINT  NOT NULL CHECK (attempts >= 0),
  letters        BIGINT  NOT NULL CHECK (letters >= 0),
  problem        TEXT COLLATE "C",
  due_at         BIGINT  NOT NULL,
  leased_until   BIGINT  NOT NULL,
  generation     BIGINT  NOT NULL CHECK (generation > 0),
  overlaps_until BIGINT  NOT NULL,
  PRIMARY KEY (partner, webhook_id)
) WITH (fillfactor = 50);

CREATE TABLE dead_letter (
  partner      TEXT COLLATE "C" NOT NULL,
  webhook_id   TEXT COLLATE "C" NOT NULL,
  position     BIGINT  NOT NULL CHECK (position > 0),
  problem      TEXT COLLATE "C" NOT NULL,
  put_aside_at BIGINT  NOT NULL,
  is_queued    BIGINT  NOT NULL CHECK (is_queued IN (0, 1)),
  PRIMARY KEY (partner, webhook_id, position),
  FOREIGN KEY (partner, webhook_id) REFERENCES webhook (partner, webhook_id) ON DELETE CASCADE
);

CREATE INDEX dead_letter_queued ON dead_letter (partner, webhook_id, position) WHERE is_queued = 1;

UPDATE meta SET value = '8' WHERE key = 'schema';
