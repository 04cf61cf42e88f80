-- As version 8 left it.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('device','0b5e3d56-8a35-4d9c-8a3e-2f0c3f9d4c11');
INSERT INTO meta VALUES('generation','0');
INSERT INTO meta VALUES('own-version','0');
CREATE TABLE policy_entry (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    generation          INTEGER NOT NULL,
    is_default          INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    source_address      TEXT NOT NULL,                                             -- item 710
    source_port         TEXT NOT NULL,                                             -- item 711
    destination_address TEXT NOT NULL,                                             -- item 712
    destination_port    TEXT NOT NULL,                                             -- item 713
    upper_protocol      TEXT NOT NULL CHECK (upper_protocol IN ('any', 'tcp', 'udp')), -- item 714
    direction           TEXT NOT NULL CHECK (direction IN ('in', 'out')),          -- item 715
    action              TEXT NOT NULL CHECK (action IN ('discard', 'none', 'ipsec')), -- item 716
    suites              TEXT NOT NULL,
    keying              TEXT NOT NULL CHECK (keying = 'agreement'),
    priority            INTEGER NOT NULL,
    peer_entity         TEXT,
    peer_device         TEXT,
    peer_group          TEXT,
    place_ours          TEXT,
    place_theirs        TEXT,
    expires             INTEGER,
    origin              TEXT NOT NULL,
    note                TEXT,
    created             INTEGER NOT NULL,
    CHECK ((place_ours IS NULL) = (place_theirs IS NULL))
) STRICT;
CREATE TABLE policy_rule (
    entry              INTEGER NOT NULL REFERENCES policy_entry (id) ON DELETE CASCADE,
    position           INTEGER NOT NULL CHECK (position BETWEEN 0 AND 2),
    protocol           TEXT NOT NULL CHECK (protocol IN ('ipcomp', 'esp', 'ah')),   -- item 717
    mode               TEXT NOT NULL CHECK (mode IN ('transport', 'tunnel')),       -- item 718
    tunnel_source      TEXT,                                                        -- item 719
    tunnel_destination TEXT,                                                        -- item 719
    level              TEXT NOT NULL CHECK (level IN ('default', 'use', 'require', 'unique')), -- item 720
    PRIMARY KEY (entry, position),
    UNIQUE (entry, protocol),
    CHECK ((mode = 'tunnel') = (tunnel_source IS NOT NULL AND tunnel_destination IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE presence (
    entity               TEXT NOT NULL,                  -- item 620
    device               TEXT NOT NULL,
    contact              TEXT NOT NULL,
    address              TEXT,                           -- item 621
    observed             INTEGER NOT NULL,
    user                 TEXT,                           -- item 622
    place                TEXT,                           -- item 623
    environment_scope    TEXT,
    environment_evidence TEXT,
    environment_address  TEXT,
    time                 INTEGER NOT NULL,               -- item 624
    version              INTEGER NOT NULL,
    expires              INTEGER NOT NULL,
    own_user             TEXT,
    own_place            TEXT,
    document             BLOB NOT NULL, own_mail TEXT,
    PRIMARY KEY (entity, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE pin (
    entity        TEXT NOT NULL,
    device        TEXT NOT NULL,
    signing_key   BLOB NOT NULL CHECK (length(signing_key) = 32),
    agreement_key BLOB NOT NULL CHECK (length(agreement_key) = 32),
    fingerprint   BLOB NOT NULL CHECK (length(fingerprint) = 32),
    since         INTEGER NOT NULL,
    verified      INTEGER NOT NULL,
    last_version  INTEGER NOT NULL, statement BLOB CHECK (statement IS NULL OR length(statement) = 32), last_published INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (entity, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    detail     TEXT NOT NULL,
    generation INTEGER NOT NULL
) STRICT;
CREATE TABLE given (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    watcher TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    expires INTEGER NOT NULL,
    nonce   BLOB CHECK (length(nonce) = 16)
) STRICT;
CREATE TABLE call_history (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    call     INTEGER NOT NULL,
    peer     TEXT NOT NULL,
    outgoing INTEGER NOT NULL,
    started  INTEGER NOT NULL,
    ended    INTEGER NOT NULL,
    outcome  TEXT NOT NULL,
    action   TEXT NOT NULL,
    bundle   TEXT NOT NULL,
    suite    TEXT,
    sent     INTEGER NOT NULL,
    received INTEGER NOT NULL
, known INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1))) STRICT;
CREATE TABLE call_dropped (
    history INTEGER NOT NULL REFERENCES call_history (number) ON DELETE CASCADE,
    reason  TEXT NOT NULL,
    packets INTEGER NOT NULL,
    PRIMARY KEY (history, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE own (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    user  TEXT,
    place TEXT
) STRICT;
CREATE TABLE seen_nonce (
    nonce BLOB NOT NULL PRIMARY KEY CHECK (length(nonce) = 16),
    ends  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE seen_offer (
    signing_key BLOB NOT NULL CHECK (length(signing_key) = 32),
    ephemeral   BLOB NOT NULL CHECK (length(ephemeral) = 32),
    time        INTEGER NOT NULL,
    PRIMARY KEY (signing_key, ephemeral)
) STRICT, WITHOUT ROWID;
CREATE TABLE vouch (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    signing_key BLOB NOT NULL CHECK (length(signing_key) = 32),
    signature   BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
INSERT INTO vouch VALUES(1,X'0000000000000000000000000000000000000000000000000000000000000000',X'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE watch (
    peer  TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE account (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    entity        TEXT NOT NULL UNIQUE,
    proxy         TEXT NOT NULL,
    user          TEXT NOT NULL,
    realm         TEXT NOT NULL,
    expires       INTEGER NOT NULL,
    publish       INTEGER NOT NULL CHECK (publish IN (0, 1)),
    phone_context TEXT,
    password      BLOB
) STRICT;
INSERT INTO account VALUES(1,'sip:alice@example.org','udp:192.0.2.1:5060','alice','example.org',3600,1,NULL,NULL);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('account',1);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'audit rows are never removed'); END;
CREATE INDEX call_history_of_strangers ON call_history (number) WHERE known = 0;
CREATE INDEX seen_nonce_by_end ON seen_nonce (ends);
CREATE INDEX seen_offer_by_time ON seen_offer (signing_key, time);
PRAGMA application_id = 1398165315;
PRAGMA user_version = 8;
