-- Redemption, the first schema. Times are microseconds since 1970 (UTC), money is fen, ids are 16
-- bytes whose first byte is `shard`, days are keys as '2022-07-22' and never computed by SQL.
-- Every row that belongs to a person starts with `shard`; keys that callers choose (request ids,
-- order numbers) are in look-up tables of their own.

CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

INSERT INTO meta (key, value) VALUES ('schema', '1'), ('min_reader', '1');

-- What redemption knows of campaigns, from the feed.
CREATE TABLE campaign (
  campaign_id      TEXT    NOT NULL PRIMARY KEY,
  organization     TEXT    NOT NULL,
  state            TEXT    NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  kind             TEXT    NOT NULL CHECK (kind IN ('AMOUNT_OFF')),
  threshold_fen    INTEGER NOT NULL CHECK (threshold_fen >= amount_fen),
  amount_fen       INTEGER NOT NULL CHECK (amount_fen > 0),
  goods_categories TEXT    NOT NULL,
  regions          TEXT    NOT NULL,
  hours            TEXT    NOT NULL,
  refund_rule      TEXT    NOT NULL CHECK (refund_rule IN ('RIGHT_IS_SPENT', 'RIGHT_RETURNS')),
  zone             TEXT    NOT NULL,
  title_zh         TEXT    NOT NULL,
  title_en         TEXT    NOT NULL,
  position         INTEGER NOT NULL CHECK (position > 0)
) STRICT;

-- The wallets. A HELD voucher names the authorization that holds it.
CREATE TABLE wallet_voucher (
  shard       INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  voucher_id  BLOB    NOT NULL CHECK (length(voucher_id) = 16),
  person_key  BLOB    NOT NULL CHECK (length(person_key) = 16),
  campaign_id TEXT    NOT NULL REFERENCES campaign (campaign_id),
  state       TEXT    NOT NULL CHECK (state IN ('AVAILABLE', 'HELD', 'USED')),
  held_by     BLOB    CHECK ((held_by IS NOT NULL) = (state = 'HELD')),
  uses_left   INTEGER NOT NULL CHECK (uses_left >= 0 AND (uses_left = 0) = (state = 'USED')),
  valid_from  INTEGER NOT NULL,
  valid_until INTEGER NOT NULL,
  version     INTEGER NOT NULL CHECK (version > 0),
  PRIMARY KEY (shard, voucher_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX wallet_voucher_of_person ON wallet_voucher (shard, person_key, voucher_id);

-- How far the voucher feed was taken in; changed only with what it brought.
CREATE TABLE feed_source (
  id                INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  epoch             BLOB    NOT NULL CHECK (length(epoch) = 16),
  campaign_position INTEGER NOT NULL CHECK (campaign_position >= 0)
) STRICT;

CREATE TABLE feed_cursor (
  campaign_id TEXT    NOT NULL,
  period      TEXT    NOT NULL,
  slice       INTEGER NOT NULL CHECK (slice BETWEEN 0 AND 255),
  position    INTEGER NOT NULL CHECK (position > 0),
  PRIMARY KEY (campaign_id, period, slice)
) STRICT, WITHOUT ROWID;

-- Law R3: the times say which of capture, void and expiry happened; only one of them can have.
CREATE TABLE "authorization" (
  shard                INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id     BLOB    NOT NULL CHECK (length(authorization_id) = 16),
  person_key           BLOB    NOT NULL CHECK (length(person_key) = 16),
  partner              TEXT    NOT NULL,
  order_number         TEXT    NOT NULL,
  authorize_request_id TEXT    NOT NULL,
  state                TEXT    NOT NULL
    CHECK (state IN ('HELD', 'CAPTURED', 'VOIDED', 'EXPIRED', 'REFUNDED')),
  order_amount_fen     INTEGER NOT NULL CHECK (order_amount_fen >= 0),
  discount_fen         INTEGER NOT NULL CHECK (discount_fen BETWEEN 0 AND order_amount_fen),
  created_at           INTEGER NOT NULL,
  expires_at           INTEGER NOT NULL CHECK (expires_at > created_at),
  captured_at          INTEGER CHECK ((captured_at IS NOT NULL) = (state IN ('CAPTURED', 'REFUNDED'))),
  captured_on          TEXT    CHECK ((captured_on IS NULL) = (captured_at IS NULL)),
  refunded_at          INTEGER CHECK ((refunded_at IS NOT NULL) = (state = 'REFUNDED')),
  refunded_on          TEXT    CHECK ((refunded_on IS NULL) = (refunded_at IS NULL)),
  right_returned       INTEGER CHECK ((right_returned IS NULL) = (refunded_at IS NULL)
                                      AND right_returned IN (0, 1)),
  closed_at            INTEGER CHECK ((closed_at IS NOT NULL) = (state IN ('VOIDED', 'EXPIRED'))),
  PRIMARY KEY (shard, authorization_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX authorization_held ON "authorization" (expires_at) WHERE state = 'HELD';

CREATE TABLE authorization_voucher (
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id BLOB    NOT NULL,
  position         INTEGER NOT NULL CHECK (position >= 0),
  voucher_id       BLOB    NOT NULL CHECK (length(voucher_id) = 16),
  campaign_id      TEXT    NOT NULL,
  discount_fen     INTEGER NOT NULL CHECK (discount_fen >= 0),
  line_discounts   TEXT    NOT NULL,
  PRIMARY KEY (shard, authorization_id, position),
  FOREIGN KEY (shard, authorization_id) REFERENCES "authorization" (shard, authorization_id)
) STRICT, WITHOUT ROWID;

-- The newest authorization of each order. The key is the law that an order has at most one live
-- authorization: a second can only replace one that is not live.
CREATE TABLE partner_order (
  partner          TEXT    NOT NULL,
  order_number     TEXT    NOT NULL,
  shard            INTEGER NOT NULL,
  authorization_id BLOB    NOT NULL,
  live             INTEGER NOT NULL CHECK (live IN (0, 1)),
  PRIMARY KEY (partner, order_number)
) STRICT, WITHOUT ROWID;

-- Law A1: every effect and every refusal of a verb, written in the same commit.
CREATE TABLE request (
  partner          TEXT    NOT NULL,
  verb             TEXT    NOT NULL CHECK (verb IN ('AUTHORIZE', 'CAPTURE', 'VOID', 'REFUND')),
  request_id       TEXT    NOT NULL,
  fingerprint      BLOB    NOT NULL CHECK (length(fingerprint) % 8 = 0),
  outcome          TEXT    NOT NULL CHECK (outcome IN ('OK', 'REFUSED')),
  reason           TEXT    CHECK ((reason IS NOT NULL) = (outcome = 'REFUSED')),
  details          TEXT    CHECK ((details IS NOT NULL) = (outcome = 'REFUSED')),
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id BLOB    CHECK (authorization_id IS NULL OR outcome = 'OK'),
  created_at       INTEGER NOT NULL,
  PRIMARY KEY (partner, verb, request_id)
) STRICT, WITHOUT ROWID;

-- Law R3: Authorize requests that were voided before they arrived.
CREATE TABLE void_mark (
  partner              TEXT    NOT NULL,
  authorize_request_id TEXT    NOT NULL,
  created_at           INTEGER NOT NULL,
  PRIMARY KEY (partner, authorize_request_id)
) STRICT, WITHOUT ROWID;

-- Law R5.
CREATE TABLE business_day (
  day       TEXT    NOT NULL PRIMARY KEY CHECK (length(day) = 10),
  state     TEXT    NOT NULL CHECK (state IN ('OPEN', 'CLOSED')),
  opened_at INTEGER NOT NULL,
  closed_at INTEGER CHECK ((closed_at IS NOT NULL) = (state = 'CLOSED'))
) STRICT, WITHOUT ROWID;

-- The journal is only ever added to. `late_of` is the closed day that a row came too late for.
CREATE TABLE journal (
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  transaction_id   BLOB    NOT NULL CHECK (length(transaction_id) = 16),
  authorization_id BLOB    NOT NULL,
  voucher_id       BLOB    NOT NULL,
  kind             TEXT    NOT NULL CHECK (kind IN ('CAPTURE', 'REFUND')),
  partner          TEXT    NOT NULL,
  order_number     TEXT    NOT NULL,
  campaign_id      TEXT    NOT NULL,
  organization     TEXT    NOT NULL,
  business_day     TEXT    NOT NULL REFERENCES business_day (day),
  created_at       INTEGER NOT NULL,
  late_of          TEXT,
  PRIMARY KEY (shard, transaction_id),
  UNIQUE (shard, authorization_id, voucher_id, kind),
  FOREIGN KEY (shard, authorization_id) REFERENCES "authorization" (shard, authorization_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX journal_of_day ON journal (business_day, partner, created_at, transaction_id);

-- Law R4: positive amounts are debits, negative ones credits; a transaction's come to zero.
CREATE TABLE entry (
  shard          INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  transaction_id BLOB    NOT NULL,
  position       INTEGER NOT NULL CHECK (position >= 0),
  account        TEXT    NOT NULL,
  amount_fen     INTEGER NOT NULL,
  PRIMARY KEY (shard, transaction_id, position),
  FOREIGN KEY (shard, transaction_id) REFERENCES journal (shard, transaction_id)
) STRICT, WITHOUT ROWID;

-- Written once, when the day is closed.
CREATE TABLE account_day (
  business_day TEXT    NOT NULL REFERENCES business_day (day),
  account      TEXT    NOT NULL,
  debit_fen    INTEGER NOT NULL CHECK (debit_fen >= 0),
  credit_fen   INTEGER NOT NULL CHECK (credit_fen >= 0),
  PRIMARY KEY (business_day, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE statement (
  business_day TEXT    NOT NULL REFERENCES business_day (day),
  platform     TEXT    NOT NULL,
  rows         INTEGER NOT NULL CHECK (rows >= 0),
  captured_fen INTEGER NOT NULL CHECK (captured_fen >= 0),
  refunded_fen INTEGER NOT NULL CHECK (refunded_fen >= 0),
  sha256       BLOB    NOT NULL CHECK (length(sha256) = 32),
  closed_at    INTEGER NOT NULL,
  PRIMARY KEY (business_day, platform)
) STRICT, WITHOUT ROWID;
