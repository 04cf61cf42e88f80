use super::text::text;

text!(
    /// What software sent the request (RFC 3261 section 20.41). Peer text.
    UserAgent, USER_AGENT
);
