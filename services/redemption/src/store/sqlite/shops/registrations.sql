SELECT 'SHOP' AS what, s.platform, s.shop_id, s.region_code AS name, s.state AS value,
  s.organization, NULL AS text_zh, NULL AS text_en, NULL AS version, NULL AS stopped_by,
  NULL AS stopped_at
FROM json_each(?1) AS k CROSS JOIN shop AS s
WHERE s.platform = k.value ->> 0 AND s.shop_id = k.value ->> 1
UNION ALL
SELECT 'LISTING', c.platform, c.shop_id, c.campaign_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM json_each(?1) AS k CROSS JOIN campaign_shop AS c
WHERE c.platform = k.value ->> 0 AND c.shop_id = k.value ->> 1
UNION ALL
SELECT 'TERMINAL', t.platform, t.shop_id, t.terminal_id, t.state, NULL, NULL, NULL, NULL, NULL, NULL
FROM json_each(?2) AS k CROSS JOIN terminal AS t
WHERE t.platform = k.value ->> 0 AND t.shop_id = k.value ->> 1 AND t.terminal_id = k.value ->> 2
UNION ALL
SELECT 'CATEGORY', c.platform, c.shop_id, c.text, c.category, NULL, NULL, NULL, NULL, NULL, NULL
FROM json_each(?3) AS k CROSS JOIN shop_category AS c
WHERE c.platform = k.value ->> 0 AND c.shop_id = k.value ->> 1 AND c.text = k.value ->> 2
UNION ALL
SELECT 'STOP', NULL, NULL, r.scope, r.scope_key, r.organization, r.text_zh, r.text_en, r.version,
  r.stopped_by, r.stopped_at
FROM redeeming_stop AS r
WHERE r.scope IN ('CAMPAIGN', 'REGION')
UNION ALL
SELECT 'STOP', NULL, NULL, r.scope, r.scope_key, r.organization, r.text_zh, r.text_en, r.version,
  r.stopped_by, r.stopped_at
FROM json_each(?4) AS k CROSS JOIN redeeming_stop AS r
WHERE r.scope = 'SHOP' AND r.scope_key = k.value
