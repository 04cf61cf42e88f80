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
use crate::policy::{Carried, Direction, Level, Prefix, Remembered, Spd};
use crate::vocab::{Device, Entity, Mono, Now};

/// Most peers behind the gateway that one user has at a time.
const MAX_PEERS: usize = 8;
/// The longest datagram that is carried, in octets.
const MAX_DATAGRAM: usize = 1400;

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
    /// Whom our user approved, and where they are: entries for them rule packets to there and back too.
    pub known: Vec<(IpAddr, (Entity, Device))>,
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
    let flow = Path::new(config.inner, address);
    let there = |(known, _): &&(IpAddr, (Entity, Device))| known.to_canonical() == address.ip().to_canonical();
    let known = config.known.iter().filter(there).map(|(_, peer)| Some(peer.clone()));
    let all: Vec<Option<(Entity, Device)>> = std::iter::once(None).chain(known).collect();
    let views = |way, flow| all.iter().map(|peer| view(config, way, flow, peer.clone())).collect();
    peers.push(Peer { address, out: views(Direction::Out, flow), back: views(Direction::In, flow.reversed()) });
    Ok(peers.len() - 1)
}

fn view(config: &ForwarderConfig, direction: Direction, flow: Path, peer: Option<(Entity, Device)>) -> SpdView {
    SpdView {
        spd: config.spd.clone(),
        direction,
        flow,
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
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::ipsec::{DirectionKeys, EspKey};
    use crate::policy::setkey::parse;
    use crate::policy::{Framing, Suite};
    use crate::vocab::{Generation, Spi, Wall};

    const CLEAR: &str = "spdadd any any udp -P out none; spdadd any any udp -P in none;";

    fn at(ms: u64) -> Now {
        Now { mono: Mono(Duration::from_millis(ms)), wall: Wall(1_700_000_000_000 + ms) }
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn peer() -> SocketAddr {
        address("133.134.10.10:16386")
    }

    /// Of the gateway, inside.
    fn inner() -> SocketAddr {
        address("133.134.10.1:20000")
    }

    fn keys(direction: u8) -> DirectionKeys {
        let esp = EspKey {
            spi: Spi::from_random(u32::from(direction)),
            suite: Suite::Chacha20Poly1305,
            key: Zeroizing::new(vec![direction; 32]),
            salt: [direction; 4],
        };
        DirectionKeys { esp: Some(esp), ah: None, framing: Framing { esp_tunnel: true, ..Framing::PLAIN } }
    }

    fn spd(more: &str) -> Arc<Spd> {
        Arc::new(Spd::compile(Generation(1), parse(more).unwrap(), parse(CLEAR).unwrap()))
    }

    /// The telephone's end of the tunnel, and the gateway's.
    struct Pair {
        outbound: Outbound,
        inbound: Inbound,
        tunnel: Path,
        gateway: Forwarder,
    }

    fn pair_over(tunnel: Path, entries: &str) -> Pair {
        let config = ForwarderConfig {
            user: (Entity::parse("sip:alice@office").unwrap(), Device::new("d1").unwrap()),
            tunnel,
            inner: inner(),
            allowed: vec![Prefix::new("133.134.10.0".parse().unwrap(), 24).unwrap()],
            ports: 1024..=u16::MAX,
            known: vec![(peer().ip(), (Entity::parse("sip:bob@there").unwrap(), Device::new("b1").unwrap()))],
            rate: 100,
            spd: spd(entries),
            default_level: Level::Require,
        };
        let (outbound, inbound) = Protection::from_keys(keys(1), keys(2)).unwrap().split();
        let gateway = Forwarder::new(config, Protection::from_keys(keys(2), keys(1)).unwrap());
        Pair { outbound, inbound, tunnel, gateway }
    }

    fn pair(entries: &str) -> Pair {
        pair_over(Path::new(address("192.168.1.1:16384"), address("192.168.1.254:20000")), entries)
    }

    impl Pair {
        fn says(&mut self, from: SocketAddr, to: SocketAddr) -> Vec<u8> {
            let mut buffer = PacketBuffer::new(200);
            buffer.begin(5).unwrap().copy_from_slice(b"hello");
            self.outbound.seal_between(&mut buffer, &Path::new(from, to), &self.tunnel).unwrap().to_vec()
        }

        /// What the gateway sends for what the telephone sends there.
        fn forwarded(&mut self, ms: u64, to: SocketAddr) -> Option<(SocketAddr, Vec<u8>)> {
            let mut packet = self.says(inner(), to);
            let sent = self.gateway.handle_datagram(at(ms), self.tunnel.source, &mut packet)?;
            Some((sent.to, sent.bytes.to_vec()))
        }

        fn dropped(&self) -> Vec<(&'static str, u64)> {
            self.gateway.counters().dropped.iter().map(|(why, count)| (*why, *count)).collect()
        }
    }

    /// IPv4 in IPv4, and in IPv6.
    #[test]
    fn what_the_user_says_goes_on_and_what_is_answered_comes_back() {
        let ipv6 = Path::new(address("[2001:db8::1]:16384"), address("[2001:db8::fe]:20000"));
        for mut pair in [pair(""), pair_over(ipv6, "")] {
            assert_eq!(
                pair.forwarded(0, peer()),
                Some((peer(), b"hello".to_vec())),
                "as it is: the peer sees no tunnel"
            );
            let mut answer = b"well met".to_vec();
            let back = pair.gateway.handle_datagram(at(5), peer(), &mut answer).unwrap();
            assert_eq!(back.to, pair.tunnel.source);
            let (mut sealed, way) = (back.bytes.to_vec(), pair.tunnel.reversed());
            let flow = Path::new(peer(), inner());
            let opened = pair.inbound.open_between(&mut sealed, &mut [], &way, &flow, &way).unwrap();
            assert_eq!((&opened.payload[..], opened.carried.confidentiality), (&b"well met"[..], true));
            assert_eq!(
                (pair.gateway.counters().received, pair.gateway.counters().sent, pair.dropped()),
                (1, 1, vec![])
            );
        }
    }

    #[test]
    fn nothing_goes_where_it_may_not_and_nobody_gets_in_who_was_not_spoken_to() {
        let mut pair = pair("");
        assert_eq!(pair.forwarded(0, address("10.0.0.9:5004")), None);
        assert_eq!(pair.forwarded(0, address("133.134.10.1:5060")), None, "to us, in our name");
        assert_eq!(pair.forwarded(0, address("133.134.10.10:53")), None, "no port of media");
        let mut spoofed = pair.says(address("133.134.10.7:5004"), peer());
        assert!(pair.gateway.handle_datagram(at(0), pair.tunnel.source, &mut spoofed).is_none());
        let mut strange = b"let me in".to_vec();
        assert!(pair.gateway.handle_datagram(at(0), peer(), &mut strange).is_none(), "not spoken to yet");
        let mut replayed = pair.says(inner(), peer());
        let again = replayed.clone();
        assert!(pair.gateway.handle_datagram(at(0), pair.tunnel.source, &mut replayed).is_some());
        assert!(pair.gateway.handle_datagram(at(0), pair.tunnel.source, &mut again.clone()).is_none());
        assert_eq!(pair.dropped(), [("addresses", 1), ("destination", 3), ("replay", 1), ("stranger", 1)]);
        for port in 0..20 {
            pair.forwarded(1, SocketAddr::new(peer().ip(), 7000 + port));
        }
        assert_eq!(pair.gateway.counters().dropped["too-many-peers"], 20 - (MAX_PEERS as u64 - 1));
    }

    /// Ours rule too: what is discarded stays here, and what has to be protected cannot be by us.
    #[test]
    fn the_gateways_own_entries_rule_both_ways() {
        for rules in ["discard", "ipsec esp/transport//require"] {
            let mut pair = pair(&format!("spdadd any 133.134.10.10 udp -P out {rules};"));
            assert_eq!((pair.forwarded(0, peer()), pair.dropped()), (None, vec![("policy", 1)]), "{rules}");
        }
        for rules in ["discard", "ipsec ah/transport//require"] {
            let mut pair = pair(&format!("spdadd any any udp -P out {rules}; # sv: entity=sip:bob@there"));
            assert_eq!(pair.forwarded(0, peer()), None, "{rules}, for whoever is known to be there");
            assert!(pair.forwarded(0, address("133.134.10.11:7000")).is_some(), "and for nobody else");
        }
        let mut pair = pair("spdadd 133.134.10.10 any udp -P in discard;");
        assert!(pair.forwarded(0, peer()).is_some());
        assert!(pair.gateway.handle_datagram(at(1), peer(), &mut b"answer".to_vec()).is_none());
        let discard = spd("spdadd any 133.134.10.10 udp -P out discard;");
        pair.gateway.set_spd(&discard);
        assert_eq!((pair.forwarded(2, peer()), pair.dropped()), (None, vec![("policy", 2)]));
    }

    #[test]
    fn above_the_rate_packets_are_dropped_and_later_they_go_again() {
        let mut pair = pair("");
        let at_once = (0..150).filter(|_| pair.forwarded(0, peer()).is_some()).count();
        assert_eq!((at_once, pair.dropped()), (100, vec![("rate", 50)]));
        let later = (0..150).filter(|_| pair.forwarded(500, peer()).is_some()).count();
        assert_eq!(later, 50);
    }

    /// The user could name somebody else's address for his own, and have what comes back sent there.
    #[test]
    fn with_ah_nothing_comes_back_to_an_address_that_did_not_send() {
        let keys = |n: u8| {
            let ah = crate::ipsec::AhKey { spi: Spi::from_random(u32::from(n)), key: Zeroizing::new([n; 32]) };
            let framing = Framing { ah_tunnel: true, ..Framing::PLAIN };
            DirectionKeys { esp: None, ah: Some(ah), framing }
        };
        let (victim, really) = (address("198.51.100.9:4000"), address("192.168.1.1:16384"));
        let tunnel = Path::new(victim, address("192.168.1.254:20000"));
        let mut pair = pair_over(tunnel, "");
        pair.gateway = Forwarder::new(pair.gateway.config, Protection::from_keys(keys(2), keys(1)).unwrap());
        let mut outbound = Protection::from_keys(keys(1), keys(2)).unwrap().split().0;
        let mut buffer = PacketBuffer::new(200);
        buffer.begin(5).unwrap().copy_from_slice(b"hello");
        let path = Path::new(really, tunnel.destination);
        let mut packet = outbound.seal_between(&mut buffer, &Path::new(inner(), peer()), &path).unwrap().to_vec();
        assert!(pair.gateway.handle_datagram(at(0), really, &mut packet).is_none());
        assert_eq!(pair.dropped(), [("addresses", 1)]);
    }

    #[test]
    fn the_user_moves_with_its_newest_packet() {
        let mut pair = pair("");
        let moved = address("198.51.100.7:4000");
        let (mut old, mut new) = (pair.says(inner(), peer()), pair.says(inner(), peer()));
        assert!(pair.gateway.handle_datagram(at(0), moved, &mut new).is_some());
        assert!(pair.gateway.handle_datagram(at(1), pair.tunnel.source, &mut old).is_some());
        assert_eq!(pair.gateway.remote(), moved);
        assert_eq!(pair.gateway.handle_datagram(at(2), peer(), &mut b"answer".to_vec()).unwrap().to, moved);
    }
}
