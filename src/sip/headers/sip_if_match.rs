use super::one_token::one_token;

one_token!(
    /// Which publication a PUBLISH refreshes, changes or removes (RFC 3903 section 11.3.2). Its case counts.
    SipIfMatch, SIP_IF_MATCH
);
