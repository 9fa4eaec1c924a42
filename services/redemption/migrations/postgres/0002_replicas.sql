-- A void of an Authorize that has not arrived answers that request in advance: it is a row of
-- `request` with an empty fingerprint, so that the key on request ids keeps the two apart on
-- several replicas (law R3). The fingerprint is filled in when the request arrives.
INSERT INTO request (partner, verb, request_id, fingerprint, outcome, reason, details, shard,
  authorization_id, created_at)
SELECT partner, 'AUTHORIZE', authorize_request_id, ''::BYTEA, 'REFUSED', 'VOIDED_BEFORE_AUTHORIZE',
  '[]', 0, NULL, created_at
FROM void_mark
ON CONFLICT (partner, verb, request_id) DO NOTHING;

DROP TABLE void_mark;

-- A checkout looks at the vouchers that are not over, however many a person has had.
DROP INDEX wallet_voucher_of_person;

CREATE INDEX wallet_voucher_of_person ON wallet_voucher (person_key, valid_until, voucher_id);

-- The first service does not know the marks in `request`.
UPDATE meta SET value = '2' WHERE key IN ('schema', 'min_reader');
