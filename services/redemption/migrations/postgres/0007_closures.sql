-- The way back to issuance: vouchers that are over, with what was spent of them and what never
-- will be.

-- `spent_fen` is what was captured of a voucher and not given back. `closing_due` is when it has to
-- be looked at for closing: when its validity ends at first, at once after a refund, never when
-- null. `closed` says that the end of the validity was acted upon. Captures change neither, so that
-- they touch no index.
ALTER TABLE wallet_voucher
  ADD COLUMN spent_fen   BIGINT NOT NULL DEFAULT 0 CHECK (spent_fen >= 0),
  ADD COLUMN closing_due BIGINT,
  ADD COLUMN closed      BIGINT NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));

UPDATE wallet_voucher SET closing_due = valid_until;

UPDATE wallet_voucher AS w SET spent_fen = s.spent_fen
FROM (SELECT j.shard, j.voucher_id, CAST(sum(e.amount_fen) AS BIGINT) AS spent_fen
      FROM journal AS j JOIN entry AS e
        ON e.transaction_id = j.transaction_id AND e.shard = j.shard AND e.position = 0
      GROUP BY j.shard, j.voucher_id) AS s
WHERE s.shard = w.shard AND s.voucher_id = w.voucher_id;

CREATE INDEX wallet_voucher_due ON wallet_voucher (closing_due) WHERE closing_due IS NOT NULL;

-- How far the closures go: one row, locked by whoever adds some, so that positions are in the order
-- of the commits and without a gap. `epoch` tells this store from any other.
CREATE TABLE closure_head (
  id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  epoch    BYTEA   NOT NULL CHECK (octet_length(epoch) = 16),
  position BIGINT  NOT NULL CHECK (position >= 0)
);

INSERT INTO closure_head (id, epoch, position)
VALUES (1, decode(replace(gen_random_uuid()::TEXT, '-', ''), 'hex'), 0);

-- Only ever added to: a later closure of a voucher has a higher version.
CREATE TABLE closure (
  position    BIGINT  NOT NULL PRIMARY KEY CHECK (position > 0),
  shard       INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  voucher_id  BYTEA   NOT NULL CHECK (octet_length(voucher_id) = 16),
  campaign_id TEXT COLLATE "C" NOT NULL REFERENCES campaign (campaign_id),
  version     BIGINT  NOT NULL CHECK (version > 0),
  spent_fen   BIGINT  NOT NULL CHECK (spent_fen >= 0),
  unspent_fen BIGINT  NOT NULL CHECK (unspent_fen >= 0),
  closed_at   BIGINT  NOT NULL,
  UNIQUE (voucher_id, version, shard)
);

-- How far the journal of closed days was read for vouchers that are used up: one row.
CREATE TABLE closure_walk (
  id             INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  business_day   TEXT COLLATE "C" NOT NULL,
  partner        TEXT COLLATE "C" NOT NULL,
  created_at     BIGINT NOT NULL,
  transaction_id BYTEA NOT NULL
);

INSERT INTO closure_walk (id, business_day, partner, created_at, transaction_id)
VALUES (1, '', '', 0, ''::BYTEA);

-- An older service would not count what it captures.
UPDATE meta SET value = '7' WHERE key IN ('schema', 'min_reader');
