INSERT INTO campaign (campaign_id, organization, state, kind, threshold_fen, amount_fen,
  goods_categories, regions, hours, refund_rule, zone, title_zh, title_en, position)
SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[], $6::BIGINT[],
  $7::TEXT[], $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[],
  $14::BIGINT[])
ON CONFLICT (campaign_id) DO UPDATE SET organization = excluded.organization,
  state = excluded.state, kind = excluded.kind, threshold_fen = excluded.threshold_fen,
  amount_fen = excluded.amount_fen, goods_categories = excluded.goods_categories,
  regions = excluded.regions, hours = excluded.hours, refund_rule = excluded.refund_rule,
  zone = excluded.zone, title_zh = excluded.title_zh, title_en = excluded.title_en,
  position = excluded.position
WHERE excluded.position > campaign.position
