-- What a device publishes for everybody is older than what it says to us alone, and its versions are counted by themselves.
ALTER TABLE pin ADD COLUMN last_published INTEGER NOT NULL DEFAULT 0;
