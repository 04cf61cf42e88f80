-- What our user agreed to and the peer has not used yet: one for each device. The entries are spdadd lines.
CREATE TABLE pending (
    entity   TEXT NOT NULL,
    device   TEXT NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    proposal BLOB NOT NULL CHECK (length(proposal) = 32),
    against  BLOB NOT NULL CHECK (length(against) % 32 = 0),
    since    INTEGER NOT NULL,
    entries  TEXT NOT NULL,
    PRIMARY KEY (entity, device)
) STRICT;
