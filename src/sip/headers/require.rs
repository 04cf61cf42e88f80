use super::one_token::one_token;

one_token!(
    /// One extension that the receiver must know (RFC 3261 section 20.32).
    Require, REQUIRE
);
