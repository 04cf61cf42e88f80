-- What became of a call, when it was picked up, and whether the user has seen that he missed it.
ALTER TABLE call_history ADD COLUMN result TEXT NOT NULL DEFAULT 'failed'
    CHECK (result IN ('answered', 'elsewhere', 'failed', 'missed', 'refused', 'unanswered'));
ALTER TABLE call_history ADD COLUMN answered INTEGER;
ALTER TABLE call_history ADD COLUMN seen INTEGER NOT NULL DEFAULT 1 CHECK (seen IN (0, 1));
-- Of earlier rows it is known whether packets passed, and who called.
UPDATE call_history SET result = CASE
    WHEN sent > 0 OR received > 0 THEN 'answered' WHEN outgoing = 1 THEN 'unanswered' ELSE 'missed' END;
CREATE INDEX call_history_unseen ON call_history (number) WHERE seen = 0;
