use super::address::address;

address!(
    /// A proxy that requests to a registered device have to pass (RFC 3327 section 4).
    Path, PATH
);
