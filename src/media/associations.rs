use crate::dtls::Handshake;
use crate::ipsec::{DropReason, Inbound, Kind, Opened, Outbound, PacketBuffer, Path, Protection, SealError};
use crate::policy::{Bundle, Carried};
use crate::srtp::{self, OpenError};
use crate::vocab::Spi;

/// What one stream is sealed with, both ways: by IPsec with a peer of our kind, by SRTP with an ordinary telephone. Never by both.
// Made once a call.
#[allow(clippy::large_enum_variant)]
pub enum Associations {
    Ipsec(Protection),
    Srtp {
        sender: Box<srtp::Sender>,
        receiver: Box<srtp::Receiver>,
    },
    /// SRTP, once a handshake has made its keys.
    Dtls(Box<Handshake>),
}

impl From<Protection> for Associations {
    fn from(protection: Protection) -> Self {
        Self::Ipsec(protection)
    }
}

impl Associations {
    /// Packets go, and come, in clear.
    pub fn none() -> Self {
        Self::Ipsec(Protection::none())
    }

    pub(super) fn split(self) -> (Sealing, Opening) {
        match self {
            Self::Ipsec(protection) => {
                let (outbound, inbound) = protection.split();
                (Sealing::Ipsec(outbound), Opening::Ipsec(inbound))
            }
            Self::Srtp { sender, receiver } => (Sealing::Srtp(sender), Opening::Srtp(receiver)),
            Self::Dtls(_) => Self::none().split(),
        }
    }
}

/// What we seal with.
// One a direction, for as long as a call lasts: a box would cost the packet path more.
#[allow(clippy::large_enum_variant)]
pub(super) enum Sealing {
    Ipsec(Outbound),
    Srtp(Box<srtp::Sender>),
}

/// What the peer seals with.
#[allow(clippy::large_enum_variant)]
pub(super) enum Opening {
    Ipsec(Inbound),
    Srtp(Box<srtp::Receiver>),
}

impl Sealing {
    pub(super) fn carried(&self) -> Carried {
        match self {
            Self::Ipsec(outbound) => outbound.carried(),
            Self::Srtp(_) => Bundle::SRTP.carried(),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::Ipsec(outbound) if outbound.is_none())
    }

    #[inline]
    pub(super) fn seal<'a>(&mut self, buffer: &'a mut PacketBuffer, flow: &Path) -> Result<&'a [u8], SealError> {
        match self {
            Self::Ipsec(outbound) => outbound.seal(buffer, flow),
            Self::Srtp(sender) => buffer.seal_within(srtp::OVERHEAD, |packet, len| {
                sender.seal(packet, len).map_err(|why| match why {
                    srtp::SealError::Exhausted => SealError::Exhausted,
                    srtp::SealError::Malformed | srtp::SealError::TooLong => SealError::TooLong,
                })
            }),
        }
    }
}

impl Opening {
    pub(super) fn carried(&self) -> Carried {
        match self {
            Self::Ipsec(inbound) => inbound.carried(),
            Self::Srtp(_) => Bundle::SRTP.carried(),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::Ipsec(inbound) if inbound.is_none())
    }

    pub(super) fn is_srtp(&self) -> bool {
        matches!(self, Self::Srtp(_))
    }

    pub(super) fn receives(&self, spi: Spi) -> bool {
        matches!(self, Self::Ipsec(inbound) if inbound.receives(spi))
    }

    pub(super) fn room(&self) -> usize {
        match self {
            Self::Ipsec(inbound) => inbound.room(),
            Self::Srtp(_) => 0,
        }
    }

    #[inline]
    pub(super) fn open<'a>(
        &mut self,
        datagram: &'a mut [u8],
        room: &'a mut [u8],
        arrived: &Path,
        flow: &Path,
    ) -> Result<Opened<'a>, DropReason> {
        match self {
            Self::Ipsec(inbound) => inbound.open(datagram, room, arrived, flow),
            Self::Srtp(_) if matches!(Kind::of(datagram), Kind::Protected(_)) => Err(DropReason::UnknownSpi),
            Self::Srtp(receiver) => {
                let opened = receiver.open(datagram).map_err(reason)?;
                Ok(Opened { carried: Bundle::SRTP.carried(), payload: opened.packet, newest: opened.newest })
            }
        }
    }
}

fn reason(why: OpenError) -> DropReason {
    match why {
        OpenError::BadTag => DropReason::BadIcv,
        OpenError::Clear => DropReason::Policy,
        OpenError::Malformed => DropReason::Malformed,
        OpenError::Replay => DropReason::Replay,
        OpenError::Sources => DropReason::Sources,
    }
}
