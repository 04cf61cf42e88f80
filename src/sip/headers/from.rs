use super::address::address;

address!(
    /// Who sent the request (RFC 3261 section 20.20).
    From, FROM
);
