use super::address::address;

address!(
    /// Whom the request is for (RFC 3261 section 20.39).
    To, TO
);
