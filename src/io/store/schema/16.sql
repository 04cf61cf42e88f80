-- A proposal is made again only where everything is as our user saw it then. Those of before are not known to be: they are made anew by hand.
DROP TABLE proposal;
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
    -- What it was about.
    purpose  TEXT,
    content  TEXT,
    -- What the review showed.
    seen     TEXT NOT NULL,
    deadline INTEGER NOT NULL,
    PRIMARY KEY (entity, device),
    CHECK ((rules IS NULL) <> (entries IS NULL))
) STRICT, WITHOUT ROWID;
