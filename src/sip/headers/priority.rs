use super::one_token::one_token;

one_token!(
    /// How urgent the sender finds the request (RFC 3261 section 20.26). Peer text.
    Priority, PRIORITY
);
