-- Rules may name srtp, which is one more.
CREATE TABLE policy_rule_18 (
    entry              INTEGER NOT NULL REFERENCES policy_entry (id) ON DELETE CASCADE,
    position           INTEGER NOT NULL CHECK (position BETWEEN 0 AND 3),
    protocol           TEXT NOT NULL CHECK (protocol IN ('srtp', 'ipcomp', 'esp', 'ah')),
    mode               TEXT NOT NULL CHECK (mode IN ('transport', 'tunnel')),
    tunnel_source      TEXT,
    tunnel_destination TEXT,
    level              TEXT NOT NULL CHECK (level IN ('default', 'use', 'require', 'unique')),
    PRIMARY KEY (entry, position),
    UNIQUE (entry, protocol),
    CHECK ((mode = 'tunnel') = (tunnel_source IS NOT NULL AND tunnel_destination IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO policy_rule_18
    SELECT entry, position, protocol, mode, tunnel_source, tunnel_destination, level FROM policy_rule;
DROP TABLE policy_rule;
ALTER TABLE policy_rule_18 RENAME TO policy_rule;
