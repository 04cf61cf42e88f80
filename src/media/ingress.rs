use std::net::SocketAddr;
use std::sync::Arc;

use super::associations::Opening;
use super::egress::reaches;
use super::spd_view::SpdView;
use crate::ipsec::{DropReason, Kind, Path};
use crate::policy::{Bundle, Carried, Spd};
use crate::vocab::Wall;

/// A stream's way in: which protocol, open, then the inbound policy check.
pub struct Ingress {
    pub(super) rules: SpdView,
    /// The flow as the peer sees it.
    pub(super) wire: Path,
    pub(super) associations: Opening,
    pub(super) agreed: Bundle,
}

/// A packet that passed the inbound policy check.
pub struct Arrival<'a> {
    pub payload: &'a mut [u8],
    /// The peer is reached where this came from: the newest authenticated packet, and no AH, which fixes the addresses.
    pub moves_remote: bool,
}

impl Ingress {
    /// The octets of room that [`Ingress::unprotect`] needs.
    pub fn room(&self) -> usize {
        self.associations.room()
    }

    /// Opens a datagram in place, or into `room` what was compressed. `Ok(None)` is a keep-alive, which is nothing.
    #[inline]
    pub fn unprotect<'a>(
        &mut self,
        now: Wall,
        from: SocketAddr,
        datagram: &'a mut [u8],
        room: &'a mut [u8],
    ) -> Result<Option<Arrival<'a>>, DropReason> {
        let (carried, arrival) = match Kind::of(datagram) {
            Kind::KeepAlive => return Ok(None),
            Kind::Protected(_) => self.open(from, datagram, room)?,
            Kind::Rtcp | Kind::Rtp if self.associations.is_srtp() => self.open(from, datagram, room)?,
            Kind::Rtcp | Kind::Rtp => self.take_clear(from, datagram)?,
            Kind::Dtls | Kind::Stun | Kind::Unrecognised => return Err(DropReason::Unrecognised),
        };
        let passes = self.rules.lets_in(now, &carried) && reaches(carried, self.agreed.carried());
        if passes {
            Ok(Some(arrival))
        } else {
            Err(DropReason::Policy)
        }
    }

    pub fn set_spd(&mut self, spd: Arc<Spd>) {
        self.rules.set_spd(spd);
    }

    /// Whether the entry in this snapshot asks for more than the peer's associations give, and those are something.
    pub(super) fn falls_short(&self, now: Wall, spd: &Spd) -> bool {
        let (carried, seen) = (self.associations.carried(), self.rules.seen_in(spd, now));
        !seen.sending().discard && !self.associations.is_none() && !seen.lets_in(&carried)
    }

    /// Whether the entry for packets from there is content with what they have.
    pub(super) fn is_reached_from(&self, now: Wall, peer: SocketAddr) -> bool {
        self.rules.seen_at(peer, now).lets_in(&self.associations.carried())
    }

    #[inline]
    fn open<'a>(
        &mut self,
        from: SocketAddr,
        datagram: &'a mut [u8],
        room: &'a mut [u8],
    ) -> Result<(Carried, Arrival<'a>), DropReason> {
        let arrived = Path::new(from, self.wire.destination);
        let opened = self.associations.open(datagram, room, &arrived, &self.wire)?;
        let moves_remote = opened.newest && !opened.carried.header_integrity;
        Ok((opened.carried, Arrival { payload: opened.payload, moves_remote }))
    }

    /// Once a stream has SAs, nothing in clear is let in, at any level; and what nobody authenticated must at least
    /// come from where it was announced.
    fn take_clear<'a>(&self, from: SocketAddr, datagram: &'a mut [u8]) -> Result<(Carried, Arrival<'a>), DropReason> {
        if !self.associations.is_none() {
            return Err(DropReason::Policy);
        }
        if !same(from, self.rules.flow.source) {
            return Err(DropReason::Source);
        }
        Ok((Carried::default(), Arrival { payload: datagram, moves_remote: false }))
    }
}

fn same(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}
