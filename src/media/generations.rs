use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::associations::{Opening, Sealing};
use super::generation::{Generation, Terms};
use super::ingress::Arrival;
use super::{Associations, Egress};
use crate::ipsec::{DropReason, Kind};
use crate::policy::{Bundle, Spd, Upper};
use crate::vocab::{Mono, Now};

/// An overlap ends so long after the peer was heard under the new keys (PROTOCOL section 7, "Mid-call").
pub const OVERLAP_HEARD: Duration = Duration::from_secs(2);

/// And so long after it began in any case.
pub const OVERLAP: Duration = Duration::from_secs(10);

/// The generation that a stream runs under, and during an overlap the one that it takes the place of.
pub(super) struct Generations {
    current: Generation,
    overlap: Option<Overlap>,
}

enum Overlap {
    /// We speak under the current one; the peer may still speak under this one.
    Before { generation: Box<Generation>, until: Mono, heard: bool },
    /// The peer may speak under this one already; we do when it did, or then. One that is in clear waits for the peer: as long as it
    /// may not know of it, what we send is sealed.
    Next { generation: Box<Generation>, until: Mono },
}

/// Under which generation a datagram came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Current,
    Other,
}

impl Generations {
    pub(super) fn new(first: Generation) -> Self {
        Self { current: first, overlap: None }
    }

    /// The peer's packets have nothing around them.
    pub(super) fn takes_clear(&self) -> bool {
        self.current.ingress.associations.is_none()
    }

    pub(super) fn remote(&self) -> SocketAddr {
        self.current.remote
    }

    /// Whether the entries for the peer's packets and ours would let them go by this address of its.
    pub(super) fn allow(&self, now: Now, peer: SocketAddr) -> bool {
        self.current.egress.reaches(now.wall, peer) && self.current.ingress.is_reached_from(now.wall, peer)
    }

    /// What was agreed for packets of ours.
    pub(super) fn outbound(&self) -> Bundle {
        self.current.egress.agreed
    }

    /// The way out, and where it leads.
    pub(super) fn way_out(&mut self) -> (&mut Egress, SocketAddr) {
        (&mut self.current.egress, self.current.remote)
    }

    /// The keys that were agreed on are there.
    pub(super) fn key(&mut self, associations: Associations) {
        self.current.key(associations);
    }

    /// By what packets go.
    pub(super) fn upper(&self) -> Upper {
        self.current.egress.rules.upper
    }

    /// Nothing came yet under what was agreed last.
    pub(super) fn awaits_next(&self) -> bool {
        matches!(self.overlap, Some(Overlap::Next { .. }))
    }

    pub(super) fn into_current(self) -> Generation {
        self.current
    }

    /// Both sides agreed anew. Who offered `speaks_first`: it knows that the other receives. The other speaks when it has heard it. What is
    /// in clear has no overlap.
    pub(super) fn rekey(&mut self, now: Mono, next: Generation, speaks_first: bool) {
        if let Some(Overlap::Next { .. }) = self.overlap {
            self.promote(now);
        }
        let until = now + OVERLAP;
        if !speaks_first && !self.current.is_clear() {
            self.overlap = Some(Overlap::Next { generation: Box::new(next), until });
            return;
        }
        let before = std::mem::replace(&mut self.current, next);
        let overlaps = !before.is_clear();
        self.overlap = overlaps.then(|| Overlap::Before { generation: Box::new(before), until, heard: false });
    }

    /// This one takes the place of all that was before, at once.
    pub(super) fn replace(&mut self, next: Generation) {
        self.current = next;
        self.overlap = None;
    }

    /// The same, with what it has now where nothing else is given.
    pub(super) fn go_on(&mut self, terms: Terms, others: (Option<Sealing>, Option<Opening>)) {
        self.overlap = None;
        self.current.go_on(terms, others);
    }

    /// Opens a datagram under the generation that it names by its SPI.
    pub(super) fn unprotect<'a>(
        &mut self,
        now: Now,
        from: SocketAddr,
        datagram: &'a mut [u8],
        room: &'a mut [u8],
    ) -> Result<Option<Arrival<'a>>, DropReason> {
        let which = self.which(datagram);
        let generation = match (&mut self.overlap, which) {
            (Some(Overlap::Before { generation, .. } | Overlap::Next { generation, .. }), Which::Other) => generation,
            _ => &mut self.current,
        };
        let arrival = generation.ingress.unprotect(now.wall, from, datagram, room)?;
        if let Some(arrival) = &arrival {
            if arrival.moves_remote {
                generation.remote = from;
            }
            self.note_heard(now.mono, which);
        }
        Ok(arrival)
    }

    pub(super) fn set_spd(&mut self, now: Now, spd: Arc<Spd>) {
        let later = now.mono + OVERLAP;
        self.current.set_spd(now, spd.clone(), later);
        match &mut self.overlap {
            Some(Overlap::Before { generation, until, .. }) => generation.set_spd(now, spd, *until),
            Some(Overlap::Next { generation, .. }) => generation.set_spd(now, spd, later),
            None => {}
        }
    }

    /// Ends what has had its time. Cheap, and called before anything else is done.
    #[inline]
    pub(super) fn settle(&mut self, now: Mono) {
        self.current.settle(now);
        match &self.overlap {
            Some(Overlap::Before { until, .. }) if *until <= now => self.overlap = None,
            Some(Overlap::Next { until, generation }) if *until <= now && !self.is_told_by_clear(generation) => {
                self.promote(now);
                self.overlap = None;
            }
            _ => {}
        }
    }

    fn which(&self, datagram: &[u8]) -> Which {
        let other = match (&self.overlap, Kind::of(datagram)) {
            (Some(Overlap::Before { generation, .. } | Overlap::Next { generation, .. }), Kind::Protected(spi)) => {
                generation.receives(spi)
            }
            // What was in clear before is over; what both sides agreed to have in clear from now on is not.
            (Some(Overlap::Next { generation, .. }), Kind::Rtp | Kind::Rtcp) => self.is_told_by_clear(generation),
            _ => false,
        };
        if other {
            Which::Other
        } else {
            Which::Current
        }
    }

    /// The peer's first packet in clear will say that it has gone on to this one.
    fn is_told_by_clear(&self, next: &Generation) -> bool {
        next.ingress.associations.is_none() && !self.current.ingress.associations.is_none()
    }

    fn note_heard(&mut self, now: Mono, which: Which) {
        match (&mut self.overlap, which) {
            (Some(Overlap::Before { until, heard, .. }), Which::Current) if !*heard => {
                *heard = true;
                *until = (*until).min(now + OVERLAP_HEARD);
            }
            (Some(Overlap::Next { .. }), Which::Other) => self.promote(now),
            _ => {}
        }
    }

    /// From here on we speak under the next one, too.
    fn promote(&mut self, now: Mono) {
        match self.overlap.take() {
            Some(Overlap::Next { generation, until }) => {
                let before = std::mem::replace(&mut self.current, *generation);
                let until = until.min(now + OVERLAP_HEARD);
                self.overlap = Some(Overlap::Before { generation: Box::new(before), until, heard: true });
            }
            other => self.overlap = other,
        }
    }
}
