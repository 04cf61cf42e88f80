use bytes::Bytes;

/// What a message carries besides its headers (RFC 3261 section 7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The media type as in Content-Type, parameters included.
    pub content_type: String,
    pub bytes: Bytes,
}

impl Body {
    pub fn new(content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { content_type: content_type.into(), bytes: bytes.into() }
    }
}
