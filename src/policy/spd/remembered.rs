use std::net::IpAddr;

use super::{Flow, Spd};
use crate::policy::{Carried, Entry, Guarantee, Level};
use crate::vocab::Wall;

/// What was found for one flow, until an entry of it expires. Whoever gets another snapshot forgets it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Remembered(Option<Seen>);

/// What the entry for a packet guarantees, and what our user agreed to beside it and the peer has not used yet.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    guarantee: Guarantee,
    pending: Option<Guarantee>,
    expires: Option<Wall>,
}

impl Remembered {
    pub fn new(seen: Seen) -> Self {
        Self(Some(seen))
    }

    /// `None`: it has to be looked up.
    #[inline]
    pub fn at(&self, now: Wall) -> Option<Seen> {
        self.0.filter(|seen| seen.expires.is_none_or(|at| now < at))
    }
}

/// A tunnel to a gateway, around the packets of a flow (item 831).
#[derive(Clone, Copy, Debug)]
pub struct Enclosing {
    /// Our end, and the gateway's.
    pub ends: (IpAddr, IpAddr),
    /// What packets have in it.
    pub gives: Carried,
}

impl Enclosing {
    /// What an entry demands beside the tunnel: all of it, unless it tunnels there and the tunnel has what it asks for.
    fn guarantee(&self, entry: &Entry, default_level: Level) -> Guarantee {
        let far = entry
            .split_at(self.ends.0, self.ends.1)
            .filter(|(near, _)| Guarantee::of(&near.action, default_level).accepts(&self.gives));
        Guarantee::of(far.as_ref().map_or(&entry.action, |(_, far)| &far.action), default_level)
    }
}

impl Seen {
    pub fn of(spd: &Spd, flow: &Flow<'_>, now: Wall, default_level: Level) -> Self {
        Self::within(spd, flow, now, (default_level, None))
    }

    /// The same where a tunnel may lie around the packet: what is left for the packet itself.
    pub fn within(
        spd: &Spd,
        flow: &Flow<'_>,
        now: Wall,
        (default_level, enclosing): (Level, Option<&Enclosing>),
    ) -> Self {
        let demanded = |entry: &Entry| match enclosing {
            Some(tunnel) => tunnel.guarantee(entry, default_level),
            None => Guarantee::of(&entry.action, default_level),
        };
        let entry = spd.lookup(flow, now).entry;
        let pending = spd.pending_beside(entry, flow, now);
        let expires = [entry.expires, pending.and_then(|pending| pending.expires)];
        Self {
            guarantee: demanded(entry),
            pending: pending.map(demanded),
            expires: expires.into_iter().flatten().min(),
        }
    }

    /// What a packet that is sent must have: what is in force, whatever was agreed beside it.
    pub fn sending(self) -> Guarantee {
        self.guarantee
    }

    /// Whether a packet that really had `carried` may be delivered: the peer may have begun to use what was agreed on, or not
    /// know of it yet.
    pub fn lets_in(self, carried: &Carried) -> bool {
        self.guarantee.accepts(carried) || self.pending.is_some_and(|pending| pending.accepts(carried))
    }
}
