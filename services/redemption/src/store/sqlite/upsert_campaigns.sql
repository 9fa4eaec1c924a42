-- The campaigns ?1, rows in three groups of columns.
INSERT INTO campaign (campaign_id, organization, policy_id, state, kind, threshold_fen, amount_fen,
  percent, uses_total, uses_per_period, use_period, goods_categories, excluded_categories, regions,
  shops, hours, combines, stack_group, sequence, own_funder_only, order_cap_percent,
  rechecks_membership, refund_rule, grace_days, returns_max, zone, title_zh, title_en, position)
SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]', value ->> '$[0][3]',
  value ->> '$[0][4]', value ->> '$[0][5]', value ->> '$[0][6]', value ->> '$[0][7]',
  value ->> '$[0][8]', value ->> '$[0][9]', value ->> '$[1][0]', value ->> '$[1][1]',
  value ->> '$[1][2]', value ->> '$[1][3]', value ->> '$[1][4]', value ->> '$[1][5]',
  value ->> '$[1][6]', value ->> '$[1][7]', value ->> '$[1][8]', value ->> '$[1][9]',
  value ->> '$[2][0]', value ->> '$[2][1]', value ->> '$[2][2]', value ->> '$[2][3]',
  value ->> '$[2][4]', value ->> '$[2][5]', value ->> '$[2][6]', value ->> '$[2][7]',
  value ->> '$[2][8]'
FROM json_each(?1) WHERE true
ON CONFLICT (campaign_id) DO UPDATE SET organization = excluded.organization,
  policy_id = excluded.policy_id, state = excluded.state, kind = excluded.kind,
  threshold_fen = excluded.threshold_fen, amount_fen = excluded.amount_fen,
  percent = excluded.percent, uses_total = excluded.uses_total,
  uses_per_period = excluded.uses_per_period, use_period = excluded.use_period,
  goods_categories = excluded.goods_categories, excluded_categories = excluded.excluded_categories,
  regions = excluded.regions, shops = excluded.shops, hours = excluded.hours,
  combines = excluded.combines, stack_group = excluded.stack_group, sequence = excluded.sequence,
  own_funder_only = excluded.own_funder_only, order_cap_percent = excluded.order_cap_percent,
  rechecks_membership = excluded.rechecks_membership, refund_rule = excluded.refund_rule,
  grace_days = excluded.grace_days, returns_max = excluded.returns_max, zone = excluded.zone,
  title_zh = excluded.title_zh, title_en = excluded.title_en, position = excluded.position
WHERE excluded.position > campaign.position
