use super::one_token::one_token;

one_token!(
    /// One coding of the body; only `identity` is read here (RFC 3261 section 20.12).
    ContentEncoding, CONTENT_ENCODING
);
