-- What a device publishes for everybody is older than what it says to us alone, and its versions are counted by themselves.
ALTER TABLE pin ADD COLUMN last_published INTEGER NOT NULL DEFAULT 0;

-- The word of an older device of the same user; at most one row.
CREATE TABLE vouch (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    signing_key BLOB NOT NULL CHECK (length(signing_key) = 32),
    signature   BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
