//! The gateway's part (item 831): the far end of one user's tunnel. What its user sends inside is sent on from an address of
//! the gateway, and what comes back there goes into the tunnel. The peer behind it sees the gateway's address and nothing else.
//!
//! The inner packets of the user have the gateway's own address as their source, so nothing in them is rewritten: whatever
//! protects them from end to end stays whole. Each obeys the gateway's own entries in both directions, and because the gateway adds
//! no protection of its own, an entry that insists on any lets none through.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::spd_view::SpdView;
use super::stream::Datagram;
use super::Counters;
use crate::ipsec::{DropReason, Inbound, Kind, Outbound, PacketBuffer, Path, Protection};
use crate::policy::{Carried, Direction, Level, Prefix, Remembered, Spd, Upper};
use crate::vocab::{Device, Entity, Mono, Now};

/// Most peers behind the gateway that one user has at a time.
const MAX_PEERS: usize = 8;
/// The longest datagram that is carried, in octets.
const MAX_DATAGRAM: usize = 1400;

/// Whom our user approved, and where they are: entries for them rule packets to there and back too.
pub type Known = Vec<(IpAddr, (Entity, Device))>;

/// What a tunnel's far end is made of, beside its SAs.
pub struct ForwarderConfig {
    /// Whose tunnel it is: its keys are pinned.
    pub user: (Entity, Device),
    /// From the user's end of the tunnel to ours.
    pub tunnel: Path,
    /// The source of the user's inner packets: ours, from which they are sent on, and where peers answer.
    pub inner: SocketAddr,
    /// Where inner packets may go, and to which ports there.
    pub allowed: Vec<Prefix>,
    pub ports: RangeInclusive<u16>,
    pub known: Arc<Known>,
    /// Packets a second, both ways together; as many may come at once.
    pub rate: u32,
    pub spd: Arc<Spd>,
    pub default_level: Level,
}

/// One tunnel's far end.
pub struct Forwarder {
    outbound: Outbound,
    inbound: Inbound,
    config: ForwarderConfig,
    /// What the user sends to us, whatever is in it.
    outside: SpdView,
    /// Where the user is reached.
    remote: SocketAddr,
    peers: Vec<Peer>,
    rate: Rate,
    buffer: PacketBuffer,
    room: Box<[u8]>,
    /// Received is what came out of the tunnel, sent what went into it.
    counters: Counters,
}

/// One whom the user has sent to, and what our entries say of packets there and back.
struct Peer {
    address: SocketAddr,
    /// Of whoever is there, and of each that is known to be: the tightest rules.
    out: Vec<SpdView>,
    back: Vec<SpdView>,
}

impl Forwarder {
    pub fn new(config: ForwarderConfig, protection: Protection) -> Self {
        let (outbound, inbound) = protection.split();
        let outside = view(&config, Direction::In, config.tunnel, Some(config.user.clone()));
        Self {
            remote: config.tunnel.source,
            rate: Rate::new(config.rate),
            peers: Vec::with_capacity(MAX_PEERS),
            buffer: PacketBuffer::new(MAX_DATAGRAM),
            room: vec![0; inbound.room()].into_boxed_slice(),
            counters: Counters::default(),
            outbound,
            inbound,
            outside,
            config,
        }
    }

    /// A datagram came to our address, of the user or of a peer; gives what is to be sent for it.
    pub fn handle_datagram<'a>(
        &'a mut self,
        now: Now,
        from: SocketAddr,
        datagram: &'a mut [u8],
    ) -> Option<Datagram<'a>> {
        let known = self.peers.iter().position(|peer| peer.address == from && from != self.remote);
        match (known, Kind::of(datagram)) {
            (_, Kind::KeepAlive) => None,
            (Some(at), _) => self.back(now, at, datagram),
            (None, Kind::Protected(_)) => self.out(now, from, datagram),
            (None, _) => drop_one(&mut self.counters, STRANGER),
        }
    }

    /// Look up in this snapshot from the next packet on.
    pub fn set_spd(&mut self, spd: &Arc<Spd>) {
        self.config.spd = spd.clone();
        self.outside.set_spd(spd.clone());
        for peer in &mut self.peers {
            peer.out.iter_mut().chain(&mut peer.back).for_each(|view| view.set_spd(spd.clone()));
        }
    }

    /// Who is where by now; whoever was sent to already is ruled by it too.
    pub fn set_known(&mut self, known: &Arc<Known>) {
        self.config.known = known.clone();
        let config = &self.config;
        self.peers.iter_mut().for_each(|peer| *peer = Peer::new(config, peer.address));
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Where the user is reached: as offered, until an authenticated packet comes from elsewhere.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    fn out<'a>(&'a mut self, now: Now, from: SocketAddr, datagram: &'a mut [u8]) -> Option<Datagram<'a>> {
        let arrived = Path::new(from, self.config.tunnel.destination);
        let opened = self.inbound.open_any(datagram, &mut self.room, &arrived, &self.config.tunnel);
        let (opened, flow) = match opened {
            Ok(opened) => opened,
            Err(why) => return drop_one(&mut self.counters, why.name()),
        };
        if !self.outside.lets_in(now.wall, &opened.carried) {
            return drop_one(&mut self.counters, DropReason::Policy.name());
        }
        let is_fixed = opened.carried.header_integrity;
        if opened.newest && !is_fixed {
            self.remote = from;
        }
        // AH proves the address that a packet came by: what comes back goes there and nowhere else.
        if is_fixed && from != self.remote {
            return drop_one(&mut self.counters, DropReason::Addresses.name());
        }
        if flow.source != self.config.inner {
            return drop_one(&mut self.counters, DropReason::Addresses.name());
        }
        let at = match admit(&self.config, &mut self.peers, flow.destination) {
            Ok(at) => at,
            Err(why) => return drop_one(&mut self.counters, why),
        };
        let bare = Carried::default();
        let sends = |view: &mut SpdView| view.sending(now.wall).accepts(&bare);
        let passes = self.peers.get_mut(at).is_some_and(|peer| peer.out.iter_mut().all(sends));
        match (passes, passes && self.rate.takes(now.mono)) {
            (false, _) => drop_one(&mut self.counters, DropReason::Policy.name()),
            (true, false) => drop_one(&mut self.counters, RATE),
            (true, true) => {
                self.counters.received += 1;
                Some(Datagram { to: flow.destination, bytes: opened.payload })
            }
        }
    }

    fn back<'a>(&'a mut self, now: Now, at: usize, datagram: &[u8]) -> Option<Datagram<'a>> {
        let peer = self.peers.get_mut(at)?;
        if !peer.back.iter_mut().all(|view| view.lets_in(now.wall, &Carried::default())) {
            return drop_one(&mut self.counters, DropReason::Policy.name());
        }
        if !self.rate.takes(now.mono) {
            return drop_one(&mut self.counters, RATE);
        }
        let flow = Path::new(peer.address, self.config.inner);
        let Some(room) = self.buffer.begin(datagram.len()) else {
            return drop_one(&mut self.counters, DropReason::Malformed.name());
        };
        room.copy_from_slice(datagram);
        match self.outbound.seal_between(&mut self.buffer, &flow, &self.config.tunnel.reversed()) {
            Ok(bytes) => {
                self.counters.sent += 1;
                Some(Datagram { to: self.remote, bytes })
            }
            Err(_) => drop_one(&mut self.counters, UNSEALED),
        }
    }
}

const RATE: &str = "rate";
const UNSEALED: &str = "unsealed";
/// Of nobody whom the user has sent to yet.
const STRANGER: &str = "stranger";
/// Where nobody may send.
const DESTINATION: &str = "destination";
const TOO_MANY: &str = "too-many-peers";

fn drop_one<T>(counters: &mut Counters, why: &'static str) -> Option<T> {
    counters.drop_one(why);
    None
}

/// The place of a peer, which is remembered when it is a new one.
fn admit(config: &ForwarderConfig, peers: &mut Vec<Peer>, address: SocketAddr) -> Result<usize, &'static str> {
    if let Some(at) = peers.iter().position(|peer| peer.address == address) {
        return Ok(at);
    }
    // What comes from our own address is believed to be ours: nobody sends to us in our name.
    let is_ours = address.ip().to_canonical() == config.inner.ip().to_canonical();
    if is_ours
        || !config.ports.contains(&address.port())
        || !config.allowed.iter().any(|prefix| prefix.contains(address.ip()))
    {
        return Err(DESTINATION);
    }
    if peers.len() >= MAX_PEERS {
        return Err(TOO_MANY);
    }
    peers.push(Peer::new(config, address));
    Ok(peers.len() - 1)
}

impl Peer {
    fn new(config: &ForwarderConfig, address: SocketAddr) -> Self {
        let flow = Path::new(config.inner, address);
        let there = |(known, _): &&(IpAddr, (Entity, Device))| known.to_canonical() == address.ip().to_canonical();
        let known = config.known.iter().filter(there).map(|(_, peer)| Some(peer.clone()));
        let all: Vec<Option<(Entity, Device)>> = std::iter::once(None).chain(known).collect();
        let views = |way, flow| all.iter().map(|peer| view(config, way, flow, peer.clone())).collect();
        Self { address, out: views(Direction::Out, flow), back: views(Direction::In, flow.reversed()) }
    }
}

fn view(config: &ForwarderConfig, direction: Direction, flow: Path, peer: Option<(Entity, Device)>) -> SpdView {
    SpdView {
        spd: config.spd.clone(),
        direction,
        flow,
        upper: Upper::Udp,
        peer,
        default_level: config.default_level,
        enclosing: None,
        remembered: Remembered::default(),
    }
}

/// So many packets a second, and as many at once (the generic cell rate algorithm).
struct Rate {
    each: Duration,
    /// When all of them would have been sent at that rate.
    due: Mono,
}

impl Rate {
    fn new(a_second: u32) -> Self {
        Self { each: Duration::from_secs(1) / a_second.max(1), due: Mono::default() }
    }

    fn takes(&mut self, now: Mono) -> bool {
        let due = self.due.max(now);
        let fits = due - now < Duration::from_secs(1);
        if fits {
            self.due = due + self.each;
        }
        fits
    }
}

#[cfg(test)]
mod tests;
