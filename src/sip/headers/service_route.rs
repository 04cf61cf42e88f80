use super::address::address;

address!(
    /// A proxy that requests of the registered device have to pass (RFC 3608 section 5).
    ServiceRoute, SERVICE_ROUTE
);
