use std::net::SocketAddr;
use std::sync::Arc;

use super::associations::{Associations, Opening, Sealing};
use super::egress::Egress;
use super::ingress::Ingress;
use super::spd_view::SpdView;
use crate::ipsec::Path;
use crate::policy::{Bundle, Direction, Enclosing, Level, Spd, Upper};
use crate::vocab::{Device, Entity, Mono, Now, Spi};

/// What one agreement protects a stream with, and the entries that both sides agreed for.
pub(super) struct Generation {
    pub(super) egress: Egress,
    pub(super) ingress: Ingress,
    /// Where the peer is reached.
    pub(super) remote: SocketAddr,
    /// Entries that ask more than its associations give, and from when on they rule all the same.
    tighter: Option<(Arc<Spd>, Mono)>,
}

/// What a generation is made of, beside its SAs.
pub(super) struct Terms {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    /// By what its packets go.
    pub(super) upper: Upper,
    pub(super) peer: Option<(Entity, Device)>,
    pub(super) spd: Arc<Spd>,
    pub(super) default_level: Level,
    pub(super) outbound: Bundle,
    pub(super) inbound: Bundle,
    pub(super) around: Option<Around>,
}

/// A tunnel to a gateway that packets go by, out and in.
#[derive(Clone, Copy)]
pub(super) struct Around {
    /// Where the peer sends to.
    pub(super) inner: SocketAddr,
    pub(super) outbound: Enclosing,
    pub(super) inbound: Enclosing,
}

impl Generation {
    pub(super) fn new(terms: Terms, associations: Associations) -> Self {
        let (sealing, opening) = associations.split();
        Self::sealed_by(terms, sealing, opening)
    }

    fn sealed_by(terms: Terms, sealing: Sealing, opening: Opening) -> Self {
        let Terms { local, remote, upper, peer, spd, default_level, outbound, inbound, around } = terms;
        let flow = Path::new(local, remote);
        let wire = Path::new(around.map_or(local, |around| around.inner), remote);
        let rules = |direction, flow, enclosing| SpdView {
            spd: spd.clone(),
            direction,
            flow,
            upper,
            peer: peer.clone(),
            default_level,
            enclosing,
            remembered: crate::policy::Remembered::default(),
        };
        Self {
            egress: Egress {
                rules: rules(Direction::Out, flow, around.map(|around| around.outbound)),
                wire,
                associations: sealing,
                agreed: outbound,
            },
            ingress: Ingress {
                rules: rules(Direction::In, flow.reversed(), around.map(|around| around.inbound)),
                wire: wire.reversed(),
                associations: opening,
                agreed: inbound,
            },
            remote,
            tighter: None,
        }
    }

    /// What its packets are sealed with was made since it began.
    pub(super) fn key(&mut self, associations: Associations) {
        (self.egress.associations, self.ingress.associations) = associations.split();
    }

    /// Goes on under other terms, with what it has where nothing else is given.
    pub(super) fn go_on(&mut self, terms: Terms, (sealing, opening): (Option<Sealing>, Option<Opening>)) {
        let none = Associations::none().split();
        let before = (
            std::mem::replace(&mut self.egress.associations, none.0),
            std::mem::replace(&mut self.ingress.associations, none.1),
        );
        *self = Self::sealed_by(terms, sealing.unwrap_or(before.0), opening.unwrap_or(before.1));
    }

    /// Nothing of it is sealed, either way.
    pub(super) fn is_clear(&self) -> bool {
        self.egress.associations.is_none() && self.ingress.associations.is_none()
    }

    /// Whether packets under this SPI are for it.
    pub(super) fn receives(&self, spi: Spi) -> bool {
        self.ingress.associations.receives(spi)
    }

    /// The octets of room that unpacking what the peer compressed takes.
    pub(super) fn room(&self) -> usize {
        self.ingress.associations.room()
    }

    /// Its packets are looked up in this snapshot from now on. A packet is held against the entry of its SA's generation
    /// (PROTOCOL section 7, "Mid-call"): entries that ask for more than its associations give rule it `later`, when others have taken
    /// its place. What has no associations, and what is discarded now, waits for nothing.
    pub(super) fn set_spd(&mut self, now: Now, spd: Arc<Spd>, later: Mono) {
        let falls_short = self.egress.falls_short(now.wall, &spd) || self.ingress.falls_short(now.wall, &spd);
        match falls_short {
            true => self.tighter = Some((spd, later)),
            false => self.adopt(spd),
        }
    }

    /// The time for others to take its place is over.
    pub(super) fn settle(&mut self, now: Mono) {
        if let Some((spd, _)) = self.tighter.take_if(|(_, later)| *later <= now) {
            self.adopt(spd);
        }
    }

    fn adopt(&mut self, spd: Arc<Spd>) {
        self.tighter = None;
        self.egress.set_spd(spd.clone());
        self.ingress.set_spd(spd);
    }
}
