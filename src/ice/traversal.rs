use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use is::stun::{StunMessage, StunPacket};
use is::{Candidate, IceAgent, IceAgentEvent, IceConnectionState, IceCreds, Protocol};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use super::binding::Binding;
use super::candidates;
use super::consent::Consent;
use super::gathering::{Credentials, Gathering, Start};
use super::hmac::Hmac;
use crate::sdp::Ice;
use crate::sip::stun::is_stun;
use crate::vocab::{Mono, Now};

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
    /// And to which address of the peer it leads, where it is none of a server's.
    out: VecDeque<(Option<SocketAddr>, Transmit)>,
    /// The other side, once it is known.
    described: Option<SocketAddr>,
    /// The peer's address of the pair that both sides use.
    nominated: Option<SocketAddr>,
    /// Addresses of the peer that an answered or authenticated check came from: media that comes from there is its own, whichever pair is
    /// chosen (RFC 8445 section 12.2 has both sides ready for that).
    proven: Vec<SocketAddr>,
    /// What [`Traversal::rule`] was asked of stands as it was then.
    is_ruled: bool,
    /// Those that it let packets go to and come from.
    allowed: Vec<SocketAddr>,
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
    /// Nowhere: the peer does not consent any more.
    Nowhere,
}

/// What a datagram was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// For the traversal.
    Ours,
    /// Media, and where the stream takes it to come from: the peer's described address for what comes from where a check of its was proven.
    Media(SocketAddr),
}

impl Traversal {
    /// Asks these servers, which were named, from where they see the socket that is bound to `local`. `origin`: any instant.
    pub fn gather(
        gathering: Gathering,
        local: SocketAddr,
        servers: &[SocketAddr],
        (origin, now): (Instant, Mono),
    ) -> Self {
        let mut rng = ChaCha20Rng::from_seed(gathering.seed);
        let mut agent = IceAgent::with_hmac(creds(&gathering.credentials), &Hmac);
        agent.set_control_tie_breaker(rng.next_u64());
        agent.set_max_candidate_pairs(PAIRS);
        agent.set_max_stun_retransmits(REPETITIONS);
        if let Ok(host) = Candidate::host(local, Protocol::Udp) {
            agent.add_local_candidate(host);
        }
        let reached = servers.iter().filter(|server| server.is_ipv4() == local.is_ipv4());
        let binding = |server: &SocketAddr| {
            let mut id = [0; 12];
            rng.fill_bytes(&mut id);
            Binding::new(*server, id, now)
        };
        let bindings = reached.map(binding).collect();
        Self {
            local,
            origin,
            agent,
            bindings,
            out: VecDeque::new(),
            described: None,
            nominated: None,
            proven: Vec::new(),
            is_ruled: false,
            allowed: Vec::with_capacity(PLACES + 1),
            refused: Vec::new(),
            consent: Consent::default(),
            rto: RTO,
            is_stopped: false,
        }
    }

    /// Every server has answered, or has had its time.
    pub fn is_gathered(&self) -> bool {
        self.bindings.iter().all(Binding::is_over)
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
                self.out.push_back((None, Transmit { to, bytes }));
            }
        }
        if self.consent_ends().is_some_and(|at| at <= now.mono) {
            self.consent.lose();
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
        asks.into_iter().chain(checks).chain(self.consent_ends()).min()
    }

    fn is_checking(&self) -> bool {
        self.described.is_some() && self.consent.may_ask()
    }

    /// When the peer's consent to what is sent to it ends, unless it answers before that.
    fn consent_ends(&self) -> Option<Mono> {
        let nominated = self.in_use().filter(|_| self.consent.is_open())?;
        Some(self.consent.until(nominated).unwrap_or_default())
    }

    /// What goes to servers, and those checks, and answers to checks, that `allows` lets go to the peer's address.
    pub fn poll_transmit(&mut self, allows: impl Fn(SocketAddr) -> bool) -> Option<Transmit> {
        let goes = |(peer, _): &(Option<SocketAddr>, Transmit)| peer.is_none_or(&allows);
        std::iter::from_fn(|| self.out.pop_front()).find(goes).map(|(_, transmit)| transmit)
    }

    /// Sorts a datagram (RFC 7983 section 7). STUN is never media, whoever sent it and whatever it says.
    pub fn receive(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) -> Heard {
        if !is_stun(datagram) {
            let proven = self.described.filter(|_| self.allowed.contains(&from));
            return Heard::Media(proven.unwrap_or(from));
        }
        let is_answer = self.bindings.iter_mut().any(|binding| binding.handle(now.mono, from, datagram));
        if let Some(message) = (!is_answer).then(|| StunMessage::parse(datagram).ok()).flatten() {
            if self.takes(from, &message, datagram) {
                let packet = StunPacket { proto: Protocol::Udp, source: from, destination: self.local, message };
                let instant = self.instant(now.mono);
                let chooses = packet.message.use_candidate() && self.nominated != Some(from);
                if self.agent.handle_packet(instant, packet) {
                    self.consent.note_answer(now.mono, from, datagram);
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
    fn takes(&self, from: SocketAddr, message: &StunMessage<'_>, datagram: &[u8]) -> bool {
        if !message.is_binding_request() {
            return self.consent.awaits(from, datagram);
        }
        let known = self.agent.remote_candidates();
        known.clone().any(|candidate| candidate.addr() == from) || known.count() < PLACES
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
        let further = self.nominated.filter(|nominated| !self.proven.contains(nominated));
        self.allowed.extend(self.proven.iter().copied().chain(further).filter(|peer| allows(*peer)));
    }

    pub fn way(&self) -> Way {
        match self.in_use() {
            _ if self.described.is_some() && !self.consent.is_open() => Way::Nowhere,
            Some(nominated) => Way::To(nominated),
            None => Way::AsDescribed,
        }
    }

    /// The peer's address of the pair that both sides use, where the policy lets it be used.
    fn in_use(&self) -> Option<SocketAddr> {
        self.nominated.filter(|nominated| self.described.is_some() && self.allowed.contains(nominated))
    }

    fn take_news(&mut self) {
        while let Some(transmit) = self.agent.poll_transmit() {
            let (to, bytes) = (transmit.destination, Vec::from(transmit.contents));
            self.consent.note_sent(to, &bytes);
            self.out.push_back((Some(to), Transmit { to, bytes }));
        }
        while let Some(event) = self.agent.poll_event() {
            match event {
                IceAgentEvent::NominatedSend { destination, .. } => {
                    self.is_ruled &= self.nominated == Some(destination);
                    self.nominated = Some(destination);
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
