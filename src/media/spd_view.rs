use std::sync::Arc;

use crate::ipsec::Path;
use crate::policy::{Carried, Direction, Flow, Guarantee, Level, Spd, Upper};
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
    /// What our user agreed to and the peer has not used yet.
    pending: Option<Guarantee>,
    expires: Option<Wall>,
}

impl Remembered {
    /// The peer may have begun to use what was agreed on, or not know of it yet.
    fn lets_in(self, carried: &Carried) -> bool {
        self.guarantee.accepts(carried) || self.pending.is_some_and(|pending| pending.accepts(carried))
    }
}

impl SpdView {
    pub(super) fn set_spd(&mut self, spd: Arc<Spd>) {
        self.spd = spd;
        self.remembered = None;
    }

    /// What a packet that is sent at this moment must have: what is in force, whatever was agreed beside it. What the peer demands
    /// stands in the bundle of the call.
    #[inline]
    pub(super) fn sending(&mut self, now: Wall) -> Guarantee {
        self.now(now).guarantee
    }

    /// Whether a packet that really had `carried` may be delivered at this moment.
    #[inline]
    pub(super) fn lets_in(&mut self, now: Wall, carried: &Carried) -> bool {
        self.now(now).lets_in(carried)
    }

    #[inline]
    fn now(&mut self, now: Wall) -> Remembered {
        match self.remembered {
            Some(remembered) if remembered.expires.is_none_or(|at| now < at) => remembered,
            _ => self.look_up(now),
        }
    }

    fn look_up(&mut self, now: Wall) -> Remembered {
        let flow = Flow {
            source: self.flow.source,
            destination: self.flow.destination,
            upper: Upper::Udp,
            direction: self.direction,
            peer: self.peer.as_ref().map(|(entity, device)| (entity, device)),
        };
        let entry = self.spd.lookup(&flow, now).entry;
        let pending = self.spd.pending_beside(entry, &flow, now);
        let guarantee = Guarantee::of(&entry.action, self.default_level);
        let expires = [entry.expires, pending.and_then(|pending| pending.expires)];
        let remembered = Remembered {
            guarantee,
            pending: pending.map(|pending| Guarantee::of(&pending.action, self.default_level)),
            expires: expires.into_iter().flatten().min(),
        };
        self.remembered = Some(remembered);
        remembered
    }
}
