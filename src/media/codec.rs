/// The payload formats of this version (RFC 3551 section 4.5.14): 8 kHz mono, 20 ms frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    Pcma,
    Pcmu,
}

impl Codec {
    /// Samples a second.
    pub const RATE: u32 = 8000;
    /// Samples in one frame of 20 ms.
    pub const FRAME: usize = 160;
}
