use super::one_token::one_token;

one_token!(
    /// One extension that the sender knows (RFC 3261 section 20.37).
    Supported, SUPPORTED
);
