use super::{Flow, Spd};
use crate::policy::{Carried, Guarantee, Level};
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

impl Seen {
    pub fn of(spd: &Spd, flow: &Flow<'_>, now: Wall, default_level: Level) -> Self {
        let entry = spd.lookup(flow, now).entry;
        let pending = spd.pending_beside(entry, flow, now);
        let expires = [entry.expires, pending.and_then(|pending| pending.expires)];
        Self {
            guarantee: Guarantee::of(&entry.action, default_level),
            pending: pending.map(|pending| Guarantee::of(&pending.action, default_level)),
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
