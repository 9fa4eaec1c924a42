-- The transactions $1 to $12 and, in the same round trip, their entries $13 to $16.
WITH booked AS (
  INSERT INTO journal (shard, transaction_id, authorization_id, voucher_id, kind, part, partner,
    order_number, campaign_id, organization, business_day, created_at, late_of)
  SELECT get_byte(k.transaction_id, 0), k.*
  FROM unnest($1::BYTEA[], $2::BYTEA[], $3::BYTEA[], $4::TEXT[], $5::BIGINT[], $6::TEXT[],
    $7::TEXT[], $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::BIGINT[], $12::TEXT[])
    AS k (transaction_id, authorization_id, voucher_id, kind, part, partner, order_number,
      campaign_id, organization, business_day, created_at, late_of)
)
INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
SELECT get_byte(k.transaction_id, 0), k.*
FROM unnest($13::BYTEA[], $14::BIGINT[], $15::TEXT[], $16::BIGINT[])
  AS k (transaction_id, position, account, amount_fen)
