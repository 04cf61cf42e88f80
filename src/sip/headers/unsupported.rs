use super::one_token::one_token;

one_token!(
    /// One extension that the sender of a 420 does not know (RFC 3261 section 20.40).
    Unsupported, UNSUPPORTED
);
