use std::net::SocketAddr;
use std::sync::Arc;

use crate::ipsec::Path;
use crate::policy::{Carried, Direction, Enclosing, Flow, Guarantee, Level, Remembered, Seen, Spd, Upper};
use crate::vocab::{Device, Entity, Wall};

/// The SPD as one direction of one stream sees it; what was looked up is remembered until a new snapshot comes or
/// the entry expires.
pub(super) struct SpdView {
    pub(super) spd: Arc<Spd>,
    pub(super) direction: Direction,
    /// Addresses and ports as offered, whatever a NAT makes of them (PROTOCOL section 3).
    pub(super) flow: Path,
    pub(super) upper: Upper,
    pub(super) peer: Option<(Entity, Device)>,
    pub(super) default_level: Level,
    /// A tunnel around the packets.
    pub(super) enclosing: Option<Enclosing>,
    pub(super) remembered: Remembered,
}

impl SpdView {
    pub(super) fn set_spd(&mut self, spd: Arc<Spd>) {
        self.spd = spd;
        self.remembered = Remembered::default();
    }

    /// What a packet that is sent at this moment must have: what is in force, whatever was agreed beside it. What the peer demands
    /// stands in the bundle of the call.
    #[inline]
    pub(super) fn sending(&mut self, now: Wall) -> Guarantee {
        self.now(now).sending()
    }

    /// Whether a packet that really had `carried` may be delivered at this moment.
    #[inline]
    pub(super) fn lets_in(&mut self, now: Wall, carried: &Carried) -> bool {
        self.now(now).lets_in(carried)
    }

    #[inline]
    fn now(&mut self, now: Wall) -> Seen {
        match self.remembered.at(now) {
            Some(seen) => seen,
            None => self.look_up(now),
        }
    }

    /// The same in another snapshot.
    pub(super) fn seen_in(&self, spd: &Spd, now: Wall) -> Seen {
        Seen::within(spd, &self.packet(), now, (self.default_level, self.enclosing.as_ref()))
    }

    /// The same if the peer were there.
    pub(super) fn seen_at(&self, peer: SocketAddr, now: Wall) -> Seen {
        let flow = match self.direction {
            Direction::Out => Path::new(self.flow.source, peer),
            Direction::In => Path::new(peer, self.flow.destination),
        };
        let enclosing = (self.default_level, self.enclosing.as_ref());
        Seen::within(&self.spd, &self.packet_of(flow), now, enclosing)
    }

    fn look_up(&mut self, now: Wall) -> Seen {
        let seen = self.seen_in(&self.spd, now);
        self.remembered = Remembered::new(seen);
        seen
    }

    fn packet(&self) -> Flow<'_> {
        self.packet_of(self.flow)
    }

    fn packet_of(&self, flow: Path) -> Flow<'_> {
        Flow {
            source: flow.source,
            destination: flow.destination,
            upper: self.upper,
            direction: self.direction,
            peer: self.peer.as_ref().map(|(entity, device)| (entity, device)),
        }
    }
}
