-- Where an order was, and the chain of shops that it counts as: the statements of chains. What was
-- authorized before has no shop, and nothing that was booked before counts as a chain's, so that
-- days that were closed before have no chain's statement to make.
ALTER TABLE "authorization"
  ADD COLUMN shop_id TEXT COLLATE "C",
  ADD COLUMN chain   TEXT COLLATE "C"
    CHECK (chain IS NULL OR (shop_id IS NOT NULL AND captured_at IS NOT NULL));

ALTER TABLE journal
  ADD COLUMN shop_id TEXT COLLATE "C",
  ADD COLUMN chain   TEXT COLLATE "C" CHECK (chain IS NULL OR shop_id IS NOT NULL);

ALTER TABLE statement
  DROP CONSTRAINT statement_kind_check,
  DROP CONSTRAINT statement_format_check,
  ADD CONSTRAINT statement_kind_check CHECK (kind IN ('PLATFORM', 'FUNDER', 'CHAIN')),
  ADD CONSTRAINT statement_format_check CHECK (format IN (1, 2, 3));

-- Older services would capture without a chain, and close days without the chains' statements.
UPDATE meta SET value = '9' WHERE key IN ('schema', 'min_reader');
