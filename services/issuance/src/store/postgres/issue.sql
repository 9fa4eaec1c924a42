-- What a batch of claims leaves behind, in one round trip: limit rows $1 to $3 and request rows $1,
-- $3 to $7 by person, vouchers $8 to $12 by serial, their feed positions $13, and the stock's counters,
-- moved from what was read under the lock. Nothing is updated when they are not that any more.
--
-- Limit and request rows are the only ones that batches of two stocks can both want: at midnight,
-- when a limit spans them. Every batch runs this one statement, so that all go through the tables in
-- one order, and through the rows of persons in theirs.
WITH limits AS (
  INSERT INTO person_limit (person_key, slice, limit_id, period, n, voucher_id)
  SELECT person_key, $14, $15, $16, n, voucher_id
  FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) AS won (person_key, n, voucher_id)
), requests AS (
  INSERT INTO claim_request (person_key, slice, campaign_id, caller, request_id, shard, member_id,
    voucher_id)
  SELECT person_key, $14, $17, caller, request_id, shard, member_id, voucher_id
  FROM unnest($1::bytea[], $3::bytea[], $4::text[], $5::text[], $6::smallint[], $7::bytea[])
    AS won (person_key, voucher_id, caller, request_id, shard, member_id)
), vouchers AS (
  INSERT INTO voucher (slice, voucher_id, shard, person_key, member_id, campaign_id, period, serial,
    valid_from, valid_until, liability_fen, issued_at, state, version)
  SELECT $14, voucher_id, shard, person_key, member_id, $17, $18, serial, $19, $20, $21, $22,
    'ISSUED', $23
  FROM unnest($8::bytea[], $9::smallint[], $10::bytea[], $11::bytea[], $12::bigint[])
    AS won (voucher_id, shard, person_key, member_id, serial)
), entries AS (
  INSERT INTO feed (campaign_id, period, slice, position, voucher_id, kind)
  SELECT $17, $18, $14, position, voucher_id, 'ISSUED'
  FROM unnest($13::bigint[], $8::bytea[]) AS won (position, voucher_id)
)
UPDATE stock SET issued = $24, feed_head = $25
WHERE campaign_id = $17 AND period = $18 AND slice = $14
  AND issued = $26 AND feed_head = $27 AND state = 'OPEN'
