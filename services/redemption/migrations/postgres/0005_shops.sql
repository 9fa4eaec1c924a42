-- Shops and tills, what is stopped, and what a shop's own category texts stand for. None of it
-- belongs to a person. Authorize reads it in its own transaction and locks none of it.
-- `changed_at` of tills and texts, `listed_at`, and `created_at` of requests are for people who
-- look into the database: no service reads them.

CREATE TABLE shop (
  platform     TEXT COLLATE "C" NOT NULL,
  shop_id      TEXT COLLATE "C" NOT NULL,
  organization TEXT COLLATE "C" NOT NULL,
  title_zh     TEXT COLLATE "C" NOT NULL CHECK (length(title_zh) BETWEEN 1 AND 100),
  region_code  TEXT COLLATE "C" NOT NULL CHECK (length(region_code) = 6),
  chain        TEXT COLLATE "C",
  state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'BLOCKED')),
  version      BIGINT NOT NULL CHECK (version > 0),
  changed_at   BIGINT NOT NULL,
  PRIMARY KEY (platform, shop_id)
);

CREATE TABLE terminal (
  platform    TEXT COLLATE "C" NOT NULL,
  shop_id     TEXT COLLATE "C" NOT NULL,
  terminal_id TEXT COLLATE "C" NOT NULL,
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'BLOCKED')),
  version     BIGINT NOT NULL CHECK (version > 0),
  changed_at  BIGINT NOT NULL,
  PRIMARY KEY (platform, shop_id, terminal_id),
  FOREIGN KEY (platform, shop_id) REFERENCES shop (platform, shop_id)
);

-- The shops that a campaign lists.
CREATE TABLE campaign_shop (
  platform    TEXT COLLATE "C" NOT NULL,
  shop_id     TEXT COLLATE "C" NOT NULL,
  campaign_id TEXT COLLATE "C" NOT NULL REFERENCES campaign (campaign_id),
  listed_at   BIGINT NOT NULL,
  PRIMARY KEY (platform, shop_id, campaign_id),
  FOREIGN KEY (platform, shop_id) REFERENCES shop (platform, shop_id)
);

CREATE INDEX campaign_shop_of_campaign ON campaign_shop (campaign_id, platform, shop_id);

-- What a category text stands for in one shop, or with an empty `shop_id` in all of a platform's.
CREATE TABLE shop_category (
  platform   TEXT COLLATE "C" NOT NULL,
  shop_id    TEXT COLLATE "C" NOT NULL,
  text       TEXT COLLATE "C" NOT NULL CHECK (length(text) BETWEEN 1 AND 64),
  category   TEXT COLLATE "C" NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (platform, shop_id, text)
);

-- The stops in force, and nothing else, so that what Authorize reads of it is short. The key of a
-- scope is a campaign, a region code, or a platform and a shop id as 'wepay/shop-1'.
CREATE TABLE redeeming_stop (
  organization TEXT COLLATE "C" NOT NULL,
  scope        TEXT COLLATE "C" NOT NULL CHECK (scope IN ('CAMPAIGN', 'REGION', 'SHOP')),
  scope_key    TEXT COLLATE "C" NOT NULL,
  text_zh      TEXT COLLATE "C" NOT NULL CHECK (length(text_zh) BETWEEN 1 AND 100),
  text_en      TEXT COLLATE "C" NOT NULL CHECK (length(text_en) BETWEEN 1 AND 100),
  version      BIGINT NOT NULL CHECK (version > 0),
  stopped_by   TEXT COLLATE "C" NOT NULL,
  stopped_at   BIGINT NOT NULL,
  PRIMARY KEY (organization, scope, scope_key)
);

-- Of shops only the stops of those that are asked about are read.
CREATE INDEX redeeming_stop_of_scope ON redeeming_stop (scope, scope_key);

-- Every stop, change of its texts and resumption that ever was; only ever added to.
CREATE TABLE redeeming_change (
  organization TEXT COLLATE "C" NOT NULL,
  scope        TEXT COLLATE "C" NOT NULL CHECK (scope IN ('CAMPAIGN', 'REGION', 'SHOP')),
  scope_key    TEXT COLLATE "C" NOT NULL,
  version      BIGINT NOT NULL CHECK (version > 0),
  verb         TEXT COLLATE "C" NOT NULL CHECK (verb IN ('STOP', 'RESUME')),
  text_zh      TEXT COLLATE "C" CHECK ((text_zh IS NOT NULL) = (verb = 'STOP')),
  text_en      TEXT COLLATE "C" CHECK ((text_en IS NOT NULL) = (verb = 'STOP')),
  changed_by   TEXT COLLATE "C" NOT NULL,
  changed_at   BIGINT NOT NULL,
  PRIMARY KEY (organization, scope, scope_key, version)
);

-- Law A1 for the verbs on shops: what had an effect, and the number that it was answered with.
CREATE TABLE shop_request (
  caller      TEXT COLLATE "C" NOT NULL,
  verb        TEXT COLLATE "C" NOT NULL CHECK (verb IN ('PUT_SHOP', 'BLOCK_SHOP', 'UNBLOCK_SHOP',
                                             'PUT_TERMINAL', 'LIST', 'UNLIST', 'MAP_CATEGORIES',
                                             'STOP', 'RESUME')),
  request_id  TEXT COLLATE "C" NOT NULL,
  fingerprint BYTEA NOT NULL CHECK (octet_length(fingerprint) % 8 = 0),
  answer      BIGINT NOT NULL CHECK (answer >= 0),
  created_at  BIGINT NOT NULL,
  PRIMARY KEY (request_id, caller, verb)
);

CREATE TABLE shop_import (
  import_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  organization   TEXT COLLATE "C" NOT NULL,
  platform       TEXT COLLATE "C" NOT NULL,
  campaign_id    TEXT COLLATE "C" REFERENCES campaign (campaign_id),
  committed_line BIGINT NOT NULL CHECK (committed_line >= 0),
  added          BIGINT NOT NULL CHECK (added >= 0),
  changed        BIGINT NOT NULL CHECK (changed >= 0),
  unchanged      BIGINT NOT NULL CHECK (unchanged >= 0),
  listed         BIGINT NOT NULL CHECK (listed >= 0),
  bad            BIGINT NOT NULL CHECK (bad >= 0),
  updated_at     BIGINT NOT NULL
);

-- The first bad rows of each import.
CREATE TABLE shop_import_problem (
  import_id   TEXT COLLATE "C" NOT NULL REFERENCES shop_import (import_id),
  line        BIGINT NOT NULL CHECK (line > 0),
  column_name TEXT COLLATE "C" NOT NULL,
  reason      TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (import_id, line)
);

-- A service that does not know the stops would not stop.
UPDATE meta SET value = '5' WHERE key IN ('schema', 'min_reader');
