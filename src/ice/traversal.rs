use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use is::stun::{StunMessage, StunPacket};
use is::{Candidate, IceAgent, IceAgentEvent, IceConnectionState, IceCreds, Protocol};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use super::binding::Binding;
use super::candidates;
use super::gathering::{Credentials, Gathering, Servers, Start};
use super::hmac::Hmac;
use super::relay::{Relay, Unwrapped};
use crate::sdp::Ice;
use crate::sip::stun::is_stun;
use crate::vocab::{Failure, Mono, Now};

/// Pairs that are checked at most (RFC 8445 section 6.1.2.5 recommends 100; our lists are short).
const PAIRS: usize = 64;
/// Addresses of the other side that are known at most: those that it named, and those that its checks came from.
const PLACES: usize = 32;

/// One socket's way through NATs.
pub struct Traversal {
    local: SocketAddr,
    /// What the crate counts from.
    origin: Instant,
    agent: IceAgent,
    bindings: Vec<Binding>,
    relay: Option<Relay>,
    /// Its address, once the machine of ICE knows it.
    relayed: Option<SocketAddr>,
    out: VecDeque<Transmit>,
    /// The other side, once it is known.
    described: Option<SocketAddr>,
    /// The pair that both sides use: the peer's address, and whether our end is the relay.
    nominated: Option<(SocketAddr, bool)>,
    /// Addresses of the peer that an answered or authenticated check came from: media that comes from there is its own (RFC 8445 section 12.2.1).
    proven: Vec<SocketAddr>,
    /// What [`Traversal::rule`] was asked of stands as it was then.
    is_ruled: bool,
    /// Those that it let packets go to and come from.
    allowed: Vec<SocketAddr>,
    /// And they may go by the server of TURN.
    may_relay: bool,
    /// It had a pair, and the peer consents no more (RFC 7675).
    is_silenced: bool,
}

/// A datagram to send.
#[derive(Debug, PartialEq, Eq)]
pub struct Transmit {
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Where a packet of media goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Where the stream would send it.
    AsDescribed,
    To(SocketAddr),
    /// To this address, from ours at the server of TURN.
    ByRelay(SocketAddr),
    /// Nowhere: the peer does not consent any more.
    Nowhere,
}

/// What a datagram was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// For the traversal.
    Ours,
    /// Media, and where the stream takes it to come from: the peer's described address for what comes from where a check of its was proven.
    /// It is so many octets, at the beginning of the datagram.
    Media(SocketAddr, usize),
}

impl Traversal {
    /// Asks these servers, which were named, from where they see the socket that is bound to `local`. `origin`: any instant.
    pub fn gather(gathering: Gathering, local: SocketAddr, servers: &Servers, (origin, now): (Instant, Mono)) -> Self {
        let mut rng = ChaCha20Rng::from_seed(gathering.seed);
        let mut agent = IceAgent::with_hmac(creds(&gathering.credentials), &Hmac);
        agent.set_control_tie_breaker(rng.next_u64());
        agent.set_max_candidate_pairs(PAIRS);
        agent.set_timing_advance(Duration::from_millis(20));
        if let Ok(host) = Candidate::host(local, Protocol::Udp) {
            agent.add_local_candidate(host);
        }
        let reached = servers.stun.iter().filter(|server| server.is_ipv4() == local.is_ipv4());
        let binding = |server: &SocketAddr| {
            let mut id = [0; 12];
            rng.fill_bytes(&mut id);
            Binding::new(*server, id, now)
        };
        let bindings = reached.map(binding).collect();
        let server = servers.turn.filter(|server| server.is_ipv4() == local.is_ipv4());
        let relay = server.zip(gathering.turn).map(|(server, account)| Relay::new(server, account, rng, now));
        Self {
            local,
            origin,
            agent,
            bindings,
            relay,
            relayed: None,
            out: VecDeque::new(),
            described: None,
            nominated: None,
            proven: Vec::new(),
            is_ruled: false,
            allowed: Vec::with_capacity(PLACES + 1),
            may_relay: false,
            is_silenced: false,
        }
    }

    /// Every server has answered, or has had its time.
    pub fn is_gathered(&self) -> bool {
        self.unanswered().next().is_none()
    }

    /// Servers that may answer yet.
    pub fn unanswered(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        let bindings = self.bindings.iter().filter(|binding| !binding.is_over()).map(Binding::server);
        bindings.chain(self.relay.iter().filter(|relay| !relay.is_over()).map(Relay::server))
    }

    /// What our description says. `None` where there is no candidate: the socket is bound to no address of its own.
    pub fn ours(&self) -> Option<Ice> {
        let host = Candidate::host(self.local, Protocol::Udp).ok()?;
        let mut addresses = vec![self.local];
        let mut written = vec![candidates::written(&host)];
        for seen in self.bindings.iter().filter_map(Binding::seen) {
            let reflexive = Candidate::server_reflexive(seen, self.local, Protocol::Udp);
            if let Some(reflexive) = reflexive.ok().filter(|_| !addresses.contains(&seen)) {
                addresses.push(seen);
                written.push(candidates::written(&reflexive));
            }
        }
        if let Some(relayed) = self.relayed_candidate().filter(|relayed| !addresses.contains(&relayed.addr())) {
            written.push(candidates::written(&relayed));
        }
        let creds = self.agent.local_credentials();
        let (user, password) = (creds.ufrag.clone(), creds.pass.clone());
        Some(Ice { user, password, lite: false, candidates: written })
    }

    /// The other side's description is known: checks begin. Where they go to is for `allows` to say.
    pub fn start(&mut self, now: Now, start: &Start, allows: impl Fn(SocketAddr) -> bool) {
        let Start { ours, theirs, controlling, described } = start;
        if *self.agent.local_credentials() != creds(ours) {
            self.agent.ice_restart(creds(ours), true);
            (self.nominated, self.is_ruled) = (None, false);
            self.proven.clear();
        }
        if self.described.replace(*described).is_none() || self.nominated.is_none() {
            self.agent.set_controlling(*controlling || theirs.lite);
        }
        self.agent.set_remote_credentials(IceCreds { ufrag: theirs.user.clone(), pass: theirs.password.clone() });
        let read = theirs.candidates.iter().filter_map(|text| candidates::read(text));
        for candidate in read.filter(|candidate| allows(candidate.addr())) {
            self.agent.add_remote_candidate(candidate);
        }
        self.use_relay(now.mono);
        self.handle_timeout(now);
    }

    /// There are no checks any more: packets go as described.
    pub fn stop(&mut self) {
        (self.described, self.nominated, self.is_silenced) = (None, None, false);
        self.allowed.clear();
        self.proven.clear();
    }

    pub fn handle_timeout(&mut self, now: Now) {
        for binding in &mut self.bindings {
            if let Some((to, bytes)) = binding.poll(now.mono) {
                self.out.push_back(Transmit { to, bytes });
            }
        }
        if let Some(relay) = &mut self.relay {
            relay.handle_timeout(now.mono, &mut self.out);
        }
        let instant = self.instant(now.mono);
        // One step does one thing; the next is due at once where there is more.
        if self.described.is_some() && self.agent.poll_timeout().is_none_or(|at| at <= instant) {
            self.agent.handle_timeout(instant);
        }
        self.take_news();
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&mut self) -> Option<Mono> {
        let asks = self.bindings.iter().map(Binding::next).min();
        let checks = self.described.and_then(|_| self.agent.poll_timeout());
        let checks = checks.map(|at| Mono(at.saturating_duration_since(self.origin)));
        let relay = self.relay.as_ref().and_then(Relay::next);
        asks.into_iter().chain(checks).chain(relay).min()
    }

    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.out.pop_front()
    }

    /// Sorts a datagram (RFC 7983 section 7), and takes out what the relay put around it. STUN is never media, whoever sent it and whatever it says.
    pub fn receive(&mut self, now: Now, from: SocketAddr, datagram: &mut [u8]) -> Heard {
        match self.relay.as_mut().map(|relay| relay.unwrap(now.mono, from, datagram)) {
            Some(Unwrapped::Ours) => {
                self.use_relay(now.mono);
                Heard::Ours
            }
            Some(Unwrapped::From(peer, place)) => {
                let len = place.len();
                datagram.copy_within(place, 0);
                self.sort(now, peer, datagram.get(..len).unwrap_or_default(), true)
            }
            Some(Unwrapped::Other) | None => self.sort(now, from, datagram, false),
        }
    }

    fn sort(&mut self, now: Now, from: SocketAddr, datagram: &[u8], by_relay: bool) -> Heard {
        if !is_stun(datagram) {
            let proven = self.described.filter(|_| self.allowed.contains(&from) && (!by_relay || self.may_relay));
            return Heard::Media(proven.unwrap_or(from), datagram.len());
        }
        let is_answer = !by_relay && self.bindings.iter_mut().any(|binding| binding.handle(now.mono, from, datagram));
        if let Some(message) = (!is_answer).then(|| StunMessage::parse(datagram).ok()).flatten() {
            if self.takes(from, &message) {
                let destination = self.relayed.filter(|_| by_relay).unwrap_or(self.local);
                if let Some(relay) = self.relay.as_mut().filter(|_| by_relay) {
                    relay.open(now.mono, from);
                }
                let packet = StunPacket { proto: Protocol::Udp, source: from, destination, message };
                let instant = self.instant(now.mono);
                self.agent.handle_packet(instant, packet);
                self.take_news();
            }
        }
        Heard::Ours
    }

    /// An answer comes from where its request went (RFC 8445 section 7.2.5.2.1), a request from anywhere, while there are not too many such
    /// places.
    fn takes(&self, from: SocketAddr, message: &StunMessage<'_>) -> bool {
        let known = self.agent.remote_candidates();
        let is_known = known.clone().any(|candidate| candidate.addr() == from);
        is_known || message.is_binding_request() && known.count() < PLACES
    }

    /// Whether [`rule`](Self::rule) has to be asked anew: another pair was nominated, or another address proven.
    pub fn wants_rule(&self) -> bool {
        !self.is_ruled && (self.nominated.is_some() || !self.proven.is_empty())
    }

    /// What the policy says of packets to where the pair in use leads, and from where the peer has proven to be; until then they go as
    /// described, and what comes is from where it came.
    pub fn rule(&mut self, allows: impl Fn(SocketAddr) -> bool) {
        self.is_ruled = true;
        self.allowed.clear();
        let nominated = self.nominated.map(|(peer, _)| peer);
        let further = nominated.filter(|nominated| !self.proven.contains(nominated));
        self.allowed.extend(self.proven.iter().copied().chain(further).filter(|peer| allows(*peer)));
        self.may_relay = self.relay.as_ref().is_some_and(|relay| allows(relay.server()));
    }

    pub fn way(&self) -> Way {
        match self.nominated.filter(|(nominated, _)| self.allowed.contains(nominated)) {
            _ if self.is_silenced => Way::Nowhere,
            Some((nominated, true)) if self.may_relay => Way::ByRelay(nominated),
            Some((nominated, false)) => Way::To(nominated),
            Some(_) | None => Way::AsDescribed,
        }
    }

    /// What goes to the server of TURN in the place of a packet for this peer; `None` where it lets nothing through to there yet.
    pub fn by_relay(&mut self, peer: SocketAddr, bytes: &[u8]) -> Option<(SocketAddr, &[u8])> {
        self.relay.as_mut()?.wrap(peer, bytes)
    }

    /// Why the server of TURN relays nothing, or no more; once.
    pub fn take_failure(&mut self) -> Option<Failure> {
        self.relay.as_mut()?.take_failure()
    }

    /// The call is over: what the server of TURN is to be told.
    pub fn release(&mut self) -> Option<Transmit> {
        self.relay.as_mut()?.release()
    }

    /// The address at the server of TURN takes part in the checks from when both it and the peer are known.
    fn use_relay(&mut self, now: Mono) {
        if self.described.is_none() {
            return;
        }
        let Some(candidate) = self.relayed_candidate() else { return };
        if self.relayed.replace(candidate.addr()).is_none() {
            self.agent.add_local_candidate(candidate);
        }
        if let Some(relay) = &mut self.relay {
            self.agent.remote_candidates().for_each(|peer| relay.open(now, peer.addr()));
        }
    }

    fn relayed_candidate(&self) -> Option<Candidate> {
        let relayed = self.relay.as_ref()?.relayed()?;
        Candidate::relayed(relayed, self.local, Protocol::Udp).ok()
    }

    fn take_news(&mut self) {
        while let Some(transmit) = self.agent.poll_transmit() {
            let (to, bytes) = (transmit.destination, Vec::from(transmit.contents));
            let is_direct = self.relayed != Some(transmit.source);
            match self.relay.as_mut().filter(|_| !is_direct) {
                // A check that the server does not let through yet is made again.
                Some(relay) => self.out.extend(relay.wrap_check(to, &bytes)),
                None => self.out.push_back(Transmit { to, bytes }),
            }
        }
        while let Some(event) = self.agent.poll_event() {
            match event {
                IceAgentEvent::NominatedSend { source, destination, .. } => {
                    let pair = Some((destination, self.relayed == Some(source)));
                    (self.is_ruled, self.is_silenced) = (self.nominated == pair && self.is_ruled, false);
                    self.nominated = pair;
                }
                IceAgentEvent::DiscoveredRecv { source, .. } if self.proven.len() < PLACES => {
                    self.proven.push(source);
                    self.is_ruled = false;
                }
                IceAgentEvent::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                    self.is_silenced = self.nominated.take().is_some();
                }
                _ => {}
            }
        }
    }

    fn instant(&self, now: Mono) -> Instant {
        self.origin.checked_add(now.0).unwrap_or(self.origin)
    }
}

fn creds(credentials: &Credentials) -> IceCreds {
    IceCreds { ufrag: credentials.user.clone(), pass: credentials.password.clone() }
}
