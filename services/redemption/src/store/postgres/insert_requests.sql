-- The answers $1 to $10 and, in the same round trip, the steps $11 to $15 that they tell of.
WITH taken AS (
  INSERT INTO new_event (shard, authorization_id, step, partner, kind, at)
  SELECT get_byte(k.authorization_id, 0), k.*
  FROM unnest($11::BYTEA[], $12::BIGINT[], $13::TEXT[], $14::TEXT[], $15::BIGINT[])
    AS k (authorization_id, step, partner, kind, at)
)
INSERT INTO request (partner, verb, request_id, fingerprint, outcome, reason, details, shard,
  authorization_id, created_at)
SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BYTEA[], $5::TEXT[], $6::TEXT[],
  $7::TEXT[], $8::INTEGER[], $9::BYTEA[], $10::BIGINT[])
