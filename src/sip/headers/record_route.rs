use super::address::address;

address!(
    /// A proxy that wants to stay on the path (RFC 3261 section 20.30).
    RecordRoute, RECORD_ROUTE
);
