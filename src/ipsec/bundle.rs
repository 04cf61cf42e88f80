use std::net::{IpAddr, SocketAddr};

use super::ah::{AhIn, AhOut};
use super::esp::{self, EspIn, EspOut};
use super::ipcomp::{self, Packer, Unpacker};
use super::{inner, udp, Backend, DirectionKeys, DropReason, KeyError, Kind, PacketBuffer, Path};
use crate::policy::{Bundle, Carried, Framing};
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
                framing: outbound.framing,
                packer: outbound.framing.ipcomp.then(Packer::new),
            },
            inbound: Inbound {
                esp: inbound.esp.as_ref().map(|key| EspIn::new(key, backend)).transpose()?,
                ah: inbound.ah.as_ref().map(AhIn::new),
                framing: inbound.framing,
                unpacker: inbound.framing.ipcomp.then(Unpacker::new),
            },
        })
    }

    /// No security association in either direction: the bundle `none`.
    pub fn none() -> Self {
        let framing = Framing::PLAIN;
        Self {
            outbound: Outbound { esp: None, ah: None, framing, packer: None },
            inbound: Inbound { esp: None, ah: None, framing, unpacker: None },
        }
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

/// What we seal with: AH outside, ESP in it, IPComp innermost.
pub struct Outbound {
    esp: Option<EspOut>,
    ah: Option<AhOut>,
    framing: Framing,
    packer: Option<Packer>,
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
    /// the inner UDP header, and its addresses under the ICV of AH and into the inner packet of a tunnel.
    #[inline]
    pub fn seal<'a>(&mut self, buffer: &'a mut PacketBuffer, flow: &Path) -> Result<&'a [u8], SealError> {
        self.seal_between(buffer, flow, flow)
    }

    /// The same where the tunnel ends at a gateway: `outer` is the path of the datagram itself.
    pub fn seal_between<'a>(
        &mut self,
        buffer: &'a mut PacketBuffer,
        flow: &Path,
        outer: &Path,
    ) -> Result<&'a [u8], SealError> {
        if self.is_none() {
            return Err(SealError::NoAssociation);
        }
        let framing = self.framing;
        let tfc = if framing.tfc { buffer.capacity().saturating_sub(buffer.len()) } else { 0 };
        push_udp(buffer, flow).ok_or(SealError::TooLong)?;
        let (mut next_header, mut ends) = (udp::NEXT_HEADER, flow);
        let mut enter = |buffer: &mut PacketBuffer, tunnel: bool, next_header: &mut u8| -> Result<(), SealError> {
            if tunnel {
                *next_header = inner::push(buffer, *next_header, ends).ok_or(SealError::TooLong)?;
                ends = outer;
            }
            Ok(())
        };
        if let Some(packer) = &mut self.packer {
            enter(buffer, framing.ipcomp_tunnel, &mut next_header)?;
            next_header = packer.pack(buffer, next_header);
        }
        if let Some(esp) = &mut self.esp {
            enter(buffer, framing.esp_tunnel, &mut next_header)?;
            esp.seal(buffer, next_header, tfc)?;
            next_header = esp::NEXT_HEADER;
        }
        if let Some(ah) = &mut self.ah {
            enter(buffer, framing.ah_tunnel, &mut next_header)?;
            ah.seal(buffer, next_header, outer)?;
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
    framing: Framing,
    unpacker: Option<Unpacker>,
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

/// A packet while it is opened.
struct Opening<'a> {
    next_header: u8,
    packet: &'a mut [u8],
    esp: bool,
    ah: bool,
    newest: bool,
    /// Of the innermost IP header so far.
    ends: Option<(IpAddr, IpAddr)>,
}

impl Inbound {
    /// The octets of room that [`Inbound::open`] needs to unpack what the peer compressed; none without IPComp.
    pub fn room(&self) -> usize {
        if self.unpacker.is_some() {
            ipcomp::MAX_PACKET
        } else {
            0
        }
    }

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

    /// Opens a datagram in place, or into `room` what was compressed. `arrived` is the path that it was seen to come by, which AH
    /// checks; `flow` is the media flow as both sides agreed it, whose ports, and in a tunnel whose addresses, it must have.
    #[inline]
    pub fn open<'a>(
        &mut self,
        datagram: &'a mut [u8],
        room: &'a mut [u8],
        arrived: &Path,
        flow: &Path,
    ) -> Result<Opened<'a>, DropReason> {
        self.open_between(datagram, room, arrived, flow, flow)
    }

    /// The same where the tunnel ends at a gateway: `outer` is the path between the tunnel's two ends.
    pub fn open_between<'a>(
        &mut self,
        datagram: &'a mut [u8],
        room: &'a mut [u8],
        arrived: &Path,
        flow: &Path,
        outer: &Path,
    ) -> Result<Opened<'a>, DropReason> {
        let opening = self.authenticate(datagram, arrived)?;
        let Opening { packet, esp, ah, newest, .. } = self.peel(opening, room, Some(flow), outer)?;
        Ok(Opened { carried: carried(esp, ah), payload: udp::read(packet, flow)?, newest })
    }

    /// At a gateway: whatever flow the tunnel holds, which the packet itself tells.
    ///
    /// # Errors
    /// [`DropReason::Mode`] too where nothing is in tunnel mode.
    pub fn open_any<'a>(
        &mut self,
        datagram: &'a mut [u8],
        room: &'a mut [u8],
        arrived: &Path,
        outer: &Path,
    ) -> Result<(Opened<'a>, Path), DropReason> {
        let opening = self.authenticate(datagram, arrived)?;
        let opening = self.peel(opening, room, None, outer)?;
        let (source, destination) = opening.ends.ok_or(DropReason::Mode)?;
        let Opening { packet, esp, ah, newest, .. } = opening;
        let (from, to) = udp::ports(packet).ok_or(DropReason::Malformed)?;
        let flow = Path::new(SocketAddr::new(source, from), SocketAddr::new(destination, to));
        Ok((Opened { carried: carried(esp, ah), payload: udp::read(packet, &flow)?, newest }, flow))
    }

    /// Down to the UDP datagram. The innermost IP header has the ends of the flow, those around it the ends of the tunnel.
    #[inline]
    fn peel<'a>(
        &mut self,
        mut opening: Opening<'a>,
        room: &'a mut [u8],
        flow: Option<&Path>,
        outer: &Path,
    ) -> Result<Opening<'a>, DropReason> {
        let framing = self.framing;
        let ends = |further_in: bool| if further_in { Some(outer) } else { flow };
        if opening.ah {
            opening.leave_tunnel(framing.ah_tunnel, ends(framing.esp_tunnel || framing.ipcomp_tunnel))?;
            if opening.next_header == esp::NEXT_HEADER {
                let Kind::Protected(spi) = Kind::of(opening.packet) else { return Err(DropReason::Malformed) };
                opening = self.decrypt(opening, spi)?;
            }
        }
        if opening.esp {
            opening.leave_tunnel(framing.esp_tunnel, ends(framing.ipcomp_tunnel))?;
        }
        if let Some(unpacker) = &mut self.unpacker {
            opening = opening.unpacked(unpacker, room)?;
            opening.leave_tunnel(framing.ipcomp_tunnel, flow)?;
        }
        match opening.next_header {
            udp::NEXT_HEADER => Ok(opening),
            next if inner::is_ip(next) => Err(DropReason::Mode),
            _ => Err(DropReason::Malformed),
        }
    }

    /// The outermost protocol.
    #[inline]
    fn authenticate<'a>(&mut self, datagram: &'a mut [u8], arrived: &Path) -> Result<Opening<'a>, DropReason> {
        let Kind::Protected(spi) = Kind::of(datagram) else { return Err(DropReason::Malformed) };
        match &mut self.ah {
            Some(ah) if ah.spi == spi => {
                let outer = ah.open(datagram, arrived)?;
                let (next_header, packet, newest) = (outer.next_header, outer.payload, outer.newest);
                Ok(Opening { next_header, packet, esp: false, ah: true, newest, ends: None })
            }
            // Its ESP is good only inside its AH: refused before it can move the replay window of the ESP SA.
            Some(_) if self.esp.as_ref().is_some_and(|esp| esp.spi == spi) => Err(DropReason::Policy),
            _ => {
                let next_header = esp::NEXT_HEADER;
                let whole = Opening { next_header, packet: datagram, esp: false, ah: false, newest: true, ends: None };
                self.decrypt(whole, spi)
            }
        }
    }

    #[inline]
    fn decrypt<'a>(&mut self, opening: Opening<'a>, spi: Spi) -> Result<Opening<'a>, DropReason> {
        let esp = self.esp.as_mut().filter(|esp| esp.spi == spi).ok_or(DropReason::UnknownSpi)?;
        let inside = esp.open(opening.packet)?;
        let newest = opening.newest && inside.newest;
        Ok(Opening { next_header: inside.next_header, packet: inside.payload, esp: true, newest, ..opening })
    }
}

impl<'a> Opening<'a> {
    /// Takes the inner IP header off where the SA is one of tunnel mode; `ends` that it has to have, or any.
    #[inline]
    fn leave_tunnel(&mut self, tunnel: bool, ends: Option<&Path>) -> Result<(), DropReason> {
        if tunnel {
            let inside = inner::read(self.next_header, std::mem::take(&mut self.packet))?;
            let inside = match ends {
                Some(ends) => inside.between(ends)?,
                None => inside,
            };
            self.ends = Some((inside.source, inside.destination));
            (self.next_header, self.packet) = (inside.next_header, inside.packet);
        }
        Ok(())
    }

    fn unpacked(self, unpacker: &mut Unpacker, room: &'a mut [u8]) -> Result<Self, DropReason> {
        if self.next_header != ipcomp::NEXT_HEADER {
            return Ok(self);
        }
        let (next_header, len) = unpacker.unpack(self.packet, room)?;
        Ok(Self { next_header, packet: room.get_mut(..len).ok_or(DropReason::Compression)?, ..self })
    }
}

fn carried(esp: bool, ah: bool) -> Carried {
    Bundle { esp, ah, ..Bundle::NONE }.carried()
}
