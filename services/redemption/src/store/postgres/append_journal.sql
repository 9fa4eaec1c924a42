-- The transactions $1 to $13 and, in the same round trip, their entries $14 to $17.
WITH booked AS (
  INSERT INTO journal (shard, transaction_id, authorization_id, voucher_id, kind, part, partner,
    order_number, shop_id, campaign_id, organization, business_day, created_at, late_of)
  SELECT get_byte(k.transaction_id, 0), k.*
  FROM unnest($1::BYTEA[], $2::BYTEA[], $3::BYTEA[], $4::TEXT[], $5::BIGINT[], $6::TEXT[],
    $7::TEXT[], $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::TEXT[], $12::BIGINT[], $13::TEXT[])
    AS k (transaction_id, authorization_id, voucher_id, kind, part, partner, order_number, shop_id,
      campaign_id, organization, business_day, created_at, late_of)
)
INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
SELECT get_byte(k.transaction_id, 0), k.*
FROM unnest($14::BYTEA[], $15::BIGINT[], $16::TEXT[], $17::BIGINT[])
  AS k (transaction_id, position, account, amount_fen)
