-- Where an order was, and the chain of shops that it counts as: the statements of chains. What was
-- authorized before has no shop, and nothing that was booked before counts as a chain's, so that
-- days that were closed before have no chain's statement to make.
ALTER TABLE "authorization" ADD COLUMN shop_id TEXT;

ALTER TABLE "authorization" ADD COLUMN chain TEXT
  CHECK (chain IS NULL OR (shop_id IS NOT NULL AND captured_at IS NOT NULL));

ALTER TABLE journal ADD COLUMN shop_id TEXT;

ALTER TABLE journal ADD COLUMN chain TEXT CHECK (chain IS NULL OR shop_id IS NOT NULL);

CREATE TABLE statement_new (
  business_day TEXT    NOT NULL REFERENCES business_day (day),
  kind         TEXT    NOT NULL CHECK (kind IN ('PLATFORM', 'FUNDER', 'CHAIN')),
  counterparty TEXT    NOT NULL,
  format       INTEGER NOT NULL CHECK (format IN (1, 2, 3)),
  rows         INTEGER NOT NULL CHECK (rows >= 0),
  captured_fen INTEGER NOT NULL CHECK (captured_fen >= 0),
  refunded_fen INTEGER NOT NULL CHECK (refunded_fen >= 0),
  sha256       BLOB    NOT NULL CHECK (length(sha256) = 32),
  closed_at    INTEGER NOT NULL,
  PRIMARY KEY (business_day, kind, counterparty)
) STRICT, WITHOUT ROWID;

INSERT INTO statement_new
SELECT business_day, kind, counterparty, format, rows, captured_fen, refunded_fen, sha256, closed_at
FROM statement;

DROP TABLE statement;

ALTER TABLE statement_new RENAME TO statement;

-- Older services would capture without a chain, and close days without the chains' statements.
UPDATE meta SET value = '9' WHERE key IN ('schema', 'min_reader');
