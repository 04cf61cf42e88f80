use std::sync::Arc;

use crate::ipsec::Path;
use crate::policy::{Direction, Flow, Guarantee, Level, Remembered, Spd, Upper};
use crate::vocab::{Device, Entity, Wall};

/// The SPD as one direction of one stream sees it; what was looked up is remembered until a new snapshot comes or
/// the entry expires.
pub(super) struct SpdView {
    pub(super) spd: Arc<Spd>,
    pub(super) direction: Direction,
    /// Addresses and ports as offered, whatever a NAT makes of them (PROTOCOL section 3).
    pub(super) flow: Path,
    pub(super) peer: Option<(Entity, Device)>,
    pub(super) default_level: Level,
    pub(super) remembered: Remembered,
}

impl SpdView {
    pub(super) fn set_spd(&mut self, spd: Arc<Spd>) {
        self.spd = spd;
        self.remembered = Remembered::default();
    }

    /// What the entry for a packet at this moment guarantees.
    #[inline]
    pub(super) fn guarantee(&mut self, now: Wall) -> Guarantee {
        match self.remembered.guarantee(now) {
            Some(guarantee) => guarantee,
            None => self.look_up(now),
        }
    }

    fn look_up(&mut self, now: Wall) -> Guarantee {
        let flow = Flow {
            source: self.flow.source,
            destination: self.flow.destination,
            upper: Upper::Udp,
            direction: self.direction,
            peer: self.peer.as_ref().map(|(entity, device)| (entity, device)),
        };
        let ruling = self.spd.lookup(&flow, now);
        self.remembered = Remembered::of(&ruling, self.default_level);
        Guarantee::of(&ruling.entry.action, self.default_level)
    }
}
