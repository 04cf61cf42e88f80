use std::fmt;

/// A security parameters index (RFC 4301 section 4.1), 32 bits, big endian on the wire.
///
/// Ours have a first octet of 192 to 255, which RTP, RTCP, STUN and DTLS never have (RFC 7983
/// section 7), so that one UDP port can carry all of them (PROTOCOL section 8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spi(u32);

impl Spi {
    /// The least first octet of an SPI of ours.
    pub const FIRST_OCTET: u8 = 192;

    /// Refuses a number that a receiver could take for RTP, RTCP, STUN or DTLS.
    pub fn new(number: u32) -> Option<Self> {
        ((number >> 24) as u8 >= Self::FIRST_OCTET).then_some(Self(number))
    }

    /// Makes an SPI of ours out of any 32 random bits.
    pub fn from_random(bits: u32) -> Self {
        Self(bits | 0xC000_0000)
    }

    pub fn get(self) -> u32 {
        self.0
    }

    pub fn to_be_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

impl fmt::Debug for Spi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spi({:#010x})", self.0)
    }
}

impl fmt::Display for Spi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}
