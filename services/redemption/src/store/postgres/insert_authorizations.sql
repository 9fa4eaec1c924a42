-- The authorizations $1 to $16 and, in the same round trip, their vouchers' parts $17 to $22.
WITH made AS (
  INSERT INTO "authorization" (shard, authorization_id, person_key, partner, order_number,
    authorize_request_id, order_amount_fen, discount_fen, created_at, expires_at, state,
    captured_at, captured_on, refunded_at, refunded_on, right_returned, closed_at)
  SELECT get_byte(k.authorization_id, 0), k.*
  FROM unnest($1::BYTEA[], $2::BYTEA[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[],
    $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::TEXT[], $11::BIGINT[], $12::TEXT[],
    $13::BIGINT[], $14::TEXT[], $15::BIGINT[], $16::BIGINT[])
    AS k (authorization_id, person_key, partner, order_number, authorize_request_id,
      order_amount_fen, discount_fen, created_at, expires_at, state, captured_at, captured_on,
      refunded_at, refunded_on, right_returned, closed_at)
)
INSERT INTO authorization_voucher (shard, authorization_id, position, voucher_id, campaign_id,
  discount_fen, line_discounts)
SELECT get_byte(k.authorization_id, 0), k.*
FROM unnest($17::BYTEA[], $18::BIGINT[], $19::BYTEA[], $20::TEXT[], $21::BIGINT[], $22::TEXT[])
  AS k (authorization_id, position, voucher_id, campaign_id, discount_fen, line_discounts)
