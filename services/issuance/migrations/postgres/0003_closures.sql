-- What redemption says of vouchers that are over, and the journals of funds.

-- `issued_fen` is what vouchers were given out of a fund and has not come back: what open ones may
-- still cost, and `spent_fen`, what was spent of closed ones. `returned_fen` came back so far.
-- `postings` is the last number of the fund's journal.
ALTER TABLE fund
  ADD COLUMN spent_fen    BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN returned_fen BIGINT NOT NULL DEFAULT 0 CHECK (returned_fen >= 0),
  ADD COLUMN postings     BIGINT NOT NULL DEFAULT 0 CHECK (postings >= 0),
  ADD CONSTRAINT fund_spent_fen_check CHECK (spent_fen BETWEEN 0 AND issued_fen);

-- Law I6 in schema: what a transaction moves into the four accounts of its fund comes to zero. Only
-- ever added to.
CREATE TABLE fund_journal (
  fund_id     TEXT COLLATE "C" NOT NULL REFERENCES fund (fund_id),
  number      BIGINT NOT NULL CHECK (number > 0),
  kind        TEXT COLLATE "C" NOT NULL CHECK (kind IN ('PLEDGE', 'ISSUE', 'CLOSE')),
  pledged_fen BIGINT NOT NULL CHECK ((pledged_fen < 0) = (kind = 'PLEDGE') AND pledged_fen <= 0),
  free_fen    BIGINT NOT NULL,
  open_fen    BIGINT NOT NULL,
  spent_fen   BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  PRIMARY KEY (fund_id, number),
  CHECK (pledged_fen + free_fen + open_fen + spent_fen = 0)
);

-- What was given out before is one transaction.
INSERT INTO fund_journal (fund_id, number, kind, pledged_fen, free_fen, open_fen, spent_fen,
  created_at)
SELECT fund_id, 1, 'PLEDGE', -pledged_fen, pledged_fen, 0, 0, created_at FROM fund
UNION ALL
SELECT fund_id, 2, 'ISSUE', 0, -issued_fen, issued_fen, 0, created_at FROM fund
WHERE issued_fen > 0;

UPDATE fund SET postings = CASE WHEN issued_fen > 0 THEN 2 ELSE 1 END;

-- How far redemption's closures were taken in, and when it was last heard: one row.
CREATE TABLE closure_source (
  id       SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
  epoch    BYTEA    CHECK (octet_length(epoch) = 16),
  position BIGINT   NOT NULL CHECK (position >= 0 AND (position = 0 OR epoch IS NOT NULL)),
  heard_at BIGINT
);

INSERT INTO closure_source (id, epoch, position, heard_at) VALUES (1, NULL, 0, NULL);

-- The last closure of each voucher that has one, and its position.
CREATE TABLE closure (
  slice       SMALLINT NOT NULL CHECK (slice BETWEEN 0 AND 255),
  voucher_id  BYTEA    NOT NULL CHECK (octet_length(voucher_id) = 16),
  version     BIGINT   NOT NULL CHECK (version > 0),
  spent_fen   BIGINT   NOT NULL CHECK (spent_fen >= 0),
  unspent_fen BIGINT   NOT NULL CHECK (unspent_fen >= 0),
  position    BIGINT   NOT NULL CHECK (position > 0),
  PRIMARY KEY (slice, voucher_id),
  FOREIGN KEY (slice, voucher_id) REFERENCES voucher (slice, voucher_id)
);

-- An older service would give out without a journal.
UPDATE meta SET value = '3' WHERE key IN ('schema', 'min_reader');
