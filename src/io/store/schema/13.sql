-- An entry that is kept and not enforced.
ALTER TABLE policy_entry ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1));

-- What each change of the policy database took away and put there, in setkey's form, so that it can be shown and taken back.
-- It belongs to an audit row, and stays as that does. What came new is told by its numbers alone, `entry` to `last`: its text
-- is in policy_entry, or `before` in the next change of it.
CREATE TABLE policy_change (
    audit      INTEGER NOT NULL REFERENCES audit (number),
    entry      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    before     TEXT,
    after      TEXT,
    PRIMARY KEY (audit, entry),
    CHECK (entry <= last AND (before IS NULL OR entry = last) AND (after IS NULL OR before IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE TRIGGER policy_change_is_not_changed BEFORE UPDATE ON policy_change
    BEGIN SELECT raise(ABORT, 'changes of the policy are never changed'); END;
CREATE TRIGGER policy_change_is_not_shortened BEFORE DELETE ON policy_change
    BEGIN SELECT raise(ABORT, 'changes of the policy are never removed'); END;
