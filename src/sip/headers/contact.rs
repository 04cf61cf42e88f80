use super::address::address;

address!(
    /// Where a device can be reached (RFC 3261 section 20.10). The `*` of a REGISTER is not read as one.
    Contact, CONTACT
);
