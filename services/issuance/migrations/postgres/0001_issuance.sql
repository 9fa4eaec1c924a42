-- Issuance, the first schema. Times are microseconds since 1970 (UTC), money is fen, ids are 16
-- bytes whose first byte is `shard`, periods are keys as 'day:2022-07-22' and never computed by
-- SQL. `slice` is the part of a stock and 0 everywhere until stocks are cut; every unique key of a
-- voucher's tables has it, so that they can be distributed by it. Text is compared byte by byte.

CREATE TABLE meta (
  key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);

-- `epoch` tells this store from any other: followers of the feed compare it.
INSERT INTO meta (key, value)
VALUES ('schema', '1'), ('min_reader', '1'), ('epoch', replace(gen_random_uuid()::text, '-', ''));

-- Campaigns as their programme files declare them.
CREATE TABLE campaign (
  campaign_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  organization TEXT COLLATE "C" NOT NULL,
  state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  programme    TEXT COLLATE "C" NOT NULL,
  digest       BYTEA NOT NULL CHECK (octet_length(digest) = 32),
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL
);

-- What campaigns became, for followers: positions are 1, 2, 3... in commit order.
CREATE TABLE campaign_feed (
  position    BIGINT NOT NULL PRIMARY KEY CHECK (position > 0),
  campaign_id TEXT COLLATE "C" NOT NULL REFERENCES campaign (campaign_id),
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  created_at  BIGINT NOT NULL
);

CREATE INDEX campaign_feed_of_campaign ON campaign_feed (campaign_id, position);

-- Law A1 for the campaign verbs: which request did what, and the state that it was answered with.
CREATE TABLE request (
  caller      TEXT COLLATE "C" NOT NULL,
  verb        TEXT COLLATE "C" NOT NULL
              CHECK (verb IN ('APPLY', 'ACTIVATE', 'PAUSE', 'RESUME', 'END')),
  request_id  TEXT COLLATE "C" NOT NULL,
  fingerprint BYTEA NOT NULL CHECK (octet_length(fingerprint) = 32),
  campaign_id TEXT COLLATE "C" NOT NULL REFERENCES campaign (campaign_id),
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
  updated_at  BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  PRIMARY KEY (caller, verb, request_id)
);

-- Law I1 in schema: never more than the quota. `feed_head` is the last position of the feed. The
-- room in its pages is for the new version that every batch of claims makes of one row.
CREATE TABLE stock (
  campaign_id TEXT COLLATE "C" NOT NULL REFERENCES campaign (campaign_id),
  period      TEXT COLLATE "C" NOT NULL,
  slice       SMALLINT NOT NULL DEFAULT 0 CHECK (slice BETWEEN 0 AND 255),
  quota       BIGINT NOT NULL CHECK (quota >= 0),
  issued      BIGINT NOT NULL DEFAULT 0 CHECK (issued >= 0),
  returned    BIGINT NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND issued),
  feed_head   BIGINT NOT NULL DEFAULT 0 CHECK (feed_head >= 0),
  state       TEXT COLLATE "C" NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'CLOSED')),
  PRIMARY KEY (campaign_id, period, slice),
  CHECK (issued - returned <= quota)
) WITH (fillfactor = 30);

-- A voucher's stock is there: its row is locked and counted in the same transaction. As a foreign
-- key that would be looked up again for every voucher, which is a sixth of what it costs to issue.
CREATE TABLE voucher (
  slice         SMALLINT NOT NULL CHECK (slice BETWEEN 0 AND 255),
  voucher_id    BYTEA NOT NULL CHECK (octet_length(voucher_id) = 16),
  shard         SMALLINT NOT NULL CHECK (shard BETWEEN 0 AND 255),
  person_key    BYTEA NOT NULL CHECK (octet_length(person_key) = 16),
  member_id     BYTEA NOT NULL CHECK (octet_length(member_id) = 16),
  campaign_id   TEXT COLLATE "C" NOT NULL,
  period        TEXT COLLATE "C" NOT NULL,
  serial        BIGINT NOT NULL CHECK (serial > 0),
  valid_from    BIGINT NOT NULL,
  valid_until   BIGINT NOT NULL,
  liability_fen BIGINT NOT NULL CHECK (liability_fen >= 0),
  issued_at     BIGINT NOT NULL,
  state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('ISSUED')),
  version       BIGINT NOT NULL CHECK (version > 0),
  PRIMARY KEY (slice, voucher_id),
  UNIQUE (slice, campaign_id, period, serial)
);

CREATE INDEX voucher_of_person ON voucher (person_key, voucher_id);

-- Law I2 in schema: the vouchers of a person in a limit period are numbered, once each. The person
-- comes first, because a batch reads by person.
CREATE TABLE person_limit (
  person_key BYTEA NOT NULL CHECK (octet_length(person_key) = 16),
  slice      SMALLINT NOT NULL CHECK (slice BETWEEN 0 AND 255),
  limit_id   TEXT COLLATE "C" NOT NULL,
  period     TEXT COLLATE "C" NOT NULL,
  n          BIGINT NOT NULL CHECK (n > 0),
  voucher_id BYTEA NOT NULL CHECK (octet_length(voucher_id) = 16),
  PRIMARY KEY (person_key, slice, limit_id, period, n)
);

-- Law A1 for Claim: which request got which voucher.
CREATE TABLE claim_request (
  person_key  BYTEA NOT NULL CHECK (octet_length(person_key) = 16),
  slice       SMALLINT NOT NULL CHECK (slice BETWEEN 0 AND 255),
  campaign_id TEXT COLLATE "C" NOT NULL,
  caller      TEXT COLLATE "C" NOT NULL,
  request_id  TEXT COLLATE "C" NOT NULL,
  shard       SMALLINT NOT NULL CHECK (shard BETWEEN 0 AND 255),
  member_id   BYTEA NOT NULL CHECK (octet_length(member_id) = 16),
  voucher_id  BYTEA NOT NULL CHECK (octet_length(voucher_id) = 16),
  PRIMARY KEY (person_key, slice, campaign_id, caller, request_id)
);

-- The voucher feed: one a stock, positions 1, 2, 3... in commit order, up to `stock.feed_head`.
CREATE TABLE feed (
  campaign_id TEXT COLLATE "C" NOT NULL,
  period      TEXT COLLATE "C" NOT NULL,
  slice       SMALLINT NOT NULL CHECK (slice BETWEEN 0 AND 255),
  position    BIGINT NOT NULL CHECK (position > 0),
  voucher_id  BYTEA NOT NULL CHECK (octet_length(voucher_id) = 16),
  kind        TEXT COLLATE "C" NOT NULL CHECK (kind IN ('ISSUED')),
  PRIMARY KEY (campaign_id, period, slice, position)
);
