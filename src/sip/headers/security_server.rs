use super::mechanism::mechanism;

mechanism!(
    /// One that the server offers (RFC 3329 section 2.2).
    SecurityServer, SECURITY_SERVER
);
