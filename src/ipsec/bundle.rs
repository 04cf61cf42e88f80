use super::ah::{AhIn, AhOut};
use super::esp::{self, EspIn, EspOut, Unwrapped};
use super::{udp, Backend, DirectionKeys, DropReason, KeyError, Kind, PacketBuffer, Path};
use crate::policy::Carried;
use crate::vocab::Spi;

/// All security associations of one stream. Made of keys by the room `keys` alone.
pub struct Protection {
    outbound: Outbound,
    inbound: Inbound,
}

impl Protection {
    /// `outbound` is what we seal with, `inbound` what the peer seals with.
    pub fn from_keys(outbound: DirectionKeys, inbound: DirectionKeys) -> Result<Self, KeyError> {
        Self::with_backend(outbound, inbound, Backend::default())
    }

    pub fn with_backend(outbound: DirectionKeys, inbound: DirectionKeys, backend: Backend) -> Result<Self, KeyError> {
        check_spis(&outbound)?;
        check_spis(&inbound)?;
        Ok(Self {
            outbound: Outbound {
                esp: outbound.esp.as_ref().map(|key| EspOut::new(key, backend)).transpose()?,
                ah: outbound.ah.as_ref().map(AhOut::new),
            },
            inbound: Inbound {
                esp: inbound.esp.as_ref().map(|key| EspIn::new(key, backend)).transpose()?,
                ah: inbound.ah.as_ref().map(AhIn::new),
            },
        })
    }

    /// No security association in either direction: the bundle `none`.
    pub fn none() -> Self {
        Self { outbound: Outbound { esp: None, ah: None }, inbound: Inbound { esp: None, ah: None } }
    }

    pub fn split(self) -> (Outbound, Inbound) {
        (self.outbound, self.inbound)
    }
}

fn check_spis(keys: &DirectionKeys) -> Result<(), KeyError> {
    match (&keys.esp, &keys.ah) {
        (Some(esp), Some(ah)) if esp.spi == ah.spi => Err(KeyError::SameSpi(esp.spi)),
        _ => Ok(()),
    }
}

/// What we seal with: AH outside, ESP inside.
pub struct Outbound {
    esp: Option<EspOut>,
    ah: Option<AhOut>,
}

/// Why a packet cannot be sealed. It must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the sequence numbers of the security association are used up")]
    Exhausted,
    #[error("there is no security association")]
    NoAssociation,
    #[error("the packet is too long")]
    TooLong,
}

impl Outbound {
    /// What a receiver finds in a packet that was sealed with this.
    pub fn carried(&self) -> Carried {
        carried(self.esp.is_some(), self.ah.is_some())
    }

    /// No SA at all: nothing can be sealed.
    pub fn is_none(&self) -> bool {
        self.esp.is_none() && self.ah.is_none()
    }

    /// Seals the payload in the buffer in place, and gives the datagram. `flow` is the media flow, whose ports go into
    /// the inner UDP header and, with its addresses, under the ICV of AH.
    #[inline]
    pub fn seal<'a>(&mut self, buffer: &'a mut PacketBuffer, flow: &Path) -> Result<&'a [u8], SealError> {
        if self.is_none() {
            return Err(SealError::NoAssociation);
        }
        push_udp(buffer, flow).ok_or(SealError::TooLong)?;
        let mut next_header = udp::NEXT_HEADER;
        if let Some(esp) = &mut self.esp {
            esp.seal(buffer, next_header)?;
            next_header = esp::NEXT_HEADER;
        }
        if let Some(ah) = &mut self.ah {
            ah.seal(buffer, next_header, flow)?;
        }
        Ok(buffer.octets())
    }

    #[cfg(test)]
    pub(super) fn skip_to(&mut self, sequence: u32) {
        if let Some(esp) = &mut self.esp {
            esp.sequence.skip_to(sequence);
        }
        if let Some(ah) = &mut self.ah {
            ah.sequence.skip_to(sequence);
        }
    }
}

fn push_udp(buffer: &mut PacketBuffer, flow: &Path) -> Option<()> {
    let data = buffer.len();
    udp::write(buffer.push_front()?, flow, data)?;
    if flow.is_ipv6() {
        udp::checksum(buffer.octets_mut(), flow);
    }
    Some(())
}

/// What the peer seals with.
pub struct Inbound {
    esp: Option<EspIn>,
    ah: Option<AhIn>,
}

/// A packet that authenticated and was not there before.
#[derive(Debug)]
pub struct Opened<'a> {
    /// What it really had.
    pub carried: Carried,
    pub payload: &'a mut [u8],
    /// No packet before it had a higher sequence number.
    pub newest: bool,
}

impl Inbound {
    /// What a packet carries that has the whole bundle.
    pub fn carried(&self) -> Carried {
        carried(self.esp.is_some(), self.ah.is_some())
    }

    /// No SA at all: nothing can be opened.
    pub fn is_none(&self) -> bool {
        self.esp.is_none() && self.ah.is_none()
    }

    /// Whether packets under this SPI are opened here.
    pub fn receives(&self, spi: Spi) -> bool {
        let esp = self.esp.as_ref().is_some_and(|esp| esp.spi == spi);
        esp || self.ah.as_ref().is_some_and(|ah| ah.spi == spi)
    }

    /// Opens a datagram in place. `arrived` is the path that it was seen to come by, which AH checks; `flow` is the
    /// media flow as both sides agreed it, whose ports the inner UDP header must have.
    #[inline]
    pub fn open<'a>(&mut self, datagram: &'a mut [u8], arrived: &Path, flow: &Path) -> Result<Opened<'a>, DropReason> {
        let Kind::Protected(spi) = Kind::of(datagram) else { return Err(DropReason::Malformed) };
        match &mut self.ah {
            Some(ah) if ah.spi == spi => {
                let outer = ah.open(datagram, arrived)?;
                self.open_under_ah(outer, flow)
            }
            // Its ESP is good only inside its AH: refused before it can move the replay window of the ESP SA.
            Some(_) if self.esp.as_ref().is_some_and(|esp| esp.spi == spi) => Err(DropReason::Policy),
            _ => self.open_esp(datagram, spi, flow),
        }
    }

    fn open_under_ah<'a>(&mut self, outer: Unwrapped<'a>, flow: &Path) -> Result<Opened<'a>, DropReason> {
        match outer.next_header {
            udp::NEXT_HEADER => {
                let payload = udp::read(outer.payload, flow)?;
                Ok(Opened { carried: carried(false, true), payload, newest: outer.newest })
            }
            esp::NEXT_HEADER => {
                let Kind::Protected(spi) = Kind::of(outer.payload) else { return Err(DropReason::Malformed) };
                let opened = self.open_esp(outer.payload, spi, flow)?;
                Ok(Opened { carried: carried(true, true), newest: outer.newest && opened.newest, ..opened })
            }
            _ => Err(DropReason::Malformed),
        }
    }

    #[inline]
    fn open_esp<'a>(&mut self, packet: &'a mut [u8], spi: Spi, flow: &Path) -> Result<Opened<'a>, DropReason> {
        let esp = self.esp.as_mut().filter(|esp| esp.spi == spi).ok_or(DropReason::UnknownSpi)?;
        let inner = esp.open(packet)?;
        if inner.next_header != udp::NEXT_HEADER {
            return Err(DropReason::Malformed);
        }
        let payload = udp::read(inner.payload, flow)?;
        Ok(Opened { carried: carried(true, false), payload, newest: inner.newest })
    }
}

fn carried(esp: bool, ah: bool) -> Carried {
    Carried { confidentiality: esp, payload_integrity: esp || ah, header_integrity: ah }
}
