-- Funds: money that an organization sets aside and campaigns draw on. Law I5 in schema: never more
-- than was pledged. One request creates one fund (law A1).
CREATE TABLE fund (
  fund_id      TEXT    NOT NULL PRIMARY KEY,
  organization TEXT    NOT NULL,
  pledged_fen  INTEGER NOT NULL CHECK (pledged_fen > 0),
  issued_fen   INTEGER NOT NULL DEFAULT 0 CHECK (issued_fen BETWEEN 0 AND pledged_fen),
  created_by   TEXT    NOT NULL,
  request_id   TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  UNIQUE (created_by, request_id)
) STRICT, WITHOUT ROWID;

-- The fund that the campaign's programme names, for whoever adds up.
ALTER TABLE campaign ADD COLUMN fund_id TEXT REFERENCES fund (fund_id);

-- An older service cannot read a programme that names a fund.
UPDATE meta SET value = '2' WHERE key IN ('schema', 'min_reader');
