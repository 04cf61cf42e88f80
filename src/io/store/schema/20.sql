-- Of an account that was added: whether its server is asked for messages that wait.
ALTER TABLE account ADD COLUMN mailbox INTEGER NOT NULL DEFAULT 0 CHECK (mailbox IN (0, 1));
