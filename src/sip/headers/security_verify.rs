use super::mechanism::mechanism;

mechanism!(
    /// One of the server's as the client had it, so that the server sees a change on the way (RFC 3329 section 2.2).
    SecurityVerify, SECURITY_VERIFY
);
