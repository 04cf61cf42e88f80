-- What was agreed on with a device last: its entries as a review or a proposal left them, as spdadd lines. What our user tightens by
-- himself afterwards can be taken back to it. Devices agreed with before this version have none, and nothing is taken back.
CREATE TABLE agreed (
    entity  TEXT NOT NULL,
    device  TEXT NOT NULL,
    entries TEXT NOT NULL,
    PRIMARY KEY (entity, device)
) STRICT, WITHOUT ROWID;
