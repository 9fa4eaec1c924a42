-- Issuance, the first schema. Times are microseconds since 1970 (UTC), money is fen, ids are 16
-- bytes whose first byte is `shard`, periods are keys as 'day:2022-07-22' and never computed by
-- SQL. `slice` is the part of a stock and 0 everywhere until stocks are cut; every unique key of a
-- voucher's tables has it, so that they can be distributed by it.

CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- `epoch` tells this store from any other: followers of the feed compare it.
INSERT INTO meta (key, value)
VALUES ('schema', '1'), ('min_reader', '1'), ('epoch', lower(hex(randomblob(16))));

-- Campaigns as their programme files declare them.
CREATE TABLE campaign (
  campaign_id  TEXT    NOT NULL PRIMARY KEY,
  organization TEXT    NOT NULL,
  state        TEXT    NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  programme    TEXT    NOT NULL,
  digest       BLOB    NOT NULL CHECK (length(digest) = 32),
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What campaigns became, for followers: positions are 1, 2, 3... in commit order.
CREATE TABLE campaign_feed (
  position    INTEGER NOT NULL PRIMARY KEY CHECK (position > 0),
  campaign_id TEXT    NOT NULL REFERENCES campaign (campaign_id),
  state       TEXT    NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  created_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX campaign_feed_of_campaign ON campaign_feed (campaign_id, position);

-- Law A1 for the campaign verbs: which request did what, and the state that it was answered with.
CREATE TABLE request (
  caller      TEXT    NOT NULL,
  verb        TEXT    NOT NULL CHECK (verb IN ('APPLY', 'ACTIVATE', 'PAUSE', 'RESUME', 'END')),
  request_id  TEXT    NOT NULL,
  fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
  campaign_id TEXT    NOT NULL REFERENCES campaign (campaign_id),
  state       TEXT    NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  updated_at  INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (caller, verb, request_id)
) STRICT, WITHOUT ROWID;

-- Law I1 in schema: never more than the quota. `feed_head` is the last position of the feed.
CREATE TABLE stock (
  campaign_id TEXT    NOT NULL REFERENCES campaign (campaign_id),
  period      TEXT    NOT NULL,
  slice       INTEGER NOT NULL DEFAULT 0 CHECK (slice BETWEEN 0 AND 255),
  quota       INTEGER NOT NULL CHECK (quota >= 0),
  issued      INTEGER NOT NULL DEFAULT 0 CHECK (issued >= 0),
  returned    INTEGER NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND issued),
  feed_head   INTEGER NOT NULL DEFAULT 0 CHECK (feed_head >= 0),
  state       TEXT    NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'CLOSED')),
  PRIMARY KEY (campaign_id, period, slice),
  CHECK (issued - returned <= quota)
) STRICT, WITHOUT ROWID;

CREATE TABLE voucher (
  slice         INTEGER NOT NULL CHECK (slice BETWEEN 0 AND 255),
  voucher_id    BLOB    NOT NULL CHECK (length(voucher_id) = 16),
  shard         INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  person_key    BLOB    NOT NULL CHECK (length(person_key) = 16),
  member_id     BLOB    NOT NULL CHECK (length(member_id) = 16),
  campaign_id   TEXT    NOT NULL,
  period        TEXT    NOT NULL,
  serial        INTEGER NOT NULL CHECK (serial > 0),
  valid_from    INTEGER NOT NULL,
  valid_until   INTEGER NOT NULL,
  liability_fen INTEGER NOT NULL CHECK (liability_fen >= 0),
  issued_at     INTEGER NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('ISSUED')),
  version       INTEGER NOT NULL CHECK (version > 0),
  PRIMARY KEY (slice, voucher_id),
  UNIQUE (slice, campaign_id, period, serial),
  FOREIGN KEY (campaign_id, period, slice) REFERENCES stock (campaign_id, period, slice)
) STRICT, WITHOUT ROWID;

CREATE INDEX voucher_of_person ON voucher (person_key, voucher_id);

-- Law I2 in schema: the vouchers of a person in a limit period are numbered, once each. The person
-- comes first, because a batch reads by person.
CREATE TABLE person_limit (
  person_key BLOB    NOT NULL CHECK (length(person_key) = 16),
  slice      INTEGER NOT NULL CHECK (slice BETWEEN 0 AND 255),
  limit_id   TEXT    NOT NULL,
  period     TEXT    NOT NULL,
  n          INTEGER NOT NULL CHECK (n > 0),
  voucher_id BLOB    NOT NULL CHECK (length(voucher_id) = 16),
  PRIMARY KEY (person_key, slice, limit_id, period, n)
) STRICT, WITHOUT ROWID;

-- Law A1 for Claim: which request got which voucher.
CREATE TABLE claim_request (
  person_key  BLOB    NOT NULL CHECK (length(person_key) = 16),
  slice       INTEGER NOT NULL CHECK (slice BETWEEN 0 AND 255),
  campaign_id TEXT    NOT NULL,
  caller      TEXT    NOT NULL,
  request_id  TEXT    NOT NULL,
  shard       INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  member_id   BLOB    NOT NULL CHECK (length(member_id) = 16),
  voucher_id  BLOB    NOT NULL CHECK (length(voucher_id) = 16),
  PRIMARY KEY (person_key, slice, campaign_id, caller, request_id)
) STRICT, WITHOUT ROWID;

-- The voucher feed: one a stock, positions 1, 2, 3... in commit order, up to `stock.feed_head`.
CREATE TABLE feed (
  campaign_id TEXT    NOT NULL,
  period      TEXT    NOT NULL,
  slice       INTEGER NOT NULL CHECK (slice BETWEEN 0 AND 255),
  position    INTEGER NOT NULL CHECK (position > 0),
  voucher_id  BLOB    NOT NULL CHECK (length(voucher_id) = 16),
  kind        TEXT    NOT NULL CHECK (kind IN ('ISSUED')),
  PRIMARY KEY (campaign_id, period, slice, position)
) STRICT, WITHOUT ROWID;
