-- Cards, linked accounts, and what partners are granted. Nothing here holds the number of a card or
-- the id of an account in the clear.

-- A member's card. Its number is sealed under the person's data key.
CREATE TABLE card (
    shard         INTEGER          NOT NULL CHECK (shard BETWEEN 0 AND 255),
    card_id       BYTEA            NOT NULL CHECK (octet_length(card_id) = 16),
    member_id     BYTEA            NOT NULL CHECK (octet_length(member_id) = 16),
    number_enc    BYTEA            NOT NULL,
    state         TEXT COLLATE "C" NOT NULL
                  CHECK (state IN ('ACTIVE', 'LOST', 'REPLACED', 'REVOKED')),
    states_honour INTEGER          NOT NULL CHECK (states_honour IN (0, 1)),
    version       BIGINT           NOT NULL CHECK (version >= 1),
    blocked_at    BIGINT           CHECK ((blocked_at IS NULL) = (state = 'ACTIVE')),
    issued_at     BIGINT           NOT NULL,
    updated_at    BIGINT           NOT NULL,
    PRIMARY KEY (shard, card_id),
    FOREIGN KEY (shard, member_id) REFERENCES member (shard, member_id)
);

-- A member has at most one card that may be used or found again.
CREATE UNIQUE INDEX card_one_held ON card (shard, member_id) WHERE state IN ('ACTIVE', 'LOST');
CREATE INDEX card_by_member ON card (shard, member_id, card_id);
-- What the revocation list is made of: cards that were blocked lately, and members who were
-- suspended lately.
CREATE INDEX card_by_block ON card (blocked_at) WHERE blocked_at IS NOT NULL;
CREATE INDEX member_suspended ON member (updated_at) WHERE state = 'SUSPENDED';

-- A partner's user that a member is linked with. The id of the account is sealed under the person's
-- data key; `consent` is the nonce of the card code that the member showed.
CREATE TABLE linked_account (
    shard       INTEGER          NOT NULL CHECK (shard BETWEEN 0 AND 255),
    link_id     BYTEA            NOT NULL CHECK (octet_length(link_id) = 16),
    member_id   BYTEA            NOT NULL CHECK (octet_length(member_id) = 16),
    partner     TEXT COLLATE "C" NOT NULL,
    account_enc BYTEA            NOT NULL,
    consent     BYTEA            NOT NULL CHECK (octet_length(consent) = 8),
    linked_at   BIGINT           NOT NULL,
    unlinked_at BIGINT,
    PRIMARY KEY (shard, link_id),
    FOREIGN KEY (shard, member_id) REFERENCES member (shard, member_id)
);

CREATE INDEX linked_account_by_member ON linked_account (shard, member_id, link_id);

-- Look-up table: what a member is found by besides the id and the identity number: the id of a card,
-- the keyed digest of its number, the keyed digest of a partner's account. `owner` is the card or
-- the link. Changes carry the version of the member's shard, as `member` does.
CREATE TABLE handle (
    handle        BYTEA            NOT NULL CHECK (octet_length(handle) = 16),
    kind          TEXT COLLATE "C" NOT NULL CHECK (kind IN ('card', 'card_number', 'account')),
    index_version INTEGER          NOT NULL,
    shard         INTEGER          NOT NULL CHECK (shard BETWEEN 0 AND 255),
    member_id     BYTEA            NOT NULL CHECK (octet_length(member_id) = 16),
    owner         BYTEA            NOT NULL CHECK (octet_length(owner) = 16),
    is_live       INTEGER          NOT NULL CHECK (is_live IN (0, 1)),
    version       BIGINT           NOT NULL CHECK (version >= 1),
    shard_version BIGINT           NOT NULL CHECK (shard_version >= 1),
    PRIMARY KEY (handle)
);

CREATE INDEX handle_by_change ON handle (shard, shard_version, handle);
CREATE INDEX handle_by_owner ON handle (shard, owner);

-- Codes that were verified on line, until they end: each is good for one terminal.
CREATE TABLE code_use (
    shard      INTEGER          NOT NULL CHECK (shard BETWEEN 0 AND 255),
    card_id    BYTEA            NOT NULL CHECK (octet_length(card_id) = 16),
    nonce      BYTEA            NOT NULL CHECK (octet_length(nonce) = 8),
    caller     TEXT COLLATE "C" NOT NULL,
    terminal   TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT           NOT NULL,
    PRIMARY KEY (shard, card_id, nonce)
);

CREATE INDEX code_use_by_end ON code_use (expires_at);

-- What partners may ask of whom, and what they are told; lists are joined by `;`.
CREATE TABLE partner_grant (
    partner       TEXT COLLATE "C" NOT NULL,
    purpose       TEXT COLLATE "C" NOT NULL,
    organization  TEXT COLLATE "C" NOT NULL REFERENCES organization (path),
    reference_set TEXT COLLATE "C" NOT NULL,
    claim_set     TEXT COLLATE "C" NOT NULL,
    grant_version BIGINT           NOT NULL CHECK (grant_version >= 1),
    updated_at    BIGINT           NOT NULL,
    PRIMARY KEY (partner, purpose, organization)
);

CREATE INDEX partner_grant_by_change ON partner_grant (grant_version);

-- Advanced in the transaction of every change of a grant, as `policy_version` is.
CREATE TABLE grant_version (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version  BIGINT  NOT NULL CHECK (version >= 0)
) WITH (fillfactor = 10);

INSERT INTO grant_version (only_row, version) VALUES (1, 0);

-- Law A1 for the verbs of cards: `target` is what the request named, `card_id` the card of the
-- answer, which has had the verb's state since `updated_at`.
CREATE TABLE card_request (
    caller        TEXT COLLATE "C" NOT NULL,
    verb          TEXT COLLATE "C" NOT NULL
                  CHECK (verb IN ('ISSUE', 'REPORT_LOST', 'REISSUE', 'REVOKE')),
    request_id    TEXT COLLATE "C" NOT NULL,
    target        BYTEA            NOT NULL CHECK (octet_length(target) = 16),
    states_honour INTEGER          NOT NULL CHECK (states_honour IN (0, 1)),
    card_id       BYTEA            NOT NULL CHECK (octet_length(card_id) = 16),
    updated_at    BIGINT           NOT NULL,
    created_at    BIGINT           NOT NULL,
    PRIMARY KEY (caller, verb, request_id)
);

-- Law A1 for the verbs of accounts: `account` is the keyed digest of what was named, or the link, `card_id` the
-- card whose code was shown.
CREATE TABLE account_request (
    caller        TEXT COLLATE "C" NOT NULL,
    verb          TEXT COLLATE "C" NOT NULL CHECK (verb IN ('LINK', 'UNLINK', 'WITHDRAW')),
    request_id    TEXT COLLATE "C" NOT NULL,
    account       BYTEA            NOT NULL CHECK (octet_length(account) = 16),
    index_version INTEGER          NOT NULL,
    card_id       BYTEA            CHECK (octet_length(card_id) = 16),
    answered_at   BIGINT           NOT NULL,
    PRIMARY KEY (caller, verb, request_id)
);
