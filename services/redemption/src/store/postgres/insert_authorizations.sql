-- The authorizations $1 to $20 and, in the same round trip, their vouchers' parts $21 to $27.
WITH made AS (
  INSERT INTO "authorization" (shard, authorization_id, person_key, partner, order_number,
    authorize_request_id, order_amount_fen, discount_fen, created_at, expires_at, line_amounts,
    shop_id, state, captured_at, captured_on, refunded_at, refunded_on, closed_at, captured_amounts,
    chain, refunds)
  SELECT get_byte(k.authorization_id, 0), k.*
  FROM unnest($1::BYTEA[], $2::BYTEA[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[],
    $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::BIGINT[],
    $14::TEXT[], $15::BIGINT[], $16::TEXT[], $17::BIGINT[], $18::TEXT[], $19::TEXT[], $20::BIGINT[])
    AS k (authorization_id, person_key, partner, order_number, authorize_request_id,
      order_amount_fen, discount_fen, created_at, expires_at, line_amounts, shop_id, state,
      captured_at, captured_on, refunded_at, refunded_on, closed_at, captured_amounts, chain,
      refunds)
)
INSERT INTO authorization_voucher (shard, authorization_id, position, voucher_id, campaign_id,
  organization, discount_fen, line_discounts)
SELECT get_byte(k.authorization_id, 0), k.*
FROM unnest($21::BYTEA[], $22::BIGINT[], $23::BYTEA[], $24::TEXT[], $25::TEXT[], $26::BIGINT[],
  $27::TEXT[])
  AS k (authorization_id, position, voucher_id, campaign_id, organization, discount_fen,
    line_discounts)
