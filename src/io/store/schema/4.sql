-- Whether we called, or the caller's keys are approved. Rows of others are bounded, so that strangers cannot fill the disk.
ALTER TABLE call_history ADD COLUMN known INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1));
UPDATE call_history SET known = 1 WHERE outgoing = 1 OR peer IN (SELECT entity FROM pin);
CREATE INDEX call_history_of_strangers ON call_history (number) WHERE known = 0;

-- What pinned devices sent that counts once: nonces of requests, until these are too old in any case;
CREATE TABLE seen_nonce (
    nonce BLOB NOT NULL PRIMARY KEY CHECK (length(nonce) = 16),
    ends  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_nonce_by_end ON seen_nonce (ends);

-- and the ephemeral keys of offers, the newest by the time that they state.
CREATE TABLE seen_offer (
    ephemeral BLOB NOT NULL PRIMARY KEY CHECK (length(ephemeral) = 32),
    time      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_offer_by_time ON seen_offer (time);
