-- Hash of the statement that stands behind the approval: a call bears it, over restarts too.
ALTER TABLE pin ADD COLUMN statement BLOB CHECK (statement IS NULL OR length(statement) = 32);
