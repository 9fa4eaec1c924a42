-- Statements of funders beside those of platforms; days that were closed before have none yet, and
-- get theirs when days are next closed. What platforms have of a closed day keeps its form, which an
-- open day does not have yet.
ALTER TABLE business_day ADD COLUMN funders BIGINT NOT NULL DEFAULT 0 CHECK (funders IN (0, 1));

ALTER TABLE business_day ADD COLUMN format BIGINT CHECK (format IN (1, 2));

UPDATE business_day SET format = 1 WHERE state = 'CLOSED';

ALTER TABLE statement RENAME COLUMN platform TO counterparty;
ALTER TABLE statement
  ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'PLATFORM'
    CHECK (kind IN ('PLATFORM', 'FUNDER')),
  ADD COLUMN format BIGINT NOT NULL DEFAULT 1 CHECK (format IN (1, 2)),
  DROP CONSTRAINT statement_pkey,
  ADD PRIMARY KEY (business_day, kind, counterparty);
ALTER TABLE statement ALTER COLUMN kind DROP DEFAULT, ALTER COLUMN format DROP DEFAULT;

-- A partner's file beside the journal. `staged_line` is how far the file was put away, and `chain`
-- the digest of it up to there; then `counted_at` and `counted_id` are how far our rows were, and
-- `swept_key` how far what agrees was taken out again.
CREATE TABLE reconciliation (
  partner            TEXT COLLATE "C" NOT NULL,
  reconciliation_id  TEXT COLLATE "C" NOT NULL,
  business_day       TEXT COLLATE "C" NOT NULL REFERENCES business_day (day),
  phase              TEXT COLLATE "C" NOT NULL
    CHECK (phase IN ('STAGING', 'COUNTING', 'SWEEPING', 'FINISHED')),
  staged_line        BIGINT NOT NULL CHECK (staged_line >= 0),
  chain              BYTEA    NOT NULL CHECK (octet_length(chain) = 32),
  counted_at         BIGINT CHECK (counted_at IS NULL OR phase = 'COUNTING'),
  counted_id         BYTEA    CHECK ((counted_id IS NULL) = (counted_at IS NULL)),
  swept_key          TEXT COLLATE "C" CHECK (swept_key IS NULL OR phase = 'SWEEPING'),
  their_rows         BIGINT NOT NULL CHECK (their_rows >= 0),
  their_captured_fen BIGINT NOT NULL CHECK (their_captured_fen >= 0),
  their_refunded_fen BIGINT NOT NULL CHECK (their_refunded_fen >= 0),
  bad_rows           BIGINT NOT NULL CHECK (bad_rows >= 0),
  matched            BIGINT NOT NULL CHECK (matched >= 0),
  differences        BIGINT NOT NULL CHECK (differences >= 0),
  finished_at        BIGINT CHECK ((finished_at IS NOT NULL) = (phase = 'FINISHED')),
  PRIMARY KEY (partner, reconciliation_id)
);

-- Both sides of each order's captures, each order's refunds and each named transaction; of a
-- finished reconciliation, only of those that differ.
CREATE TABLE reconciliation_item (
  partner           TEXT COLLATE "C" NOT NULL,
  reconciliation_id TEXT COLLATE "C" NOT NULL,
  item_key          TEXT COLLATE "C" NOT NULL,
  kind              TEXT COLLATE "C" NOT NULL CHECK (kind IN ('CAPTURE', 'REFUND')),
  order_number      TEXT COLLATE "C" NOT NULL,
  transaction_id    BYTEA    CHECK (octet_length(transaction_id) = 16),
  line              BIGINT CHECK ((line IS NOT NULL) = (their_rows > 0)),
  our_rows          BIGINT NOT NULL CHECK (our_rows >= 0),
  our_fen           BIGINT NOT NULL CHECK (our_fen >= 0),
  their_rows        BIGINT NOT NULL CHECK (their_rows >= 0),
  their_fen         BIGINT NOT NULL CHECK (their_fen >= 0),
  state             TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'ACCEPTED', 'DISPUTED')),
  accepted_by       TEXT COLLATE "C" CHECK ((accepted_by IS NOT NULL) = (state = 'ACCEPTED')),
  resolutions       BIGINT NOT NULL CHECK (resolutions >= 0),
  PRIMARY KEY (partner, reconciliation_id, item_key)
);

CREATE TABLE reconciliation_bad_row (
  partner           TEXT COLLATE "C" NOT NULL,
  reconciliation_id TEXT COLLATE "C" NOT NULL,
  line              BIGINT NOT NULL CHECK (line > 0),
  reason            TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (partner, reconciliation_id, line)
);

-- What was said of a difference; only ever added to. The request id is of the one who said it.
CREATE TABLE reconciliation_resolution (
  partner           TEXT COLLATE "C" NOT NULL,
  reconciliation_id TEXT COLLATE "C" NOT NULL,
  item_key          TEXT COLLATE "C" NOT NULL,
  position          BIGINT NOT NULL CHECK (position > 0),
  action            TEXT COLLATE "C" NOT NULL CHECK (action IN ('ACCEPT', 'DISPUTE', 'NOTE')),
  text              TEXT COLLATE "C" NOT NULL,
  resolved_by       TEXT COLLATE "C" NOT NULL,
  request_id        TEXT COLLATE "C" NOT NULL,
  resolved_at       BIGINT NOT NULL,
  PRIMARY KEY (partner, reconciliation_id, item_key, position),
  UNIQUE (request_id, resolved_by)
);

-- Older services would close days without the funders' statements.
UPDATE meta SET value = '4' WHERE key IN ('schema', 'min_reader');
