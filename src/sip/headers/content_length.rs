use super::number::number;

number!(
    /// The length of the body in octets (RFC 3261 section 20.14).
    ContentLength(u32), CONTENT_LENGTH
);
