-- What redemption says of vouchers that are over, and the journals of funds.

-- `issued_fen` is what vouchers were given out of a fund and has not come back: what open ones may
-- still cost, and `spent_fen`, what was spent of closed ones. `returned_fen` came back so far.
-- `postings` is the last number of the fund's journal.
ALTER TABLE fund ADD COLUMN spent_fen INTEGER NOT NULL DEFAULT 0
  CHECK (spent_fen BETWEEN 0 AND issued_fen);
ALTER TABLE fund ADD COLUMN returned_fen INTEGER NOT NULL DEFAULT 0 CHECK (returned_fen >= 0);
ALTER TABLE fund ADD COLUMN postings INTEGER NOT NULL DEFAULT 0 CHECK (postings >= 0);

-- Law I6 in schema: what a transaction moves into the four accounts of its fund comes to zero. Only
-- ever added to.
CREATE TABLE fund_journal (
  fund_id     TEXT    NOT NULL REFERENCES fund (fund_id),
  number      INTEGER NOT NULL CHECK (number > 0),
  kind        TEXT    NOT NULL CHECK (kind IN ('PLEDGE', 'ISSUE', 'CLOSE')),
  pledged_fen INTEGER NOT NULL CHECK ((pledged_fen < 0) = (kind = 'PLEDGE') AND pledged_fen <= 0),
  free_fen    INTEGER NOT NULL,
  open_fen    INTEGER NOT NULL,
  spent_fen   INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (fund_id, number),
  CHECK (pledged_fen + free_fen + open_fen + spent_fen = 0)
) STRICT, WITHOUT ROWID;

-- What was given out before is one transaction.
INSERT INTO fund_journal (fund_id, number, kind, pledged_fen, free_fen, open_fen, spent_fen,
  created_at)
SELECT fund_id, 1, 'PLEDGE', -pledged_fen, pledged_fen, 0, 0, created_at FROM fund
UNION ALL
SELECT fund_id, 2, 'ISSUE', 0, -issued_fen, issued_fen, 0, created_at FROM fund
WHERE issued_fen > 0;

UPDATE fund SET postings = iif(issued_fen > 0, 2, 1);

-- How far redemption's closures were taken in, and when it was last heard: one row.
CREATE TABLE closure_source (
  id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  epoch    BLOB    CHECK (length(epoch) = 16),
  position INTEGER NOT NULL CHECK (position >= 0 AND (position = 0 OR epoch IS NOT NULL)),
  heard_at INTEGER
) STRICT;

INSERT INTO closure_source (id, epoch, position, heard_at) VALUES (1, NULL, 0, NULL);

-- The last closure of each voucher that has one, and its position.
CREATE TABLE closure (
  slice       INTEGER NOT NULL CHECK (slice BETWEEN 0 AND 255),
  voucher_id  BLOB    NOT NULL CHECK (length(voucher_id) = 16),
  version     INTEGER NOT NULL CHECK (version > 0),
  spent_fen   INTEGER NOT NULL CHECK (spent_fen >= 0),
  unspent_fen INTEGER NOT NULL CHECK (unspent_fen >= 0),
  position    INTEGER NOT NULL CHECK (position > 0),
  PRIMARY KEY (slice, voucher_id),
  FOREIGN KEY (slice, voucher_id) REFERENCES voucher (slice, voucher_id)
) STRICT, WITHOUT ROWID;

-- An older service would give out without a journal.
UPDATE meta SET value = '3' WHERE key IN ('schema', 'min_reader');
