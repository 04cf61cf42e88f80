use std::sync::Arc;

use crate::ipsec::Path;
use crate::policy::{Direction, Flow, Guarantee, Level, Spd, Upper};
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
    pub(super) remembered: Option<Remembered>,
}

#[derive(Clone, Copy)]
pub(super) struct Remembered {
    guarantee: Guarantee,
    expires: Option<Wall>,
}

impl SpdView {
    pub(super) fn set_spd(&mut self, spd: Arc<Spd>) {
        self.spd = spd;
        self.remembered = None;
    }

    /// What the entry for a packet at this moment guarantees.
    #[inline]
    pub(super) fn guarantee(&mut self, now: Wall) -> Guarantee {
        match self.remembered {
            Some(Remembered { guarantee, expires }) if expires.is_none_or(|at| now < at) => guarantee,
            _ => self.look_up(now),
        }
    }

    /// The same in another snapshot.
    pub(super) fn guarantee_in(&self, spd: &Spd, now: Wall) -> Guarantee {
        Guarantee::of(&spd.lookup(&self.packet(), now).entry.action, self.default_level)
    }

    fn look_up(&mut self, now: Wall) -> Guarantee {
        let entry = self.spd.lookup(&self.packet(), now).entry;
        let guarantee = Guarantee::of(&entry.action, self.default_level);
        self.remembered = Some(Remembered { guarantee, expires: entry.expires });
        guarantee
    }

    fn packet(&self) -> Flow<'_> {
        Flow {
            source: self.flow.source,
            destination: self.flow.destination,
            upper: Upper::Udp,
            direction: self.direction,
            peer: self.peer.as_ref().map(|(entity, device)| (entity, device)),
        }
    }
}
