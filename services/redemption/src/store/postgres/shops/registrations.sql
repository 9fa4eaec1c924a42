SELECT 'SHOP' AS what, s.platform, s.shop_id, s.region_code AS name, s.state AS value,
  NULL::TEXT AS organization, NULL::TEXT AS text_zh, NULL::TEXT AS text_en,
  NULL::BIGINT AS version, NULL::TEXT AS stopped_by, NULL::BIGINT AS stopped_at
FROM unnest($1::TEXT[], $2::TEXT[]) AS k (platform, shop_id)
JOIN shop AS s ON s.platform = k.platform AND s.shop_id = k.shop_id
UNION ALL
SELECT 'LISTING', c.platform, c.shop_id, c.campaign_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM unnest($1::TEXT[], $2::TEXT[]) AS k (platform, shop_id)
JOIN campaign_shop AS c ON c.platform = k.platform AND c.shop_id = k.shop_id
UNION ALL
SELECT 'TERMINAL', t.platform, t.shop_id, t.terminal_id, t.state, NULL, NULL, NULL, NULL, NULL, NULL
FROM unnest($3::TEXT[], $4::TEXT[], $5::TEXT[]) AS k (platform, shop_id, terminal_id)
JOIN terminal AS t
  ON t.platform = k.platform AND t.shop_id = k.shop_id AND t.terminal_id = k.terminal_id
UNION ALL
SELECT 'CATEGORY', c.platform, c.shop_id, c.text, c.category, NULL, NULL, NULL, NULL, NULL, NULL
FROM unnest($6::TEXT[], $7::TEXT[], $8::TEXT[]) AS k (platform, shop_id, text)
JOIN shop_category AS c
  ON c.platform = k.platform AND c.shop_id = k.shop_id AND c.text = k.text
UNION ALL
SELECT 'STOP', NULL, NULL, r.scope, r.scope_key, r.organization, r.text_zh, r.text_en, r.version,
  r.stopped_by, r.stopped_at
FROM redeeming_stop AS r
WHERE r.scope <> 'SHOP' OR r.scope_key = ANY ($9::TEXT[])
