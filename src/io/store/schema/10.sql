-- Whom the user knows. Of the groups only those stand here that he made or changed; four are always there.
CREATE TABLE contact_group (
    name     TEXT NOT NULL PRIMARY KEY,
    relation TEXT NOT NULL,
    watchers TEXT NOT NULL,
    approve  TEXT,
    rings    INTEGER NOT NULL CHECK (rings IN (0, 1))
) STRICT;
CREATE TABLE contact (
    entity        TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL,
    contact_group TEXT,
    note          TEXT,
    since         INTEGER NOT NULL
) STRICT;
-- E-mail addresses and telephone numbers, in the order in which they were given.
CREATE TABLE contact_address (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    entity  TEXT NOT NULL REFERENCES contact (entity) ON DELETE CASCADE,
    address TEXT NOT NULL
) STRICT;
-- What the user answered about one watcher, by the key that signed its requests; it outranks what its group says.
CREATE TABLE watcher_rule (
    watcher    TEXT NOT NULL PRIMARY KEY,
    entity     TEXT NOT NULL,
    permission TEXT NOT NULL,
    since      INTEGER NOT NULL
) STRICT;
