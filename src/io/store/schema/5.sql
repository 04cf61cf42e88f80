-- Each device's offers are counted by themselves, so that none pushes out another's. Those of before name no device; what
-- is lost with them are twelve minutes in which an old offer could make the telephone ring once more.
DROP TABLE seen_offer;
CREATE TABLE seen_offer (
    signing_key BLOB NOT NULL CHECK (length(signing_key) = 32),
    ephemeral   BLOB NOT NULL CHECK (length(ephemeral) = 32),
    time        INTEGER NOT NULL,
    PRIMARY KEY (signing_key, ephemeral)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_offer_by_time ON seen_offer (signing_key, time);
