-- The authorizations $1 to $18 and, in the same round trip, their vouchers' parts $19 to $25.
WITH made AS (
  INSERT INTO "authorization" (shard, authorization_id, person_key, partner, order_number,
    authorize_request_id, order_amount_fen, discount_fen, created_at, expires_at, line_amounts,
    state, captured_at, captured_on, refunded_at, refunded_on, closed_at, captured_amounts, refunds)
  SELECT get_byte(k.authorization_id, 0), k.*
  FROM unnest($1::BYTEA[], $2::BYTEA[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[],
    $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::TEXT[], $11::TEXT[], $12::BIGINT[], $13::TEXT[],
    $14::BIGINT[], $15::TEXT[], $16::BIGINT[], $17::TEXT[], $18::BIGINT[])
    AS k (authorization_id, person_key, partner, order_number, authorize_request_id,
      order_amount_fen, discount_fen, created_at, expires_at, line_amounts, state, captured_at,
      captured_on, refunded_at, refunded_on, closed_at, captured_amounts, refunds)
)
INSERT INTO authorization_voucher (shard, authorization_id, position, voucher_id, campaign_id,
  organization, discount_fen, line_discounts)
SELECT get_byte(k.authorization_id, 0), k.*
FROM unnest($19::BYTEA[], $20::BIGINT[], $21::BYTEA[], $22::TEXT[], $23::TEXT[], $24::BIGINT[],
  $25::TEXT[])
  AS k (authorization_id, position, voucher_id, campaign_id, organization, discount_fen,
    line_discounts)
