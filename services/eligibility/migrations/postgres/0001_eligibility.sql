-- The real-name registry. Times are microseconds UTC; ids and ciphertexts are BYTEA; text compares
-- by its bytes (COLLATE "C"). Nothing here holds an identity number, a phone or a name in the clear.

CREATE TABLE meta (
    key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

-- The oldest version of the service's schema knowledge that may read this database.
INSERT INTO meta (key, value) VALUES ('min_reader', '1');

CREATE TABLE organization (
    path        TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(path) BETWEEN 1 AND 197),
    region_code TEXT COLLATE "C" NOT NULL CHECK (length(region_code) = 6),
    name        TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT           NOT NULL
);

-- A natural person: a random key that stands for them, and their data key, wrapped by the key ring.
CREATE TABLE person (
    shard       INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
    person_key  BYTEA   NOT NULL CHECK (octet_length(person_key) = 16),
    wrapped_key BYTEA   NOT NULL,
    key_version INTEGER NOT NULL,
    created_at  BIGINT  NOT NULL,
    PRIMARY KEY (shard, person_key)
);

-- Look-up table: keyed digests of identity numbers and phones. Several persons may share a phone.
CREATE TABLE blind_index (
    blind         BYTEA            NOT NULL CHECK (octet_length(blind) = 16),
    kind          TEXT COLLATE "C" NOT NULL CHECK (kind IN ('id_number', 'phone')),
    index_version INTEGER          NOT NULL,
    shard         INTEGER          NOT NULL CHECK (shard BETWEEN 0 AND 255),
    person_key    BYTEA            NOT NULL CHECK (octet_length(person_key) = 16),
    PRIMARY KEY (blind, kind, index_version, person_key)
);

-- An identity number is one person's.
CREATE UNIQUE INDEX blind_index_one_person
    ON blind_index (blind, index_version) WHERE kind = 'id_number';
CREATE INDEX blind_index_by_person ON blind_index (shard, person_key, kind);

CREATE TABLE member (
    shard         INTEGER          NOT NULL CHECK (shard BETWEEN 0 AND 255),
    member_id     BYTEA            NOT NULL CHECK (octet_length(member_id) = 16),
    person_key    BYTEA            NOT NULL CHECK (octet_length(person_key) = 16),
    organization  TEXT COLLATE "C" NOT NULL REFERENCES organization (path),
    trade         TEXT COLLATE "C" NOT NULL,
    employment    TEXT COLLATE "C" NOT NULL,
    region_code   TEXT COLLATE "C" NOT NULL CHECK (length(region_code) = 6),
    honours       TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('ACTIVE', 'SUSPENDED')),
    id_number_enc BYTEA            NOT NULL,
    phone_enc     BYTEA,
    name_enc      BYTEA            NOT NULL,
    sex_enc       BYTEA,
    birth_enc     BYTEA,
    content_tag   BYTEA            NOT NULL CHECK (octet_length(content_tag) = 16),
    version       BIGINT           NOT NULL CHECK (version >= 1),
    shard_version BIGINT           NOT NULL CHECK (shard_version >= 1),
    created_at    BIGINT           NOT NULL,
    updated_at    BIGINT           NOT NULL,
    PRIMARY KEY (shard, member_id),
    FOREIGN KEY (shard, person_key) REFERENCES person (shard, person_key)
);

-- A natural person has at most one live membership.
CREATE UNIQUE INDEX member_one_live
    ON member (shard, person_key) WHERE state IN ('ACTIVE', 'SUSPENDED');

-- What replicas follow: members in the order of their changes.
CREATE INDEX member_by_change ON member (shard, shard_version, member_id);

-- Advanced in the transaction of every change to a member of the shard, whose new version the
-- member then carries. Whoever changes members holds these rows to its commit, so that versions
-- are in the order of commits and none is missing. Updated in place (HOT): pages keep room.
CREATE TABLE shard_version (
    shard   INTEGER NOT NULL PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
    version BIGINT  NOT NULL CHECK (version >= 1)
) WITH (fillfactor = 10);

CREATE TABLE roster_import (
    import_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization   TEXT COLLATE "C" NOT NULL REFERENCES organization (path),
    committed_line BIGINT           NOT NULL,
    added          BIGINT           NOT NULL,
    changed        BIGINT           NOT NULL,
    unchanged      BIGINT           NOT NULL,
    bad            BIGINT           NOT NULL,
    updated_at     BIGINT           NOT NULL
) WITH (fillfactor = 50);

-- The first bad rows of an import, by where they stand, never by what they say.
CREATE TABLE roster_problem (
    import_id   TEXT COLLATE "C" NOT NULL REFERENCES roster_import (import_id),
    position    BIGINT           NOT NULL,
    line        BIGINT           NOT NULL,
    column_name TEXT COLLATE "C" NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (import_id, position)
);

-- Advanced in the transaction of every publication, as `shard_version` is for members.
CREATE TABLE policy_version (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version  BIGINT  NOT NULL CHECK (version >= 0)
) WITH (fillfactor = 10);

INSERT INTO policy_version (only_row, version) VALUES (1, 0);

-- A revision never changes.
CREATE TABLE policy (
    policy_id      TEXT COLLATE "C" NOT NULL,
    revision       INTEGER          NOT NULL CHECK (revision >= 1),
    organization   TEXT COLLATE "C" NOT NULL REFERENCES organization (path),
    digest         BYTEA            NOT NULL CHECK (octet_length(digest) = 32),
    policy_version BIGINT           NOT NULL CHECK (policy_version >= 1),
    published_at   BIGINT           NOT NULL,
    PRIMARY KEY (policy_id, revision)
);

CREATE TABLE policy_criterion (
    policy_id    TEXT COLLATE "C" NOT NULL,
    revision     INTEGER          NOT NULL,
    position     BIGINT           NOT NULL,
    criterion_id TEXT COLLATE "C" NOT NULL,
    expression   TEXT COLLATE "C" NOT NULL,
    text_zh      TEXT COLLATE "C" NOT NULL,
    text_en      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (policy_id, revision, position),
    UNIQUE (policy_id, revision, criterion_id),
    FOREIGN KEY (policy_id, revision) REFERENCES policy (policy_id, revision)
);

-- Law A1: the first answer to a request id, for ever. `fingerprint` is the member it named; the
-- other columns are the member as the answer showed it.
CREATE TABLE request (
    caller       TEXT COLLATE "C" NOT NULL,
    verb         TEXT COLLATE "C" NOT NULL CHECK (verb IN ('SUSPEND', 'REINSTATE')),
    request_id   TEXT COLLATE "C" NOT NULL,
    fingerprint  BYTEA            NOT NULL CHECK (octet_length(fingerprint) = 16),
    organization TEXT COLLATE "C" NOT NULL,
    trade        TEXT COLLATE "C" NOT NULL,
    employment   TEXT COLLATE "C" NOT NULL,
    region_code  TEXT COLLATE "C" NOT NULL,
    honours      TEXT COLLATE "C" NOT NULL,
    updated_at   BIGINT           NOT NULL,
    created_at   BIGINT           NOT NULL,
    PRIMARY KEY (caller, verb, request_id)
);
