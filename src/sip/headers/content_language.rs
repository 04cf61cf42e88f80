use super::one_token::one_token;

one_token!(
    /// The language of the body (RFC 3261 section 20.13).
    ContentLanguage, CONTENT_LANGUAGE
);
