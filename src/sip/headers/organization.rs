use super::text::text;

text!(
    /// The name of the sender's organization (RFC 3261 section 20.25). Peer text.
    Organization, ORGANIZATION
);
