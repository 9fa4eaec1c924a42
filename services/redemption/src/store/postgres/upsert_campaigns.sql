INSERT INTO campaign (campaign_id, organization, policy_id, state, kind, threshold_fen, amount_fen,
  percent, uses_total, uses_per_period, use_period, goods_categories, excluded_categories, regions,
  shops, hours, combines, stack_group, sequence, own_funder_only, order_cap_percent,
  rechecks_membership, refund_rule, grace_days, returns_max, zone, title_zh, title_en, position)
SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[],
  $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::TEXT[], $12::TEXT[], $13::TEXT[],
  $14::TEXT[], $15::TEXT[], $16::TEXT[], $17::BIGINT[], $18::TEXT[], $19::BIGINT[], $20::BIGINT[],
  $21::BIGINT[], $22::BIGINT[], $23::TEXT[], $24::BIGINT[], $25::BIGINT[], $26::TEXT[], $27::TEXT[],
  $28::TEXT[], $29::BIGINT[])
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
