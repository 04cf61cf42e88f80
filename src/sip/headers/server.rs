use super::text::text;

text!(
    /// What software answered (RFC 3261 section 20.35). Peer text.
    Server, SERVER
);
