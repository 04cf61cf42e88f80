CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', '0'), ('own-version', '0');

-- FIG. 7. A number is never given twice, or a removed entry could be mistaken for a new one.
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

-- The rules of an entry, inside out.
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

-- FIG. 6.
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
    document             BLOB NOT NULL,
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
    last_version  INTEGER NOT NULL,
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
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'audit rows are never removed'); END;
