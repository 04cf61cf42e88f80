use super::address::address;

address!(
    /// Who asked the sender to send this (RFC 3892 section 3).
    ReferredBy, REFERRED_BY
);
