use super::address::address;

address!(
    /// A proxy to be visited (RFC 3261 section 20.34).
    Route, ROUTE
);
