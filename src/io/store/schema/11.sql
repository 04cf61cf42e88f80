-- Whether ESP pads the packets of an entry to one size (RFC 4303 section 2.7); NULL does where the codec's rate varies.
ALTER TABLE policy_entry ADD COLUMN tfc INTEGER CHECK (tfc IN (0, 1));
