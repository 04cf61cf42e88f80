/// Why a received datagram went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// The inner IP packet is between other addresses than the flow.
    Addresses,
    /// The integrity check value does not fit: wrong key, altered on the way, or, under AH, another address or port.
    BadIcv,
    /// It does not decompress, or becomes longer than a datagram may be.
    Compression,
    /// A dummy packet (RFC 4303 section 2.6).
    Dummy,
    /// Too short, or its fields contradict each other.
    Malformed,
    /// It is in tunnel mode where transport mode was agreed, or the other way round.
    Mode,
    /// The padding of an ESP packet is not 1, 2, 3 and so on (RFC 4303 section 2.4).
    Padding,
    /// It carried less protection than the entry or the agreed bundle demands, or the entry says discard.
    Policy,
    /// The inner UDP ports are not those of the flow.
    Ports,
    /// Its sequence number came before, or is older than the window.
    Replay,
    /// In clear, and not from the address and port that the peer announced.
    Source,
    /// It is of one source of SRTP more than a call may have.
    Sources,
    /// No security association has this SPI.
    UnknownSpi,
    /// Neither ESP, AH, RTP nor RTCP.
    Unrecognised,
}

impl DropReason {
    pub const ALL: [Self; 14] = [
        Self::Addresses,
        Self::BadIcv,
        Self::Compression,
        Self::Dummy,
        Self::Malformed,
        Self::Mode,
        Self::Padding,
        Self::Policy,
        Self::Ports,
        Self::Replay,
        Self::Source,
        Self::Sources,
        Self::UnknownSpi,
        Self::Unrecognised,
    ];

    /// The name of its counter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::BadIcv => "bad-icv",
            Self::Compression => "compression",
            Self::Dummy => "dummy",
            Self::Malformed => "malformed",
            Self::Mode => "mode",
            Self::Padding => "padding",
            Self::Policy => "policy",
            Self::Ports => "ports",
            Self::Replay => "replay",
            Self::Source => "source",
            Self::Sources => "sources",
            Self::UnknownSpi => "unknown-spi",
            Self::Unrecognised => "unrecognised",
        }
    }
}
