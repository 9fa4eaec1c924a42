-- Locks every voucher that a batch may change, in id order, and reads it as it is then: those of
-- the persons $1 that are not over at $2, at most $3 each; the named ones $4; those of the
-- authorizations $5, and of what the Authorize requests $7 of the partners $6 made. What an
-- authorization has never changes, so that reading it before the lock is no matter.
SELECT w.voucher_id, w.person_key, w.campaign_id, w.state, w.held_by, w.uses_left, w.valid_from,
  w.valid_until
FROM wallet_voucher AS w
WHERE w.voucher_id = ANY (ARRAY(
  SELECT own.voucher_id
  FROM unnest($1::BYTEA[]) AS k (person_key) CROSS JOIN LATERAL (
    SELECT newest.voucher_id FROM wallet_voucher AS newest
    WHERE newest.person_key = k.person_key AND newest.valid_until > $2
    ORDER BY newest.voucher_id DESC LIMIT $3) AS own
  UNION ALL
  SELECT k.voucher_id FROM unnest($4::BYTEA[]) AS k (voucher_id)
  UNION ALL
  SELECT v.voucher_id
  FROM unnest($5::BYTEA[]) AS k (authorization_id)
  JOIN authorization_voucher AS v ON v.authorization_id = k.authorization_id
  UNION ALL
  SELECT v.voucher_id
  FROM unnest($6::TEXT[], $7::TEXT[]) AS k (partner, request_id)
  JOIN request AS r ON r.request_id = k.request_id AND r.partner = k.partner AND r.verb = 'AUTHORIZE'
  JOIN authorization_voucher AS v ON v.authorization_id = r.authorization_id))
ORDER BY w.voucher_id
FOR UPDATE
