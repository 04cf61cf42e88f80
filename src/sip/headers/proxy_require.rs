use super::one_token::one_token;

one_token!(
    /// One extension that proxies must know (RFC 3261 section 20.29).
    ProxyRequire, PROXY_REQUIRE
);
