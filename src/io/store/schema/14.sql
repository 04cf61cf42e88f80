-- Proposals of ours that wait for the peer's user (PROTOCOL section 6): made again after a restart.
CREATE TABLE proposal (
    entity   TEXT NOT NULL,
    device   TEXT NOT NULL,
    peer     TEXT NOT NULL,
    account  TEXT,
    name     TEXT NOT NULL,
    -- In setkey's form, one of both.
    rules    TEXT,
    entries  TEXT,
    note     TEXT,
    deadline INTEGER NOT NULL,
    PRIMARY KEY (entity, device),
    CHECK ((rules IS NULL) <> (entries IS NULL))
) STRICT, WITHOUT ROWID;
