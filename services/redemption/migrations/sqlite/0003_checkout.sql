-- Terms of every kind, several vouchers an order, portions, and refunds in parts. Checks of the
-- first schema change, and SQLite changes a check only by building its table anew: a table that
-- refers to another is built before and dropped before the one that it refers to.

-- `amount_fen` is the most that a voucher takes off at once (the whole of a balance, nothing for a
-- service), `percent` is of PERCENT_OFF alone. What is absent is '' or 0.
CREATE TABLE campaign_new (
  campaign_id         TEXT    NOT NULL PRIMARY KEY,
  organization        TEXT    NOT NULL,
  policy_id           TEXT    NOT NULL,
  state               TEXT    NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  kind                TEXT    NOT NULL
    CHECK (kind IN ('AMOUNT_OFF', 'PERCENT_OFF', 'WAIVER', 'BALANCE', 'SERVICE')),
  threshold_fen       INTEGER NOT NULL CHECK (threshold_fen >= 0),
  amount_fen          INTEGER NOT NULL CHECK ((amount_fen > 0) = (kind <> 'SERVICE')),
  percent             INTEGER NOT NULL
    CHECK (percent BETWEEN 0 AND 100 AND (percent > 0) = (kind = 'PERCENT_OFF')),
  uses_total          INTEGER NOT NULL CHECK (uses_total > 0),
  uses_per_period     INTEGER NOT NULL CHECK (uses_per_period BETWEEN 0 AND uses_total),
  use_period          TEXT    NOT NULL
    CHECK (use_period IN ('', 'day', 'month', 'year')
           AND (use_period = '') = (uses_per_period = 0)),
  goods_categories    TEXT    NOT NULL,
  excluded_categories TEXT    NOT NULL,
  regions             TEXT    NOT NULL,
  shops               TEXT    NOT NULL CHECK (shops IN ('ANY', 'LISTED')),
  hours               TEXT    NOT NULL,
  combines            INTEGER NOT NULL CHECK (combines IN (0, 1)),
  stack_group         TEXT    NOT NULL,
  sequence            INTEGER NOT NULL CHECK (sequence BETWEEN 0 AND 255),
  own_funder_only     INTEGER NOT NULL CHECK (own_funder_only IN (0, 1)),
  order_cap_percent   INTEGER NOT NULL CHECK (order_cap_percent BETWEEN 0 AND 100),
  rechecks_membership INTEGER NOT NULL CHECK (rechecks_membership IN (0, 1)),
  refund_rule         TEXT    NOT NULL
    CHECK (refund_rule IN ('RIGHT_IS_SPENT', 'RIGHT_RETURNS', 'RIGHT_RETURNS_WITH_GRACE')),
  grace_days          INTEGER NOT NULL
    CHECK (grace_days BETWEEN 0 AND 366
           AND (grace_days > 0) = (refund_rule = 'RIGHT_RETURNS_WITH_GRACE')),
  returns_max         INTEGER NOT NULL CHECK (returns_max BETWEEN 0 AND 100),
  zone                TEXT    NOT NULL,
  title_zh            TEXT    NOT NULL,
  title_en            TEXT    NOT NULL,
  position            INTEGER NOT NULL CHECK (position > 0)
) STRICT;

INSERT INTO campaign_new (campaign_id, organization, policy_id, state, kind, threshold_fen,
  amount_fen, percent, uses_total, uses_per_period, use_period, goods_categories,
  excluded_categories, regions, shops, hours, combines, stack_group, sequence, own_funder_only,
  order_cap_percent, rechecks_membership, refund_rule, grace_days, returns_max, zone, title_zh,
  title_en, position)
SELECT campaign_id, organization, '', state, kind, threshold_fen, amount_fen, 0, 1, 0, '',
  goods_categories, '', regions, 'ANY', hours, 0, '', 0, 0, 0, 0, refund_rule, 0, 100, zone,
  title_zh, title_en, position
FROM campaign;

-- A balance has `uses_left` 1 until nothing of it is left. `period_uses` uses count in
-- `use_period`, the last period in which it was used.
CREATE TABLE wallet_voucher_new (
  shard        INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  voucher_id   BLOB    NOT NULL CHECK (length(voucher_id) = 16),
  person_key   BLOB    NOT NULL CHECK (length(person_key) = 16),
  campaign_id  TEXT    NOT NULL REFERENCES campaign_new (campaign_id),
  state        TEXT    NOT NULL CHECK (state IN ('AVAILABLE', 'HELD', 'USED')),
  held_by      BLOB    CHECK ((held_by IS NOT NULL) = (state = 'HELD')),
  uses_left    INTEGER NOT NULL CHECK (uses_left >= 0 AND (uses_left = 0) = (state = 'USED')),
  balance_left INTEGER
    CHECK (balance_left IS NULL OR (balance_left >= 0 AND (balance_left = 0) = (uses_left = 0))),
  returns      INTEGER NOT NULL DEFAULT 0 CHECK (returns >= 0),
  use_period   TEXT,
  period_uses  INTEGER CHECK ((period_uses IS NULL) = (use_period IS NULL) AND period_uses >= 0),
  valid_from   INTEGER NOT NULL,
  valid_until  INTEGER NOT NULL,
  version      INTEGER NOT NULL CHECK (version > 0),
  PRIMARY KEY (shard, voucher_id)
) STRICT, WITHOUT ROWID;

INSERT INTO wallet_voucher_new (shard, voucher_id, person_key, campaign_id, state, held_by,
  uses_left, returns, valid_from, valid_until, version)
SELECT w.shard, w.voucher_id, w.person_key, w.campaign_id, w.state, w.held_by, w.uses_left,
  (SELECT count(*) FROM authorization_voucher AS v JOIN "authorization" AS a
     ON a.shard = v.shard AND a.authorization_id = v.authorization_id
   WHERE v.shard = w.shard AND v.voucher_id = w.voucher_id AND a.right_returned = 1),
  w.valid_from, w.valid_until, w.version
FROM wallet_voucher AS w;

DROP TABLE wallet_voucher;
DROP TABLE campaign;
ALTER TABLE campaign_new RENAME TO campaign;
ALTER TABLE wallet_voucher_new RENAME TO wallet_voucher;

CREATE INDEX wallet_voucher_of_person
  ON wallet_voucher (shard, person_key, valid_until, voucher_id);

-- What was authorized before has no lines. `captured_amounts` is what was captured of
-- each line; null when that was all of it. `refunds` counts the rows of `refund`.
ALTER TABLE "authorization" ADD COLUMN line_amounts TEXT NOT NULL DEFAULT '';
ALTER TABLE "authorization" ADD COLUMN captured_amounts TEXT
  CHECK (captured_amounts IS NULL OR captured_at IS NOT NULL);
ALTER TABLE "authorization" ADD COLUMN refunds INTEGER NOT NULL DEFAULT 0
  CHECK (refunds BETWEEN 0 AND 50 AND (refunds = 0 OR captured_at IS NOT NULL));

UPDATE "authorization" SET refunds = 1 WHERE state = 'REFUNDED';

-- The organization pays for what was authorized, whatever becomes of the campaign.
ALTER TABLE authorization_voucher ADD COLUMN organization TEXT NOT NULL DEFAULT '';

UPDATE authorization_voucher SET organization =
  (SELECT c.organization FROM campaign AS c
   WHERE c.campaign_id = authorization_voucher.campaign_id);

-- Law R2. `returned_amounts` is what was returned of each line; null when that was all that was
-- left. `returned_vouchers` lists the vouchers whose right came back, by their positions.
CREATE TABLE refund (
  shard             INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id  BLOB    NOT NULL,
  part              INTEGER NOT NULL CHECK (part BETWEEN 1 AND 50),
  request_id        TEXT    NOT NULL,
  returned_amounts  TEXT,
  returned_vouchers TEXT    NOT NULL,
  refunded_at       INTEGER NOT NULL,
  refunded_on       TEXT    NOT NULL,
  PRIMARY KEY (shard, authorization_id, part),
  FOREIGN KEY (shard, authorization_id) REFERENCES "authorization" (shard, authorization_id)
) STRICT, WITHOUT ROWID;

INSERT INTO refund (shard, authorization_id, part, request_id, returned_amounts,
  returned_vouchers, refunded_at, refunded_on)
SELECT a.shard, a.authorization_id, 1, r.request_id, NULL,
  CASE a.right_returned WHEN 1 THEN '0' ELSE '' END, a.refunded_at, a.refunded_on
FROM request AS r JOIN "authorization" AS a
  ON a.shard = r.shard AND a.authorization_id = r.authorization_id
WHERE r.verb = 'REFUND' AND r.outcome = 'OK';

-- One transaction a voucher and refund.
CREATE TABLE journal_new (
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  transaction_id   BLOB    NOT NULL CHECK (length(transaction_id) = 16),
  authorization_id BLOB    NOT NULL,
  voucher_id       BLOB    NOT NULL,
  kind             TEXT    NOT NULL CHECK (kind IN ('CAPTURE', 'REFUND')),
  part             INTEGER NOT NULL
    CHECK (part BETWEEN 0 AND 50 AND (part = 0) = (kind = 'CAPTURE')),
  partner          TEXT    NOT NULL,
  order_number     TEXT    NOT NULL,
  campaign_id      TEXT    NOT NULL,
  organization     TEXT    NOT NULL,
  business_day     TEXT    NOT NULL REFERENCES business_day (day),
  created_at       INTEGER NOT NULL,
  late_of          TEXT,
  PRIMARY KEY (shard, transaction_id),
  UNIQUE (shard, authorization_id, voucher_id, kind, part),
  FOREIGN KEY (shard, authorization_id) REFERENCES "authorization" (shard, authorization_id)
) STRICT, WITHOUT ROWID;

INSERT INTO journal_new (shard, transaction_id, authorization_id, voucher_id, kind, part, partner,
  order_number, campaign_id, organization, business_day, created_at, late_of)
SELECT shard, transaction_id, authorization_id, voucher_id, kind,
  CASE kind WHEN 'CAPTURE' THEN 0 ELSE 1 END, partner, order_number, campaign_id, organization,
  business_day, created_at, late_of
FROM journal;

CREATE TABLE entry_new (
  shard          INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  transaction_id BLOB    NOT NULL,
  position       INTEGER NOT NULL CHECK (position >= 0),
  account        TEXT    NOT NULL,
  amount_fen     INTEGER NOT NULL,
  PRIMARY KEY (shard, transaction_id, position),
  FOREIGN KEY (shard, transaction_id) REFERENCES journal_new (shard, transaction_id)
) STRICT, WITHOUT ROWID;

INSERT INTO entry_new (shard, transaction_id, position, account, amount_fen)
SELECT shard, transaction_id, position, account, amount_fen FROM entry;

DROP TABLE entry;
DROP TABLE journal;
ALTER TABLE journal_new RENAME TO journal;
ALTER TABLE entry_new RENAME TO entry;

CREATE INDEX journal_of_day ON journal (business_day, partner, created_at, transaction_id);

-- Whether a right came back is what the refunds say.
ALTER TABLE "authorization" DROP COLUMN right_returned;

-- The service before takes a part of an order for the whole of it.
UPDATE meta SET value = '3' WHERE key IN ('schema', 'min_reader');
