use super::{Codec, Tuning};

/// What payload types mean in one stream, as both sides described it (RFC 3264): each says what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats {
    /// What we send, under the peer's number for it.
    pub send: (u8, Codec),
    /// How, as the peer asks for it.
    pub tuning: Tuning,
    /// What the peer may send, under our numbers; it may go from one to another at any time.
    pub receive: Vec<(u8, Codec)>,
}

impl Formats {
    /// One codec both ways, under the number that we give it.
    pub fn only(codec: Codec) -> Self {
        let numbered = (codec.payload_type(), codec);
        Self { send: numbered, tuning: Tuning::default(), receive: vec![numbered] }
    }
}
