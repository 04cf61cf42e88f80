use std::net::SocketAddr;
use std::sync::Arc;

use super::associations::Sealing;
use super::clear::ClearAllowed;
use super::spd_view::SpdView;
use super::tunnel::Tunnel;
use crate::ipsec::{PacketBuffer, Path, SealError};
use crate::policy::{Bundle, Carried, Spd};
use crate::vocab::Wall;

/// A stream's way out: what the entry for each packet demands, then its protection.
pub struct Egress {
    pub(super) rules: SpdView,
    /// The flow as the peer sees it, which differs from that of the rules where a gateway stands between.
    pub(super) wire: Path,
    pub(super) associations: Sealing,
    pub(super) agreed: Bundle,
}

/// How a packet leaves. There is no third way.
enum Outgoing {
    Clear(ClearAllowed),
    Sealed,
}

/// Why a packet stays here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    #[error("the policy discards it")]
    Forbidden,
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the policy demands protection that the stream does not have")]
    Unprotected,
}

impl Withheld {
    /// The name of its counter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Seal(SealError::Exhausted) => "exhausted",
            Self::Seal(SealError::TooLong) => "too-long",
            Self::Seal(SealError::NoAssociation) | Self::Unprotected => "unprotected",
        }
    }
}

impl Egress {
    /// Makes the datagram of the packet in the buffer, in place, as the entry that rules it and the agreed bundle demand.
    #[inline]
    pub fn protect<'a>(&mut self, now: Wall, buffer: &'a mut PacketBuffer) -> Result<&'a [u8], Withheld> {
        match self.decide(now)? {
            Outgoing::Clear(allowed) => Ok(allowed.datagram(buffer)),
            Outgoing::Sealed => Ok(self.associations.seal(buffer, &self.wire)?),
        }
    }

    /// The same through a tunnel, to this peer behind its end. What has no other protection has the tunnel's: nothing leaves past it.
    pub(super) fn protect_within<'a>(
        &mut self,
        now: Wall,
        buffer: &'a mut PacketBuffer,
        (tunnel, to): (&mut Tunnel, SocketAddr),
    ) -> Result<&'a [u8], Withheld> {
        match self.decide(now)? {
            Outgoing::Clear(_) => {}
            Outgoing::Sealed => _ = self.associations.seal(buffer, &self.wire)?,
        }
        Ok(tunnel.seal(buffer, to)?)
    }

    pub fn set_spd(&mut self, spd: Arc<Spd>) {
        self.rules.set_spd(spd);
    }

    /// Whether the entry in this snapshot asks for more than our associations give, and those are something.
    pub(super) fn falls_short(&self, now: Wall, spd: &Spd) -> bool {
        let guarantee = self.rules.seen_in(spd, now).sending();
        !guarantee.discard && !self.associations.is_none() && !guarantee.accepts(&self.associations.carried())
    }

    /// Whether the entry for packets to there is content with what they have.
    pub(super) fn reaches(&self, now: Wall, peer: SocketAddr) -> bool {
        let guarantee = self.rules.seen_at(peer, now).sending();
        !guarantee.discard && guarantee.accepts(&self.associations.carried())
    }

    fn decide(&mut self, now: Wall) -> Result<Outgoing, Withheld> {
        let guarantee = self.rules.sending(now);
        if guarantee.discard {
            return Err(Withheld::Forbidden);
        }
        if let Some(allowed) = ClearAllowed::by(&guarantee, self.agreed, &self.associations) {
            return Ok(Outgoing::Clear(allowed));
        }
        let carried = self.associations.carried();
        let enough = guarantee.accepts(&carried) && reaches(carried, self.agreed.carried());
        (enough && !self.associations.is_none()).then_some(Outgoing::Sealed).ok_or(Withheld::Unprotected)
    }
}

/// Whether `carried` has everything that `demanded` has.
pub(super) fn reaches(carried: Carried, demanded: Carried) -> bool {
    carried.confidentiality >= demanded.confidentiality
        && carried.payload_integrity >= demanded.payload_integrity
        && carried.header_integrity >= demanded.header_integrity
        && carried.sealed >= demanded.sealed
}
