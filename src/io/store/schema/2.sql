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
) STRICT;

CREATE TABLE call_dropped (
    history INTEGER NOT NULL REFERENCES call_history (number) ON DELETE CASCADE,
    reason  TEXT NOT NULL,
    packets INTEGER NOT NULL,
    PRIMARY KEY (history, reason)
) STRICT, WITHOUT ROWID;

-- What our own user typed of himself; at most one row.
CREATE TABLE own (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    user  TEXT,
    place TEXT
) STRICT;
