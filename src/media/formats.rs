use super::{Codec, Tuning};

/// What payload types mean in one stream, as both sides described it (RFC 3264): each says what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats {
    /// What we send, under the peer's number for it.
    pub send: (u8, Codec),
    /// How, as the peer asks for it.
    pub tuning: Tuning,
    /// Milliseconds of sound in each packet of ours: 10, 20, 30, 40 or 60, of Opus not 30.
    pub packet_time: u16,
    /// What the peer may send, under our numbers; it may go from one to another at any time.
    pub receive: Vec<(u8, Codec)>,
    /// Under which number the peer takes how loud pauses are, which are not sent then (RFC 3389).
    pub comfort: Option<u8>,
    /// Under which it may send the same.
    pub receive_comfort: Option<u8>,
    /// Under which number the peer takes keys of a telephone, and at what clock (RFC 4733).
    pub digits: Option<(u8, u32)>,
    /// Under which it may send some.
    pub receive_digits: Vec<u8>,
}

impl Formats {
    /// One codec both ways, under the number that we give it.
    pub fn only(codec: Codec) -> Self {
        let numbered = (codec.payload_type(), codec);
        Self {
            send: numbered,
            tuning: Tuning::default(),
            packet_time: 20,
            receive: vec![numbered],
            comfort: None,
            receive_comfort: None,
            digits: None,
            receive_digits: Vec::new(),
        }
    }
}
