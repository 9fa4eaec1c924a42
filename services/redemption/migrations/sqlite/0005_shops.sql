-- Shops and tills, what is stopped, and what a shop's own category texts stand for. None of it
-- belongs to a person. Authorize reads it in its own transaction and locks none of it.
-- `changed_at` of tills and texts, `listed_at`, and `created_at` of requests are for people who
-- look into the database: no service reads them.

CREATE TABLE shop (
  platform     TEXT    NOT NULL,
  shop_id      TEXT    NOT NULL,
  organization TEXT    NOT NULL,
  title_zh     TEXT    NOT NULL CHECK (length(title_zh) BETWEEN 1 AND 100),
  region_code  TEXT    NOT NULL CHECK (length(region_code) = 6),
  chain        TEXT,
  state        TEXT    NOT NULL CHECK (state IN ('OPEN', 'BLOCKED')),
  version      INTEGER NOT NULL CHECK (version > 0),
  changed_at   INTEGER NOT NULL,
  PRIMARY KEY (platform, shop_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE terminal (
  platform    TEXT    NOT NULL,
  shop_id     TEXT    NOT NULL,
  terminal_id TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('OPEN', 'BLOCKED')),
  version     INTEGER NOT NULL CHECK (version > 0),
  changed_at  INTEGER NOT NULL,
  PRIMARY KEY (platform, shop_id, terminal_id),
  FOREIGN KEY (platform, shop_id) REFERENCES shop (platform, shop_id)
) STRICT, WITHOUT ROWID;

-- The shops that a campaign lists.
CREATE TABLE campaign_shop (
  platform    TEXT    NOT NULL,
  shop_id     TEXT    NOT NULL,
  campaign_id TEXT    NOT NULL REFERENCES campaign (campaign_id),
  listed_at   INTEGER NOT NULL,
  PRIMARY KEY (platform, shop_id, campaign_id),
  FOREIGN KEY (platform, shop_id) REFERENCES shop (platform, shop_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX campaign_shop_of_campaign ON campaign_shop (campaign_id, platform, shop_id);

-- What a category text stands for in one shop, or with an empty `shop_id` in all of a platform's.
CREATE TABLE shop_category (
  platform   TEXT    NOT NULL,
  shop_id    TEXT    NOT NULL,
  text       TEXT    NOT NULL CHECK (length(text) BETWEEN 1 AND 64),
  category   TEXT    NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (platform, shop_id, text)
) STRICT, WITHOUT ROWID;

-- The stops in force, and nothing else, so that what Authorize reads of it is short. The key of a
-- scope is a campaign, a region code, or a platform and a shop id as 'wepay/shop-1'.
CREATE TABLE redeeming_stop (
  organization TEXT    NOT NULL,
  scope        TEXT    NOT NULL CHECK (scope IN ('CAMPAIGN', 'REGION', 'SHOP')),
  scope_key    TEXT    NOT NULL,
  text_zh      TEXT    NOT NULL CHECK (length(text_zh) BETWEEN 1 AND 100),
  text_en      TEXT    NOT NULL CHECK (length(text_en) BETWEEN 1 AND 100),
  version      INTEGER NOT NULL CHECK (version > 0),
  stopped_by   TEXT    NOT NULL,
  stopped_at   INTEGER NOT NULL,
  PRIMARY KEY (organization, scope, scope_key)
) STRICT, WITHOUT ROWID;

-- Of shops only the stops of those that are asked about are read.
CREATE INDEX redeeming_stop_of_scope ON redeeming_stop (scope, scope_key);

-- Every stop, change of its texts and resumption that ever was; only ever added to.
CREATE TABLE redeeming_change (
  organization TEXT    NOT NULL,
  scope        TEXT    NOT NULL CHECK (scope IN ('CAMPAIGN', 'REGION', 'SHOP')),
  scope_key    TEXT    NOT NULL,
  version      INTEGER NOT NULL CHECK (version > 0),
  verb         TEXT    NOT NULL CHECK (verb IN ('STOP', 'RESUME')),
  text_zh      TEXT CHECK ((text_zh IS NOT NULL) = (verb = 'STOP')),
  text_en      TEXT CHECK ((text_en IS NOT NULL) = (verb = 'STOP')),
  changed_by   TEXT    NOT NULL,
  changed_at   INTEGER NOT NULL,
  PRIMARY KEY (organization, scope, scope_key, version)
) STRICT, WITHOUT ROWID;

-- Law A1 for the verbs on shops: what had an effect, and the number that it was answered with.
CREATE TABLE shop_request (
  caller      TEXT    NOT NULL,
  verb        TEXT    NOT NULL CHECK (verb IN ('PUT_SHOP', 'BLOCK_SHOP', 'UNBLOCK_SHOP',
                                             'PUT_TERMINAL', 'LIST', 'UNLIST', 'MAP_CATEGORIES',
                                             'STOP', 'RESUME')),
  request_id  TEXT    NOT NULL,
  fingerprint BLOB    NOT NULL CHECK (length(fingerprint) % 8 = 0),
  answer      INTEGER NOT NULL CHECK (answer >= 0),
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (request_id, caller, verb)
) STRICT, WITHOUT ROWID;

CREATE TABLE shop_import (
  import_id      TEXT    NOT NULL PRIMARY KEY,
  organization   TEXT    NOT NULL,
  platform       TEXT    NOT NULL,
  campaign_id    TEXT REFERENCES campaign (campaign_id),
  committed_line INTEGER NOT NULL CHECK (committed_line >= 0),
  added          INTEGER NOT NULL CHECK (added >= 0),
  changed        INTEGER NOT NULL CHECK (changed >= 0),
  unchanged      INTEGER NOT NULL CHECK (unchanged >= 0),
  listed         INTEGER NOT NULL CHECK (listed >= 0),
  bad            INTEGER NOT NULL CHECK (bad >= 0),
  updated_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The first bad rows of each import.
CREATE TABLE shop_import_problem (
  import_id   TEXT    NOT NULL REFERENCES shop_import (import_id),
  line        INTEGER NOT NULL CHECK (line > 0),
  column_name TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  PRIMARY KEY (import_id, line)
) STRICT, WITHOUT ROWID;

-- A service that does not know the stops would not stop.
UPDATE meta SET value = '5' WHERE key IN ('schema', 'min_reader');
