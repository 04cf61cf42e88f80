use super::mechanism::mechanism;

mechanism!(
    /// One way to protect SIP that the client offers (RFC 3329 section 2.2).
    SecurityClient, SECURITY_CLIENT
);
