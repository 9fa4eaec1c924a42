-- Locks every voucher that a batch may change, in id order, and reads it as it is then: those of
-- the persons $1 that are not over at $2, at most $3 each; the named ones $4; those of the
-- authorizations $5, and of what the requests made whose partners are $6, verbs $7 and ids $8. What
-- an authorization has never changes, so that reading it before the lock is no matter.
SELECT w.voucher_id, w.person_key, w.campaign_id, w.state, w.held_by, w.uses_left, w.balance_left,
  w.spent_fen, w.returns, w.use_period, w.period_uses, w.valid_from, w.valid_until,
  w.closed
FROM (
  SELECT own.voucher_id
  FROM unnest($1::BYTEA[]) AS p (person_key) CROSS JOIN LATERAL (
    SELECT last.voucher_id FROM wallet_voucher AS last
    WHERE last.person_key = p.person_key AND last.valid_until > $2
    ORDER BY last.valid_until DESC, last.voucher_id DESC LIMIT $3) AS own
  UNION
  SELECT named.voucher_id FROM unnest($4::BYTEA[]) AS named (voucher_id)
  UNION
  SELECT v.voucher_id
  FROM unnest($5::BYTEA[]) AS a (authorization_id)
  JOIN authorization_voucher AS v
    ON v.authorization_id = a.authorization_id AND v.shard = get_byte(a.authorization_id, 0)
  UNION
  SELECT v.voucher_id
  FROM unnest($6::TEXT[], $7::TEXT[], $8::TEXT[]) AS n (partner, verb, request_id)
  JOIN request AS r ON r.request_id = n.request_id AND r.partner = n.partner AND r.verb = n.verb
  JOIN authorization_voucher AS v
    ON v.authorization_id = r.authorization_id AND v.shard = r.shard
) AS k
JOIN wallet_voucher AS w ON w.voucher_id = k.voucher_id AND w.shard = get_byte(k.voucher_id, 0)
ORDER BY w.voucher_id
FOR UPDATE OF w
