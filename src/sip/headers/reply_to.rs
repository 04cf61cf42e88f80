use super::address::address;

address!(
    /// Where to call back (RFC 3261 section 20.31).
    ReplyTo, REPLY_TO
);
