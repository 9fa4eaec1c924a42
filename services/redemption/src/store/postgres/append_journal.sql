-- The transactions $1 to $14 and, in the same round trip, their entries $15 to $18.
WITH booked AS (
  INSERT INTO journal (shard, transaction_id, authorization_id, voucher_id, kind, part, partner,
    order_number, campaign_id, organization, business_day, created_at, late_of, shop_id, chain)
  SELECT get_byte(k.transaction_id, 0), k.*
  FROM unnest($1::BYTEA[], $2::BYTEA[], $3::BYTEA[], $4::TEXT[], $5::BIGINT[], $6::TEXT[],
    $7::TEXT[], $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::BIGINT[], $12::TEXT[], $13::TEXT[],
    $14::TEXT[])
    AS k (transaction_id, authorization_id, voucher_id, kind, part, partner, order_number,
      campaign_id, organization, business_day, created_at, late_of, shop_id, chain)
)
INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
SELECT get_byte(k.transaction_id, 0), k.*
FROM unnest($15::BYTEA[], $16::BIGINT[], $17::TEXT[], $18::BIGINT[])
  AS k (transaction_id, position, account, amount_fen)
