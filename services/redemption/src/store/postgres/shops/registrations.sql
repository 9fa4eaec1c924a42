-- Each part is looked up by its key, whatever the planner believes of the tables' sizes: while a
-- file of shops comes in it would else join by reading all that is there already, batch after
-- batch.
SELECT 'SHOP' AS what, s.platform, s.shop_id, s.region_code AS name, s.state AS value,
  s.organization, NULL::TEXT AS text_zh, NULL::TEXT AS text_en,
  NULL::BIGINT AS version, NULL::TEXT AS stopped_by, NULL::BIGINT AS stopped_at
FROM unnest($1::TEXT[], $2::TEXT[]) AS k (platform, shop_id) CROSS JOIN LATERAL (
  SELECT * FROM shop WHERE shop.platform = k.platform AND shop.shop_id = k.shop_id LIMIT 1) AS s
UNION ALL
SELECT 'LISTING', c.platform, c.shop_id, c.campaign_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM unnest($1::TEXT[], $2::TEXT[]) AS k (platform, shop_id) CROSS JOIN LATERAL (
  SELECT * FROM campaign_shop AS l
  WHERE l.platform = k.platform AND l.shop_id = k.shop_id OFFSET 0) AS c
UNION ALL
SELECT 'TERMINAL', t.platform, t.shop_id, t.terminal_id, t.state, NULL, NULL, NULL, NULL, NULL, NULL
FROM unnest($3::TEXT[], $4::TEXT[], $5::TEXT[]) AS k (platform, shop_id, terminal_id)
CROSS JOIN LATERAL (
  SELECT * FROM terminal AS own WHERE own.platform = k.platform AND own.shop_id = k.shop_id
    AND own.terminal_id = k.terminal_id LIMIT 1) AS t
UNION ALL
SELECT 'CATEGORY', c.platform, c.shop_id, c.text, c.category, NULL, NULL, NULL, NULL, NULL, NULL
FROM unnest($6::TEXT[], $7::TEXT[], $8::TEXT[]) AS k (platform, shop_id, text)
CROSS JOIN LATERAL (
  SELECT * FROM shop_category AS own WHERE own.platform = k.platform AND own.shop_id = k.shop_id
    AND own.text = k.text LIMIT 1) AS c
UNION ALL
SELECT 'STOP', NULL, NULL, r.scope, r.scope_key, r.organization, r.text_zh, r.text_en, r.version,
  r.stopped_by, r.stopped_at
FROM redeeming_stop AS r
WHERE r.scope IN ('CAMPAIGN', 'REGION')
UNION ALL
SELECT 'STOP', NULL, NULL, r.scope, r.scope_key, r.organization, r.text_zh, r.text_en, r.version,
  r.stopped_by, r.stopped_at
FROM unnest($9::TEXT[]) AS k (scope_key) CROSS JOIN LATERAL (
  SELECT * FROM redeeming_stop AS own
  WHERE own.scope = 'SHOP' AND own.scope_key = k.scope_key OFFSET 0) AS r
