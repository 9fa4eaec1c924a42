-- Statements of funders beside those of platforms; days that were closed before have none yet, and
-- get theirs when days are next closed. What platforms have of a closed day keeps its form, which an
-- open day does not have yet.
ALTER TABLE business_day ADD COLUMN funders INTEGER NOT NULL DEFAULT 0 CHECK (funders IN (0, 1));

ALTER TABLE business_day ADD COLUMN format INTEGER CHECK (format IN (1, 2));

UPDATE business_day SET format = 1 WHERE state = 'CLOSED';

CREATE TABLE statement_new (
  business_day TEXT    NOT NULL REFERENCES business_day (day),
  kind         TEXT    NOT NULL CHECK (kind IN ('PLATFORM', 'FUNDER')),
  counterparty TEXT    NOT NULL,
  format       INTEGER NOT NULL CHECK (format IN (1, 2)),
  rows         INTEGER NOT NULL CHECK (rows >= 0),
  captured_fen INTEGER NOT NULL CHECK (captured_fen >= 0),
  refunded_fen INTEGER NOT NULL CHECK (refunded_fen >= 0),
  sha256       BLOB    NOT NULL CHECK (length(sha256) = 32),
  closed_at    INTEGER NOT NULL,
  PRIMARY KEY (business_day, kind, counterparty)
) STRICT, WITHOUT ROWID;

INSERT INTO statement_new
SELECT business_day, 'PLATFORM', platform, 1, rows, captured_fen, refunded_fen, sha256, closed_at
FROM statement;

DROP TABLE statement;

ALTER TABLE statement_new RENAME TO statement;

-- A partner's file beside the journal. `staged_line` is how far the file was put away, and `chain`
-- the digest of it up to there; then `counted_at` and `counted_id` are how far our rows were, and
-- `swept_key` how far what agrees was taken out again.
CREATE TABLE reconciliation (
  partner            TEXT    NOT NULL,
  reconciliation_id  TEXT    NOT NULL,
  business_day       TEXT    NOT NULL REFERENCES business_day (day),
  phase              TEXT    NOT NULL
    CHECK (phase IN ('STAGING', 'COUNTING', 'SWEEPING', 'FINISHED')),
  staged_line        INTEGER NOT NULL CHECK (staged_line >= 0),
  chain              BLOB    NOT NULL CHECK (length(chain) = 32),
  counted_at         INTEGER CHECK (counted_at IS NULL OR phase = 'COUNTING'),
  counted_id         BLOB    CHECK ((counted_id IS NULL) = (counted_at IS NULL)),
  swept_key          TEXT    CHECK (swept_key IS NULL OR phase = 'SWEEPING'),
  their_rows         INTEGER NOT NULL CHECK (their_rows >= 0),
  their_captured_fen INTEGER NOT NULL CHECK (their_captured_fen >= 0),
  their_refunded_fen INTEGER NOT NULL CHECK (their_refunded_fen >= 0),
  bad_rows           INTEGER NOT NULL CHECK (bad_rows >= 0),
  matched            INTEGER NOT NULL CHECK (matched >= 0),
  differences        INTEGER NOT NULL CHECK (differences >= 0),
  finished_at        INTEGER CHECK ((finished_at IS NOT NULL) = (phase = 'FINISHED')),
  PRIMARY KEY (partner, reconciliation_id)
) STRICT, WITHOUT ROWID;

-- Both sides of each order's captures, each order's refunds and each named transaction; of a
-- finished reconciliation, only of those that differ.
CREATE TABLE reconciliation_item (
  partner           TEXT    NOT NULL,
  reconciliation_id TEXT    NOT NULL,
  item_key          TEXT    NOT NULL,
  kind              TEXT    NOT NULL CHECK (kind IN ('CAPTURE', 'REFUND')),
  order_number      TEXT    NOT NULL,
  transaction_id    BLOB    CHECK (length(transaction_id) = 16),
  line              INTEGER CHECK ((line IS NOT NULL) = (their_rows > 0)),
  our_rows          INTEGER NOT NULL CHECK (our_rows >= 0),
  our_fen           INTEGER NOT NULL CHECK (our_fen >= 0),
  their_rows        INTEGER NOT NULL CHECK (their_rows >= 0),
  their_fen         INTEGER NOT NULL CHECK (their_fen >= 0),
  state             TEXT    NOT NULL CHECK (state IN ('OPEN', 'ACCEPTED', 'DISPUTED')),
  accepted_by       TEXT    CHECK ((accepted_by IS NOT NULL) = (state = 'ACCEPTED')),
  resolutions       INTEGER NOT NULL CHECK (resolutions >= 0),
  PRIMARY KEY (partner, reconciliation_id, item_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE reconciliation_bad_row (
  partner           TEXT    NOT NULL,
  reconciliation_id TEXT    NOT NULL,
  line              INTEGER NOT NULL CHECK (line > 0),
  reason            TEXT    NOT NULL,
  PRIMARY KEY (partner, reconciliation_id, line)
) STRICT, WITHOUT ROWID;

-- What was said of a difference; only ever added to. The request id is of the one who said it.
CREATE TABLE reconciliation_resolution (
  partner           TEXT    NOT NULL,
  reconciliation_id TEXT    NOT NULL,
  item_key          TEXT    NOT NULL,
  position          INTEGER NOT NULL CHECK (position > 0),
  action            TEXT    NOT NULL CHECK (action IN ('ACCEPT', 'DISPUTE', 'NOTE')),
  text              TEXT    NOT NULL,
  resolved_by       TEXT    NOT NULL,
  request_id        TEXT    NOT NULL,
  resolved_at       INTEGER NOT NULL,
  PRIMARY KEY (partner, reconciliation_id, item_key, position),
  UNIQUE (request_id, resolved_by)
) STRICT, WITHOUT ROWID;

-- Older services would close days without the funders' statements.
UPDATE meta SET value = '4' WHERE key IN ('schema', 'min_reader');
