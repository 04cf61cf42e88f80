use super::address::address;

address!(
    /// Whom to send a request to, in a REFER (RFC 3515 section 2.1).
    ReferTo, REFER_TO
);
