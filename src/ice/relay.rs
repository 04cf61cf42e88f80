use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;

use super::gathering::RelayAccount;
use super::traversal::Transmit;
use super::turn::{self, Login, Said, What};
use crate::sip::stun::{is_stun, TransactionId};
use crate::vocab::{escape, Failure, FailureKind, Mono};

/// The first repetition of a request comes after so long, and each later one after twice the time (RFC 8445 section 14.3 allows no less).
const RTO: Duration = Duration::from_millis(500);
/// Requests of one try. RFC 8489 section 6.2.1 has 7, over 40 s: a call that sounds cannot wait so long for its relay to say that it goes on.
const REQUESTS: u32 = 4;
/// Times that one request is made anew because the server has another word for us (438), or forgets an older call of this port (437).
const ANEW: u32 = 3;
/// An address that is not asked for again is given up by the server after so long (RFC 8656 section 3.2); ours is asked for again after half of what
/// the server says, and this is the longest that is believed.
const LIFETIME: Duration = Duration::from_secs(600);
const SHORTEST: Duration = Duration::from_secs(20);
/// A permission lasts five minutes, and binding a channel anew renews it (RFC 8656 sections 9 and 12).
const CHANNEL: Duration = Duration::from_secs(240);
/// Peers' addresses that have a channel at most.
const CHANNELS: usize = 32;
/// RFC 8656 section 12: 0x4000 to 0x4FFF.
const FIRST: u16 = 0x4000;
/// What stands before a packet in a channel (RFC 8656 section 12.4).
const HEADER: usize = 4;
/// Longer than any packet of a call.
const ROOM: usize = 2048;

/// An address at a server of TURN (RFC 8656) that is ours for the call: what the peer sends there comes to our socket, and what we send by it
/// comes from there.
pub(super) struct Relay {
    server: SocketAddr,
    account: RelayAccount,
    rng: ChaCha20Rng,
    login: Option<Login>,
    state: State,
    requests: Vec<Request>,
    channels: Vec<Channel>,
    /// The address is to be asked for again.
    renew: Option<Mono>,
    room: Box<[u8; ROOM]>,
    /// What the user has not been told yet.
    failure: Option<Failure>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Asking,
    Held(SocketAddr),
    /// It was refused, or is lost.
    Gone,
}

struct Request {
    what: What,
    id: TransactionId,
    octets: Vec<u8>,
    sent: u32,
    anew: u32,
    /// It said who we are.
    is_sealed: bool,
    next: Mono,
}

struct Channel {
    number: u16,
    peer: SocketAddr,
    is_bound: bool,
    renew: Option<Mono>,
}

/// What came from the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unwrapped {
    /// Of a peer: these octets of the datagram.
    From(SocketAddr, Range<usize>),
    /// For us.
    Ours,
    /// Something else.
    Other,
}

impl Relay {
    pub(super) fn new(server: SocketAddr, account: RelayAccount, rng: ChaCha20Rng, now: Mono) -> Self {
        let mut relay = Self {
            server,
            account,
            rng,
            login: None,
            state: State::Asking,
            requests: Vec::new(),
            channels: Vec::new(),
            renew: None,
            room: Box::new([0; ROOM]),
            failure: None,
        };
        relay.allocate(now, 0);
        relay
    }

    /// It has its address, or gets none.
    pub(super) fn is_over(&self) -> bool {
        self.state != State::Asking
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(super) fn relayed(&self) -> Option<SocketAddr> {
        match self.state {
            State::Held(relayed) => Some(relayed),
            State::Asking | State::Gone => None,
        }
    }

    /// Why there is none, once.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    pub(super) fn next(&self) -> Option<Mono> {
        let requests = self.requests.iter().map(|request| request.next);
        requests.chain(self.renew).chain(self.channels.iter().filter_map(|channel| channel.renew)).min()
    }

    /// Sends what is due.
    pub(super) fn handle_timeout(&mut self, now: Mono, out: &mut VecDeque<Transmit>) {
        if self.renew.is_some_and(|at| at <= now) {
            self.renew = None;
            self.ask(What::Refresh, now, 0);
        }
        for index in 0..self.channels.len() {
            let due = self.channels.get_mut(index).filter(|channel| channel.renew.is_some_and(|at| at <= now));
            if let Some(channel) = due {
                channel.renew = None;
                let what = What::Bind { number: channel.number, peer: channel.peer };
                self.ask(what, now, 0);
            }
        }
        let (due, later) = std::mem::take(&mut self.requests).into_iter().partition(|request| request.next <= now);
        self.requests = later;
        for mut request in Vec::<Request>::into_iter(due) {
            if request.sent == REQUESTS {
                self.handle_silence(now, request.what);
                continue;
            }
            out.push_back(Transmit { to: self.server, bytes: request.octets.clone() });
            request.next = now + RTO * (1 << request.sent);
            request.sent += 1;
            self.requests.push(request);
        }
    }

    /// The peer at this address may send to ours, and packets to it have a channel (RFC 8656 section 12). Asking twice does nothing.
    pub(super) fn open(&mut self, now: Mono, peer: SocketAddr) {
        let reaches = self.relayed().is_some_and(|relayed| relayed.is_ipv4() == peer.is_ipv4());
        if !reaches || self.channels.len() >= CHANNELS || self.channel(peer).is_some() {
            return;
        }
        let number = FIRST + self.channels.len() as u16;
        self.channels.push(Channel { number, peer, is_bound: false, renew: None });
        self.ask(What::Bind { number, peer }, now, 0);
    }

    /// Looks what a datagram is. Of what comes by a channel no more than that is believed.
    pub(super) fn unwrap(&mut self, now: Mono, from: SocketAddr, datagram: &[u8]) -> Unwrapped {
        if from != self.server {
            return Unwrapped::Other;
        }
        if let Some((number, len)) = of_channel(datagram) {
            let channel = self.channels.iter().find(|channel| channel.number == number);
            return channel.map_or(Unwrapped::Ours, |channel| Unwrapped::From(channel.peer, HEADER..HEADER + len));
        }
        if !is_stun(datagram) {
            return Unwrapped::Other;
        }
        match turn::read(datagram, self.login.as_ref()) {
            Some((_, Said::Peer { peer, at, len })) => Unwrapped::From(peer, at..at + len),
            Some((id, said)) => self.handle_answer(now, id, &said),
            None => Unwrapped::Other,
        }
    }

    /// What goes to the server in the place of a packet for the peer; `None` while no channel leads there.
    pub(super) fn wrap(&mut self, peer: SocketAddr, bytes: &[u8]) -> Option<(SocketAddr, &[u8])> {
        let number = self.channel(peer).filter(|channel| channel.is_bound)?.number;
        let whole = self.room.get_mut(..HEADER + bytes.len())?;
        let (header, data) = whole.split_at_mut_checked(HEADER)?;
        let words = [number.to_be_bytes(), (bytes.len() as u16).to_be_bytes()];
        header.iter_mut().zip(words.as_flattened()).for_each(|(octet, of)| *octet = *of);
        data.copy_from_slice(bytes);
        Some((self.server, whole))
    }

    /// The same for a check, which also answers an address that has no channel, where the server lets its host send to us.
    pub(super) fn wrap_check(&mut self, peer: SocketAddr, bytes: &[u8]) -> Option<Transmit> {
        if let Some((to, bytes)) = self.wrap(peer, bytes) {
            return Some(Transmit { to, bytes: bytes.to_vec() });
        }
        let is_let = self.channels.iter().any(|channel| channel.is_bound && channel.peer.ip() == peer.ip());
        let id = self.id();
        is_let.then(|| Transmit { to: self.server, bytes: turn::indication(id, peer, bytes) })
    }

    /// Gives the address back (RFC 8656 section 8.1): said once, for nobody waits for the answer.
    pub(super) fn release(&mut self) -> Option<Transmit> {
        self.relayed()?;
        self.state = State::Gone;
        (self.renew, self.failure) = (None, None);
        self.requests.clear();
        self.channels.clear();
        let id = self.id();
        Some(Transmit { to: self.server, bytes: What::Release.request(id, self.login.as_ref()) })
    }

    fn channel(&self, peer: SocketAddr) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.peer == peer)
    }

    fn id(&mut self) -> TransactionId {
        let mut id = [0; 12];
        self.rng.fill_bytes(&mut id);
        id
    }

    fn allocate(&mut self, now: Mono, anew: u32) {
        self.ask(What::Allocate { ipv6: self.server.is_ipv6() }, now, anew);
    }

    fn ask(&mut self, what: What, now: Mono, anew: u32) {
        let id = self.id();
        let octets = what.request(id, self.login.as_ref());
        let is_sealed = self.login.is_some();
        self.requests.push(Request { what, id, octets, sent: 0, anew, is_sealed, next: now });
    }

    fn handle_answer(&mut self, now: Mono, id: TransactionId, said: &Said<'_>) -> Unwrapped {
        let (Said::Success { method, .. } | Said::Error { method, .. }) = said else { return Unwrapped::Other };
        let asked = |request: &Request| request.id == id && request.what.method() == *method;
        let Some(index) = self.requests.iter().position(asked) else { return Unwrapped::Other };
        let request = self.requests.swap_remove(index);
        match *said {
            Said::Success { relayed, lifetime, .. } => self.handle_success(now, &request, (relayed, lifetime)),
            Said::Error { code, realm, nonce, .. } => self.handle_error(now, &request, code, (realm, nonce)),
            Said::Peer { .. } => {}
        }
        Unwrapped::Ours
    }

    fn handle_success(&mut self, now: Mono, request: &Request, said: (Option<SocketAddr>, Option<u32>)) {
        let lifetime = said.1.map_or(LIFETIME, |seconds| Duration::from_secs(seconds.into()));
        match (request.what, said.0) {
            (What::Allocate { .. }, Some(relayed)) => {
                self.state = State::Held(relayed);
                self.renew = Some(now + (lifetime.min(LIFETIME) / 2).max(SHORTEST));
            }
            (What::Allocate { .. }, None) => self.lose(Refused::Unreadable),
            (What::Bind { number, .. }, _) => {
                let bound = self.channels.iter_mut().find(|channel| channel.number == number);
                bound.into_iter().for_each(|channel| (channel.is_bound, channel.renew) = (true, Some(now + CHANNEL)));
            }
            (What::Refresh, _) => self.renew = Some(now + (lifetime.min(LIFETIME) / 2).max(SHORTEST)),
            // The port was an older call's, which did not give its address back.
            (What::Release, _) => self.allocate(now, request.anew),
        }
    }

    fn handle_error(&mut self, now: Mono, request: &Request, code: u16, words: (Option<&[u8]>, Option<&[u8]>)) {
        let (account, login) = (&self.account, self.login.as_ref());
        let renewed = match (code, login, words) {
            (401, None, (Some(realm), Some(nonce))) => Login::new(account, realm, nonce),
            // Said before we had a word of the server's.
            (401, Some(_), _) if !request.is_sealed => return self.ask(request.what, now, request.anew),
            (438, Some(login), (realm, Some(nonce))) => login.renewed(realm, nonce, account),
            _ => None,
        };
        match (request.what, renewed) {
            (what, Some(login)) if request.anew < ANEW => {
                self.login = Some(login);
                self.ask(what, now, request.anew + 1);
            }
            (What::Allocate { .. }, _) if code == 437 && request.anew < ANEW => {
                self.ask(What::Release, now, request.anew + 1);
            }
            (What::Release, _) if code == 437 => self.allocate(now, request.anew),
            (What::Bind { number, .. }, _) => self.close(number),
            _ => self.lose(Refused::With(code)),
        }
    }

    fn handle_silence(&mut self, now: Mono, what: What) {
        match what {
            // It stands for some time yet, and the server may have been away for a moment.
            What::Bind { number, .. } => {
                let bound = self.channels.iter_mut().find(|channel| channel.number == number);
                bound.into_iter().for_each(|channel| channel.renew = Some(now + SHORTEST));
            }
            What::Allocate { .. } | What::Refresh | What::Release => self.lose(Refused::Silent),
        }
    }

    /// The server relays nothing to there (RFC 8656 section 12.2: 403). Its number is not used again.
    fn close(&mut self, number: u16) {
        let closed = self.channels.iter_mut().find(|channel| channel.number == number);
        closed.into_iter().for_each(|channel| channel.is_bound = false);
    }

    fn lose(&mut self, why: Refused) {
        let server = escape(&self.account.server);
        self.failure = Some(why.told(&server));
        self.state = State::Gone;
        self.renew = None;
        self.requests.clear();
        self.channels.clear();
    }
}

/// The channel of a packet, and its length (RFC 8656 section 12.4).
fn of_channel(datagram: &[u8]) -> Option<(u16, usize)> {
    let word = |at: usize| Some(u16::from_be_bytes(datagram.get(at..at + 2)?.try_into().ok()?));
    let (number, len) = (word(0)?, usize::from(word(2)?));
    ((0x4000..0x5000).contains(&number) && HEADER + len <= datagram.len()).then_some((number, len))
}

/// Why a server relays nothing for us.
#[derive(Clone, Copy)]
enum Refused {
    Silent,
    Unreadable,
    /// RFC 8656 section 19, RFC 8489 section 18.4.
    With(u16),
}

impl Refused {
    fn told(self, server: &str) -> Failure {
        let (code, what, next) = match self {
            Self::Silent => (
                "relay-silent",
                "does not answer".to_owned(),
                "see that `nat.turn.server` names it, and that UDP to there is let through",
            ),
            Self::Unreadable => ("relay-refused", "says nothing that can be read".to_owned(), OTHER),
            Self::With(401 | 441) => (
                "relay-password",
                "does not take our user name and password".to_owned(),
                "write those that it knows as `nat.turn.user` and `nat.turn.password-file`, then start again",
            ),
            Self::With(486) => (
                "relay-quota",
                "relays no more calls for this user: its quota is used up (486)".to_owned(),
                "end other calls of this user; one that ended without a word to it counts for ten minutes",
            ),
            Self::With(508) => ("relay-full", "has no room for another call (508)".to_owned(), "call again later"),
            Self::With(403) => ("relay-refused", "is not allowed to relay for us (403)".to_owned(), OTHER),
            Self::With(code) => ("relay-refused", format!("relays nothing for us: its answer is {code}"), OTHER),
        };
        let message = format!("the server {server} {what}; the call goes on without it");
        Failure::new(FailureKind::Unreachable, code, message, server, next)
    }
}

const OTHER: &str = "ask who runs it, or name another server as `nat.turn.server`";
