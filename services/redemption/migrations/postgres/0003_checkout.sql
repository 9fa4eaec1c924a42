-- Terms of every kind, several vouchers an order, portions, and refunds in parts.

-- `amount_fen` is the most that a voucher takes off at once (the whole of a balance, nothing for a
-- service), `percent` is of PERCENT_OFF alone. What is absent is '' or 0.
ALTER TABLE campaign
  DROP CONSTRAINT campaign_kind_check,
  DROP CONSTRAINT campaign_check,
  DROP CONSTRAINT campaign_amount_fen_check,
  DROP CONSTRAINT campaign_refund_rule_check,
  ADD COLUMN policy_id           TEXT COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN percent             BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN uses_total          BIGINT NOT NULL DEFAULT 1 CHECK (uses_total > 0),
  ADD COLUMN uses_per_period     BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN use_period          TEXT COLLATE "C" NOT NULL DEFAULT ''
    CHECK (use_period IN ('', 'day', 'month', 'year')),
  ADD COLUMN excluded_categories TEXT COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN shops               TEXT COLLATE "C" NOT NULL DEFAULT 'ANY'
    CHECK (shops IN ('ANY', 'LISTED')),
  ADD COLUMN combines            BIGINT NOT NULL DEFAULT 0 CHECK (combines IN (0, 1)),
  ADD COLUMN stack_group         TEXT COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN sequence            BIGINT NOT NULL DEFAULT 0 CHECK (sequence BETWEEN 0 AND 255),
  ADD COLUMN own_funder_only     BIGINT NOT NULL DEFAULT 0 CHECK (own_funder_only IN (0, 1)),
  ADD COLUMN order_cap_percent   BIGINT NOT NULL DEFAULT 0
    CHECK (order_cap_percent BETWEEN 0 AND 100),
  ADD COLUMN rechecks_membership BIGINT NOT NULL DEFAULT 0 CHECK (rechecks_membership IN (0, 1)),
  ADD COLUMN grace_days          BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN returns_max         BIGINT NOT NULL DEFAULT 100
    CHECK (returns_max BETWEEN 0 AND 100),
  ADD CONSTRAINT campaign_kind_check
    CHECK (kind IN ('AMOUNT_OFF', 'PERCENT_OFF', 'WAIVER', 'BALANCE', 'SERVICE')),
  ADD CONSTRAINT campaign_threshold_fen_check CHECK (threshold_fen >= 0),
  ADD CONSTRAINT campaign_amount_fen_check CHECK ((amount_fen > 0) = (kind <> 'SERVICE')),
  ADD CONSTRAINT campaign_percent_check
    CHECK (percent BETWEEN 0 AND 100 AND (percent > 0) = (kind = 'PERCENT_OFF')),
  ADD CONSTRAINT campaign_uses_per_period_check
    CHECK (uses_per_period BETWEEN 0 AND uses_total AND (use_period = '') = (uses_per_period = 0)),
  ADD CONSTRAINT campaign_refund_rule_check
    CHECK (refund_rule IN ('RIGHT_IS_SPENT', 'RIGHT_RETURNS', 'RIGHT_RETURNS_WITH_GRACE')),
  ADD CONSTRAINT campaign_grace_days_check
    CHECK (grace_days BETWEEN 0 AND 366
           AND (grace_days > 0) = (refund_rule = 'RIGHT_RETURNS_WITH_GRACE'));

-- A balance has `uses_left` 1 until nothing of it is left. `period_uses` uses count in
-- `use_period`, the last period in which it was used.
ALTER TABLE wallet_voucher
  ADD COLUMN balance_left BIGINT
    CHECK (balance_left IS NULL OR (balance_left >= 0 AND (balance_left = 0) = (uses_left = 0))),
  ADD COLUMN returns      BIGINT NOT NULL DEFAULT 0 CHECK (returns >= 0),
  ADD COLUMN use_period   TEXT COLLATE "C",
  ADD COLUMN period_uses  BIGINT
    CHECK ((period_uses IS NULL) = (use_period IS NULL) AND period_uses >= 0);

UPDATE wallet_voucher AS w SET returns = r.returns
FROM (SELECT v.shard, v.voucher_id, count(*) AS returns
      FROM authorization_voucher AS v JOIN "authorization" AS a
        ON a.authorization_id = v.authorization_id AND a.shard = v.shard
      WHERE a.right_returned = 1 GROUP BY v.shard, v.voucher_id) AS r
WHERE w.voucher_id = r.voucher_id AND w.shard = r.shard;

-- What was authorized before has no lines. `captured_amounts` is what was captured of
-- each line; null when that was all of it. `refunds` counts the rows of `refund`.
ALTER TABLE "authorization"
  ADD COLUMN line_amounts     TEXT COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN captured_amounts TEXT COLLATE "C"
    CHECK (captured_amounts IS NULL OR captured_at IS NOT NULL),
  ADD COLUMN refunds          BIGINT NOT NULL DEFAULT 0
    CHECK (refunds BETWEEN 0 AND 50 AND (refunds = 0 OR captured_at IS NOT NULL));

UPDATE "authorization" SET refunds = 1 WHERE state = 'REFUNDED';

-- The organization pays for what was authorized, whatever becomes of the campaign.
ALTER TABLE authorization_voucher ADD COLUMN organization TEXT COLLATE "C" NOT NULL DEFAULT '';

UPDATE authorization_voucher AS v SET organization = c.organization
FROM campaign AS c WHERE c.campaign_id = v.campaign_id;

-- Law R2. `returned_amounts` is what was returned of each line; null when that was all that was
-- left. `returned_vouchers` lists the vouchers whose right came back, by their positions.
CREATE TABLE refund (
  shard             INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
  authorization_id  BYTEA   NOT NULL,
  part              BIGINT  NOT NULL CHECK (part BETWEEN 1 AND 50),
  request_id        TEXT COLLATE "C" NOT NULL,
  returned_amounts  TEXT COLLATE "C",
  returned_vouchers TEXT COLLATE "C" NOT NULL,
  refunded_at       BIGINT  NOT NULL,
  refunded_on       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (authorization_id, part, shard)
);

INSERT INTO refund (shard, authorization_id, part, request_id, returned_amounts,
  returned_vouchers, refunded_at, refunded_on)
SELECT a.shard, a.authorization_id, 1, r.request_id, NULL,
  CASE a.right_returned WHEN 1 THEN '0' ELSE '' END, a.refunded_at, a.refunded_on
FROM request AS r JOIN "authorization" AS a
  ON a.authorization_id = r.authorization_id AND a.shard = r.shard
WHERE r.verb = 'REFUND' AND r.outcome = 'OK';

-- One transaction a voucher and refund.
ALTER TABLE journal ADD COLUMN part BIGINT NOT NULL DEFAULT 0;

UPDATE journal SET part = 1 WHERE kind = 'REFUND';

ALTER TABLE journal
  DROP CONSTRAINT journal_authorization_id_voucher_id_kind_shard_key,
  ADD CHECK (part BETWEEN 0 AND 50 AND (part = 0) = (kind = 'CAPTURE')),
  ADD UNIQUE (authorization_id, voucher_id, kind, part, shard);

-- Whether a right came back is what the refunds say.
ALTER TABLE "authorization" DROP COLUMN right_returned;

-- The service before takes a part of an order for the whole of it.
UPDATE meta SET value = '3' WHERE key IN ('schema', 'min_reader');
