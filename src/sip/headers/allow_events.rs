use super::one_token::one_token;

one_token!(
    /// One event package that the sender knows (RFC 6665 section 8.2.2).
    AllowEvents, ALLOW_EVENTS
);
