use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use is::stun::{StunMessage, StunPacket};
use is::{Candidate, IceAgent, IceAgentEvent, IceConnectionState, IceCreds, Protocol};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use super::binding::Binding;
use super::candidates;
use super::consent::{Consent, Route};
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
/// A check follows another after so long (Ta, RFC 8445 section 14.2): told to the peer, for it is not the 50 ms that hold where nothing is told.
const PACE: Duration = Duration::from_millis(20);
/// A check is repeated no sooner (RFC 8445 section 14.3).
const RTO: Duration = Duration::from_millis(500);
/// Repetitions, so that a pair outlives the consent that it may get back.
const REPETITIONS: usize = 12;

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
    /// Checks, answers to the peer's, and to which address of its each leads.
    checks: VecDeque<(SocketAddr, Transmit)>,
    /// The other side, once it is known.
    described: Option<SocketAddr>,
    /// The pair that both sides use.
    nominated: Option<Route>,
    /// Addresses of the peer that an answered or authenticated check came from: media that comes from there is its own, whichever pair is
    /// chosen (RFC 8445 section 12.2 has both sides ready for that).
    proven: Vec<SocketAddr>,
    /// What [`Traversal::rule`] was asked of stands as it was then.
    is_ruled: bool,
    /// Those that it let packets go to and come from.
    allowed: Vec<SocketAddr>,
    /// And they may go by the server of TURN.
    may_relay: bool,
    /// Candidates of the peer that the policy lets nothing go to.
    refused: Vec<Candidate>,
    consent: Consent,
    /// A check that is not answered is repeated after so long.
    rto: Duration,
    /// Checks were made, and then given up.
    is_stopped: bool,
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
        agent.set_max_stun_retransmits(REPETITIONS);
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
            checks: VecDeque::new(),
            described: None,
            nominated: None,
            proven: Vec::new(),
            is_ruled: false,
            allowed: Vec::with_capacity(PLACES + 1),
            may_relay: false,
            refused: Vec::new(),
            consent: Consent::default(),
            rto: RTO,
            is_stopped: false,
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
        Some(Ice { user, password, lite: false, pacing: PACE, candidates: written })
    }

    /// The other side's description is known: checks begin. Where they go to is for `allows` to say. After a [stop](Self::stop) they begin
    /// anew, by whichever names: nothing was heard of the pairs meanwhile.
    pub fn start(&mut self, now: Now, start: &Start, allows: impl Fn(SocketAddr) -> bool) {
        let Start { ours, theirs, controlling, described } = start;
        let was_stopped = std::mem::take(&mut self.is_stopped) && self.consent.may_ask();
        if *self.agent.local_credentials() != creds(ours) || was_stopped {
            self.begin_anew(ours);
        }
        if self.described.replace(*described).is_none() || self.nominated.is_none() {
            self.agent.set_controlling(*controlling || theirs.lite);
        }
        self.agent.set_remote_credentials(IceCreds { ufrag: theirs.user.clone(), pass: theirs.password.clone() });
        self.refused = theirs.candidates.iter().filter_map(|text| candidates::read(text)).collect();
        self.add_allowed(allows);
        self.pace(theirs.pacing);
        self.use_relay(now.mono);
        self.handle_timeout(now);
    }

    fn begin_anew(&mut self, ours: &Credentials) {
        self.agent.ice_restart(creds(ours), true);
        (self.nominated, self.is_ruled) = (None, false);
        self.proven.clear();
        self.consent.begin_anew();
    }

    /// Pairs of the peer's candidates that the policy was against, and is not any more.
    fn add_allowed(&mut self, allows: impl Fn(SocketAddr) -> bool) {
        let (allowed, refused) = std::mem::take(&mut self.refused).into_iter().partition(|one| allows(one.addr()));
        self.refused = refused;
        for candidate in Vec::<Candidate>::into_iter(allowed) {
            if self.agent.remote_candidates().count() < PLACES {
                self.agent.add_remote_candidate(candidate);
            }
        }
    }

    /// The slower of both has its way.
    fn pace(&mut self, theirs: Duration) {
        let pace = theirs.max(PACE);
        let checks = self.agent.local_candidates().count().saturating_mul(self.agent.remote_candidates().count());
        self.agent.set_timing_advance(pace);
        self.rto = RTO.max(pace.saturating_mul(u32::try_from(checks).unwrap_or(u32::MAX)));
        self.agent.set_initial_stun_rto(self.rto);
    }

    /// A pair that the peer chose is checked next (RFC 8445 section 7.3.1.4). The crate would keep to the time that it had for it, which it
    /// forgets when it is told another for all.
    fn check_chosen(&mut self) {
        self.rto += Duration::from_millis(1);
        self.agent.set_initial_stun_rto(self.rto);
    }

    /// There are no checks any more: packets go as described.
    pub fn stop(&mut self) {
        self.is_stopped |= self.described.take().is_some();
        self.nominated = None;
        self.allowed.clear();
        self.proven.clear();
        self.refused.clear();
    }

    pub fn handle_timeout(&mut self, now: Now) {
        for binding in &mut self.bindings {
            if let Some((to, bytes)) = binding.poll(now.mono) {
                self.out.push_back(Transmit { to, bytes });
            }
        }
        if self.consent_ends().is_some_and(|at| at <= now.mono) {
            self.consent.lose();
        }
        if let Some(relay) = &mut self.relay {
            relay.handle_timeout(now.mono, &mut self.out);
        }
        let instant = self.instant(now.mono);
        // One step does one thing; the next is due at once where there is more.
        if self.is_checking() && self.agent.poll_timeout().is_none_or(|at| at <= instant) {
            self.agent.handle_timeout(instant);
        }
        self.take_news();
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&mut self) -> Option<Mono> {
        let asks = self.bindings.iter().map(Binding::next).min();
        let checks = if self.is_checking() { self.agent.poll_timeout() } else { None };
        let checks = checks.map(|at| Mono(at.saturating_duration_since(self.origin)));
        let relay = self.relay.as_ref().and_then(Relay::next);
        asks.into_iter().chain(checks).chain(relay).chain(self.consent_ends()).min()
    }

    fn is_checking(&self) -> bool {
        self.described.is_some() && self.consent.may_ask()
    }

    /// When the peer's consent to what is sent to it ends, unless it answers before that.
    fn consent_ends(&self) -> Option<Mono> {
        let nominated = self.in_use().filter(|_| self.consent.is_open())?;
        Some(self.consent.until(nominated).unwrap_or_default())
    }

    /// What goes to servers, and those checks, and answers to checks, that `allows` lets go to the peer's address, and to the server that relays
    /// them.
    pub fn poll_transmit(&mut self, allows: impl Fn(SocketAddr) -> bool) -> Option<Transmit> {
        let goes =
            |(peer, transmit): &(SocketAddr, Transmit)| allows(*peer) && (transmit.to == *peer || allows(transmit.to));
        let check = || std::iter::from_fn(|| self.checks.pop_front()).find(goes).map(|(_, transmit)| transmit);
        self.out.pop_front().or_else(check)
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
            if self.takes((from, by_relay), &message, datagram) {
                let destination = self.relayed.filter(|_| by_relay).unwrap_or(self.local);
                if let Some(relay) = self.relay.as_mut().filter(|_| by_relay) {
                    relay.open(now.mono, from);
                }
                let packet = StunPacket { proto: Protocol::Udp, source: from, destination, message };
                let instant = self.instant(now.mono);
                let chooses = packet.message.use_candidate() && self.nominated != Some((from, by_relay));
                if self.agent.handle_packet(instant, packet) {
                    self.consent.note_answer(now.mono, (from, by_relay), datagram);
                    if chooses {
                        self.check_chosen();
                    }
                }
                self.take_news();
            }
        }
        Heard::Ours
    }

    /// An answer comes from where its request went, a request from anywhere, while there are not too many such places.
    fn takes(&self, from: Route, message: &StunMessage<'_>, datagram: &[u8]) -> bool {
        if !message.is_binding_request() {
            return self.consent.awaits(from, datagram);
        }
        let known = self.agent.remote_candidates();
        known.clone().any(|candidate| candidate.addr() == from.0) || known.count() < PLACES
    }

    /// Whether [`rule`](Self::rule) has to be asked anew: another pair was nominated, or another address proven.
    pub fn wants_rule(&self) -> bool {
        !self.is_ruled && (self.nominated.is_some() || !self.proven.is_empty())
    }

    /// What the policy says of packets to where the pair in use leads, and from where the peer has proven to be; until then they go as
    /// described, and what comes is from where it came.
    pub fn rule(&mut self, allows: impl Fn(SocketAddr) -> bool) {
        self.is_ruled = true;
        self.add_allowed(&allows);
        self.allowed.clear();
        let nominated = self.nominated.map(|(peer, _)| peer);
        let further = nominated.filter(|nominated| !self.proven.contains(nominated));
        self.allowed.extend(self.proven.iter().copied().chain(further).filter(|peer| allows(*peer)));
        self.may_relay = self.relay.as_ref().is_some_and(|relay| allows(relay.server()));
    }

    pub fn way(&self) -> Way {
        match self.in_use() {
            _ if self.described.is_some() && !self.consent.is_open() => Way::Nowhere,
            Some((nominated, true)) => Way::ByRelay(nominated),
            Some((nominated, false)) => Way::To(nominated),
            None => Way::AsDescribed,
        }
    }

    /// The pair that both sides use, where the policy lets it be used.
    fn in_use(&self) -> Option<Route> {
        let may_use = |(peer, by_relay): &Route| self.allowed.contains(peer) && (!by_relay || self.may_relay);
        self.nominated.filter(may_use).filter(|_| self.described.is_some())
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
            let by_relay = self.relayed == Some(transmit.source);
            self.consent.note_sent((to, by_relay), &bytes);
            let transmit = match self.relay.as_mut().filter(|_| by_relay) {
                // A check that the server does not let through yet is made again.
                Some(relay) => relay.wrap_check(to, &bytes),
                None => Some(Transmit { to, bytes }),
            };
            self.checks.extend(transmit.map(|transmit| (to, transmit)));
        }
        while let Some(event) = self.agent.poll_event() {
            match event {
                IceAgentEvent::NominatedSend { source, destination, .. } => {
                    let pair = Some((destination, self.relayed == Some(source)));
                    self.is_ruled &= self.nominated == pair;
                    self.nominated = pair;
                    self.consent.take_pair();
                }
                IceAgentEvent::DiscoveredRecv { source, .. } if self.proven.len() < PLACES => {
                    self.proven.push(source);
                    self.is_ruled = false;
                }
                IceAgentEvent::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                    if self.in_use().is_some() {
                        self.consent.lose();
                    }
                    self.nominated = None;
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
