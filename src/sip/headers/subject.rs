use super::text::text;

text!(
    /// What the call or text is about (RFC 3261 section 20.36). Peer text.
    Subject, SUBJECT
);
