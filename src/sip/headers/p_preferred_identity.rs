use super::address::address;

address!(
    /// Who the sender asks to be shown as (RFC 3325 section 9.2).
    PPreferredIdentity, P_PREFERRED_IDENTITY
);
