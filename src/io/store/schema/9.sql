-- An agent has a name for each of its accounts too, and the word of an older device is for one name. That of before is for the
-- agent's own, which is not in this file: ''.
ALTER TABLE vouch RENAME TO vouch_before;
CREATE TABLE vouch (
    entity      TEXT NOT NULL PRIMARY KEY,
    signing_key BLOB NOT NULL CHECK (length(signing_key) = 32),
    signature   BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
INSERT INTO vouch SELECT '', signing_key, signature FROM vouch_before;
DROP TABLE vouch_before;

-- Of an account that was added: whether its server is asked who follows it, and a second proxy beside the first.
ALTER TABLE account ADD COLUMN watchers INTEGER NOT NULL DEFAULT 1 CHECK (watchers IN (0, 1));
ALTER TABLE account ADD COLUMN beside TEXT;
