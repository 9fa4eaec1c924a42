-- Redemption, the first schema. Times are microseconds since 1970 (UTC), money is fen, ids are 16
-- bytes whose first byte is `shard`, days are keys as '2022-07-22' and never computed by SQL.
-- Every row that belongs to a person has a `shard`; keys that callers choose (request ids, order
-- numbers) are in look-up tables of their own. Keys begin with the id or the person, because that
-- is what a batch reads by; every unique key of a person's table has `shard` in it.
-- Tables whose rows are changed in place leave room for it on their pages.
--
-- Four foreign keys of the other backend are absent on purpose: here each costs a query a row, a
-- quarter of a checkout. An authorization's vouchers and a transaction's entries are written by
-- the very statement that writes what they belong to; a journal row's authorization is changed,
-- and its day locked, in the same transaction.

CREATE TABLE meta (
  key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);

INSERT INTO meta (key, value) VALUES ('schema', '1'), ('min_reader', '1');

-- What redemption knows of campaigns, from the feed.
CREATE TABLE campaign (
  campaign_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  organization     TEXT COLLATE "C" NOT NULL,
  state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  kind             TEXT COLLATE "C" NOT NULL CHECK (kind IN ('AMOUNT_OFF')),
  threshold_fen    BIGINT NOT NULL CHECK (threshold_fen >= amount_fen),
  amount_fen       BIGINT NOT NULL CHECK (amount_fen > 0),
  goods_categories TEXT COLLATE "C" NOT NULL,
  regions          TEXT COLLATE "C" NOT NULL,
  hours            TEXT COLLATE "C" NOT NULL,
  refund_rule      TEXT COLLATE "C" NOT NULL CHECK (refund_rule IN ('RIGHT_IS_SPENT', 'RIGHT_RETURNS')),
  zone             TEXT COLLATE "C" NOT NULL,
  title_zh         TEXT COLLATE "C" NOT NULL,
  title_en         TEXT COLLATE "C" NOT NULL,
  position         BIGINT NOT NULL CHECK (position > 0)
);

-- The wallets. A HELD voucher names the authorization that holds it.
CREATE TABLE wallet_voucher (
  shard       INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  voucher_id  BYTEA   NOT NULL CHECK (octet_length(voucher_id) = 16),
  person_key  BYTEA   NOT NULL CHECK (octet_length(person_key) = 16),
  campaign_id TEXT COLLATE "C" NOT NULL REFERENCES campaign (campaign_id),
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('AVAILABLE', 'HELD', 'USED')),
  held_by     BYTEA   CHECK ((held_by IS NOT NULL) = (state = 'HELD')),
  uses_left   BIGINT  NOT NULL CHECK (uses_left >= 0 AND (uses_left = 0) = (state = 'USED')),
  valid_from  BIGINT  NOT NULL,
  valid_until BIGINT  NOT NULL,
  version     BIGINT  NOT NULL CHECK (version > 0),
  PRIMARY KEY (voucher_id, shard)
) WITH (fillfactor = 70);

CREATE INDEX wallet_voucher_of_person ON wallet_voucher (person_key, voucher_id);

-- How far the voucher feed was taken in; changed only with what it brought.
CREATE TABLE feed_source (
  id                INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  epoch             BYTEA   NOT NULL CHECK (octet_length(epoch) = 16),
  campaign_position BIGINT  NOT NULL CHECK (campaign_position >= 0)
);

CREATE TABLE feed_cursor (
  campaign_id TEXT COLLATE "C" NOT NULL,
  period      TEXT COLLATE "C" NOT NULL,
  slice       BIGINT NOT NULL CHECK (slice BETWEEN 0 AND 255),
  position    BIGINT NOT NULL CHECK (position > 0),
  PRIMARY KEY (campaign_id, period, slice)
) WITH (fillfactor = 50);

-- Law R3: the times say which of capture, void and expiry happened; only one of them can have.
CREATE TABLE "authorization" (
  shard                INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id     BYTEA   NOT NULL CHECK (octet_length(authorization_id) = 16),
  person_key           BYTEA   NOT NULL CHECK (octet_length(person_key) = 16),
  partner              TEXT COLLATE "C" NOT NULL,
  order_number         TEXT COLLATE "C" NOT NULL,
  authorize_request_id TEXT COLLATE "C" NOT NULL,
  state                TEXT COLLATE "C" NOT NULL
    CHECK (state IN ('HELD', 'CAPTURED', 'VOIDED', 'EXPIRED', 'REFUNDED')),
  order_amount_fen     BIGINT NOT NULL CHECK (order_amount_fen >= 0),
  discount_fen         BIGINT NOT NULL CHECK (discount_fen BETWEEN 0 AND order_amount_fen),
  created_at           BIGINT NOT NULL,
  expires_at           BIGINT NOT NULL CHECK (expires_at > created_at),
  captured_at          BIGINT CHECK ((captured_at IS NOT NULL) = (state IN ('CAPTURED', 'REFUNDED'))),
  captured_on          TEXT COLLATE "C" CHECK ((captured_on IS NULL) = (captured_at IS NULL)),
  refunded_at          BIGINT CHECK ((refunded_at IS NOT NULL) = (state = 'REFUNDED')),
  refunded_on          TEXT COLLATE "C" CHECK ((refunded_on IS NULL) = (refunded_at IS NULL)),
  right_returned       BIGINT CHECK ((right_returned IS NULL) = (refunded_at IS NULL)
                                     AND right_returned IN (0, 1)),
  closed_at            BIGINT CHECK ((closed_at IS NOT NULL) = (state IN ('VOIDED', 'EXPIRED'))),
  PRIMARY KEY (authorization_id, shard)
) WITH (fillfactor = 70);

CREATE INDEX authorization_held ON "authorization" (expires_at) WHERE state = 'HELD';

CREATE TABLE authorization_voucher (
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id BYTEA   NOT NULL,
  position         BIGINT  NOT NULL CHECK (position >= 0),
  voucher_id       BYTEA   NOT NULL CHECK (octet_length(voucher_id) = 16),
  campaign_id      TEXT COLLATE "C" NOT NULL,
  discount_fen     BIGINT  NOT NULL CHECK (discount_fen >= 0),
  line_discounts   TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (authorization_id, position, shard)
);

-- The newest authorization of each order. The key is the law that an order has at most one live
-- authorization: a second can only replace one that is not live.
CREATE TABLE partner_order (
  partner          TEXT COLLATE "C" NOT NULL,
  order_number     TEXT COLLATE "C" NOT NULL,
  shard            INTEGER NOT NULL,
  authorization_id BYTEA   NOT NULL,
  live             INTEGER NOT NULL CHECK (live IN (0, 1)),
  PRIMARY KEY (order_number, partner)
) WITH (fillfactor = 80);

-- Law A1: every effect and every refusal of a verb, written in the same commit.
CREATE TABLE request (
  partner          TEXT COLLATE "C" NOT NULL,
  verb             TEXT COLLATE "C" NOT NULL CHECK (verb IN ('AUTHORIZE', 'CAPTURE', 'VOID', 'REFUND')),
  request_id       TEXT COLLATE "C" NOT NULL,
  fingerprint      BYTEA   NOT NULL CHECK (octet_length(fingerprint) % 8 = 0),
  outcome          TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('OK', 'REFUSED')),
  reason           TEXT COLLATE "C" CHECK ((reason IS NOT NULL) = (outcome = 'REFUSED')),
  details          TEXT COLLATE "C" CHECK ((details IS NOT NULL) = (outcome = 'REFUSED')),
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id BYTEA   CHECK (authorization_id IS NULL OR outcome = 'OK'),
  created_at       BIGINT  NOT NULL,
  PRIMARY KEY (request_id, partner, verb)
);

-- Law R3: Authorize requests that were voided before they arrived.
CREATE TABLE void_mark (
  partner              TEXT COLLATE "C" NOT NULL,
  authorize_request_id TEXT COLLATE "C" NOT NULL,
  created_at           BIGINT NOT NULL,
  PRIMARY KEY (partner, authorize_request_id)
);

-- Law R5.
CREATE TABLE business_day (
  day       TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(day) = 10),
  state     TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'CLOSED')),
  opened_at BIGINT NOT NULL,
  closed_at BIGINT CHECK ((closed_at IS NOT NULL) = (state = 'CLOSED'))
);

-- The journal is only ever added to. `late_of` is the closed day that a row came too late for.
CREATE TABLE journal (
  shard            INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  transaction_id   BYTEA   NOT NULL CHECK (octet_length(transaction_id) = 16),
  authorization_id BYTEA   NOT NULL,
  voucher_id       BYTEA   NOT NULL,
  kind             TEXT COLLATE "C" NOT NULL CHECK (kind IN ('CAPTURE', 'REFUND')),
  partner          TEXT COLLATE "C" NOT NULL,
  order_number     TEXT COLLATE "C" NOT NULL,
  campaign_id      TEXT COLLATE "C" NOT NULL,
  organization     TEXT COLLATE "C" NOT NULL,
  business_day     TEXT COLLATE "C" NOT NULL,
  created_at       BIGINT  NOT NULL,
  late_of          TEXT COLLATE "C",
  PRIMARY KEY (transaction_id, shard),
  UNIQUE (authorization_id, voucher_id, kind, shard)
);

CREATE INDEX journal_of_day ON journal (business_day, partner, created_at, transaction_id);

-- Law R4: positive amounts are debits, negative ones credits; a transaction's come to zero.
CREATE TABLE entry (
  shard          INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  transaction_id BYTEA   NOT NULL,
  position       BIGINT  NOT NULL CHECK (position >= 0),
  account        TEXT COLLATE "C" NOT NULL,
  amount_fen     BIGINT  NOT NULL,
  PRIMARY KEY (transaction_id, position, shard)
);

-- Written once, when the day is closed.
CREATE TABLE account_day (
  business_day TEXT COLLATE "C" NOT NULL REFERENCES business_day (day),
  account      TEXT COLLATE "C" NOT NULL,
  debit_fen    BIGINT NOT NULL CHECK (debit_fen >= 0),
  credit_fen   BIGINT NOT NULL CHECK (credit_fen >= 0),
  PRIMARY KEY (business_day, account)
);

CREATE TABLE statement (
  business_day TEXT COLLATE "C" NOT NULL REFERENCES business_day (day),
  platform     TEXT COLLATE "C" NOT NULL,
  rows         BIGINT NOT NULL CHECK (rows >= 0),
  captured_fen BIGINT NOT NULL CHECK (captured_fen >= 0),
  refunded_fen BIGINT NOT NULL CHECK (refunded_fen >= 0),
  sha256       BYTEA  NOT NULL CHECK (octet_length(sha256) = 32),
  closed_at    BIGINT NOT NULL,
  PRIMARY KEY (business_day, platform)
);
