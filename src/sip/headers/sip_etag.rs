use super::one_token::one_token;

one_token!(
    /// What a server calls a publication, in a 2xx to PUBLISH (RFC 3903 section 11.3.1). Its case counts.
    SipETag, SIP_ETAG
);
