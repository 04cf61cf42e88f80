-- Peers whose presence and policy our user follows.
CREATE TABLE watch (
    peer  TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
