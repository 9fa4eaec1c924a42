-- The real-name registry. Times are microseconds UTC; ids and ciphertexts are BLOBs; text compares
-- by its bytes (BINARY). Nothing here holds an identity number, a phone or a name in the clear.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The oldest version of the service's schema knowledge that may read this database.
INSERT INTO meta (key, value) VALUES ('min_reader', '1');

CREATE TABLE organization (
    path        TEXT    NOT NULL PRIMARY KEY CHECK (length(path) BETWEEN 1 AND 197),
    region_code TEXT    NOT NULL CHECK (length(region_code) = 6),
    name        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A natural person: a random key that stands for them, and their data key, wrapped by the key ring.
CREATE TABLE person (
    shard       INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
    person_key  BLOB    NOT NULL CHECK (length(person_key) = 16),
    wrapped_key BLOB    NOT NULL,
    key_version INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (shard, person_key)
) STRICT, WITHOUT ROWID;

-- Look-up table: keyed digests of identity numbers and phones. Several persons may share a phone.
CREATE TABLE blind_index (
    blind         BLOB    NOT NULL CHECK (length(blind) = 16),
    kind          TEXT    NOT NULL CHECK (kind IN ('id_number', 'phone')),
    index_version INTEGER NOT NULL,
    shard         INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
    person_key    BLOB    NOT NULL CHECK (length(person_key) = 16),
    PRIMARY KEY (blind, kind, index_version, person_key)
) STRICT, WITHOUT ROWID;

-- An identity number is one person's.
CREATE UNIQUE INDEX blind_index_one_person
    ON blind_index (blind, index_version) WHERE kind = 'id_number';
CREATE INDEX blind_index_by_person ON blind_index (shard, person_key, kind);

CREATE TABLE member (
    shard         INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
    member_id     BLOB    NOT NULL CHECK (length(member_id) = 16),
    person_key    BLOB    NOT NULL CHECK (length(person_key) = 16),
    organization  TEXT    NOT NULL REFERENCES organization (path),
    trade         TEXT    NOT NULL,
    employment    TEXT    NOT NULL,
    region_code   TEXT    NOT NULL CHECK (length(region_code) = 6),
    honours       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('ACTIVE', 'SUSPENDED')),
    id_number_enc BLOB    NOT NULL,
    phone_enc     BLOB,
    name_enc      BLOB    NOT NULL,
    sex_enc       BLOB,
    birth_enc     BLOB,
    content_tag   BLOB    NOT NULL CHECK (length(content_tag) = 16),
    version       INTEGER NOT NULL CHECK (version >= 1),
    shard_version INTEGER NOT NULL CHECK (shard_version >= 1),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (shard, member_id),
    FOREIGN KEY (shard, person_key) REFERENCES person (shard, person_key)
) STRICT, WITHOUT ROWID;

-- A natural person has at most one live membership.
CREATE UNIQUE INDEX member_one_live
    ON member (shard, person_key) WHERE state IN ('ACTIVE', 'SUSPENDED');

-- What replicas follow: members in the order of their changes.
CREATE INDEX member_by_change ON member (shard, shard_version, member_id);

-- Advanced in the transaction of every change to a member of the shard, whose new version the
-- member then carries. Whoever changes members holds these rows to its commit, so that versions
-- are in the order of commits and none is missing.
CREATE TABLE shard_version (
    shard   INTEGER NOT NULL PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
    version INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

CREATE TABLE roster_import (
    import_id      TEXT    NOT NULL PRIMARY KEY,
    organization   TEXT    NOT NULL REFERENCES organization (path),
    committed_line INTEGER NOT NULL,
    added          INTEGER NOT NULL,
    changed        INTEGER NOT NULL,
    unchanged      INTEGER NOT NULL,
    bad            INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The first bad rows of an import, by where they stand, never by what they say.
CREATE TABLE roster_problem (
    import_id   TEXT    NOT NULL REFERENCES roster_import (import_id),
    position    INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    column_name TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    PRIMARY KEY (import_id, position)
) STRICT, WITHOUT ROWID;

-- Advanced in the transaction of every publication, as `shard_version` is for members.
CREATE TABLE policy_version (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version  INTEGER NOT NULL CHECK (version >= 0)
) STRICT;

INSERT INTO policy_version (only_row, version) VALUES (1, 0);

-- A revision never changes.
CREATE TABLE policy (
    policy_id      TEXT    NOT NULL,
    revision       INTEGER NOT NULL CHECK (revision >= 1),
    organization   TEXT    NOT NULL REFERENCES organization (path),
    digest         BLOB    NOT NULL CHECK (length(digest) = 32),
    policy_version INTEGER NOT NULL CHECK (policy_version >= 1),
    published_at   INTEGER NOT NULL,
    PRIMARY KEY (policy_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_criterion (
    policy_id    TEXT    NOT NULL,
    revision     INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    criterion_id TEXT    NOT NULL,
    expression   TEXT    NOT NULL,
    text_zh      TEXT    NOT NULL,
    text_en      TEXT    NOT NULL,
    PRIMARY KEY (policy_id, revision, position),
    UNIQUE (policy_id, revision, criterion_id),
    FOREIGN KEY (policy_id, revision) REFERENCES policy (policy_id, revision)
) STRICT, WITHOUT ROWID;

-- Law A1: the first answer to a request id, for ever. `fingerprint` is the member it named; the
-- other columns are the member as the answer showed it.
CREATE TABLE request (
    caller       TEXT    NOT NULL,
    verb         TEXT    NOT NULL CHECK (verb IN ('SUSPEND', 'REINSTATE')),
    request_id   TEXT    NOT NULL,
    fingerprint  BLOB    NOT NULL CHECK (length(fingerprint) = 16),
    organization TEXT    NOT NULL,
    trade        TEXT    NOT NULL,
    employment   TEXT    NOT NULL,
    region_code  TEXT    NOT NULL,
    honours      TEXT    NOT NULL,
    updated_at   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (caller, verb, request_id)
) STRICT, WITHOUT ROWID;
