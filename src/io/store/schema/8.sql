-- Accounts that the user added while the agent ran; those of the configuration are not here. The password is encrypted with
-- a key that is not in this file (src/keys/sealed.rs).
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

-- The e-mail address under which our user knows a peer; like his other names for it, it is on every row of the entity.
ALTER TABLE presence ADD COLUMN own_mail TEXT;
