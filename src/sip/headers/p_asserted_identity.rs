use super::address::address;

address!(
    /// Who the network that we trust says that the sender is (RFC 3325 section 9.1).
    PAssertedIdentity, P_ASSERTED_IDENTITY
);
