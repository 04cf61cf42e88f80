//! From where others see the socket of a call, and who relays for it: asked of servers of STUN and TURN before the call describes where it
//! receives.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::servers::locate_servers;
use super::silent::Silent;
use crate::agent::Done;
use crate::ice::{Gathering, Transmit, Traversal};
use crate::io::{Clock, Resolver};
use crate::vocab::{CallId, Failure, Mono};

/// Between two looks whether the socket has gone to its leg.
const LONGEST: Duration = Duration::from_secs(1);
/// A call waits no longer for what servers say, their names looked up included.
const WAIT: Duration = Duration::from_millis(750);
/// Nothing longer comes from a server of STUN; what is longer is cut, and is none of its answers.
const ANSWER: usize = 1500;

/// A socket that no leg has yet, and what was gathered on it.
pub struct Opened {
    socket: std::net::UdpSocket,
    gathered: Option<Gathered>,
}

/// What is found out, and a hand on the socket for the last word about it.
struct Gathered {
    place: Place,
    socket: Option<std::net::UdpSocket>,
}

/// A call that ended before its leg began gives back what a server of TURN holds for it.
impl Drop for Gathered {
    fn drop(&mut self) {
        let release = lock(&self.place).take().and_then(|mut traversal| traversal.release());
        if let Some((Transmit { to, bytes }, socket)) = release.zip(self.socket.as_ref()) {
            let _ = socket.send_to(&bytes, to);
        }
    }
}

/// Where a traversal waits for the leg: empty before it is gathered, and after it was taken.
type Place = Arc<Mutex<Option<Box<Traversal>>>>;
type Slot = Weak<Mutex<Option<Box<Traversal>>>>;

/// Asks for one call.
pub struct Gatherer {
    pub call: CallId,
    /// Of the socket.
    pub local: SocketAddr,
    pub clock: Clock,
    pub dones: mpsc::Sender<Done>,
    pub resolver: Resolver,
    pub silent: Silent,
}

impl From<std::net::UdpSocket> for Opened {
    fn from(socket: std::net::UdpSocket) -> Self {
        Self { socket, gathered: None }
    }
}

impl Opened {
    pub fn is_at(&self, local: SocketAddr) -> bool {
        self.socket.local_addr().is_ok_and(|bound| bound == local)
    }

    /// For the leg. Whoever gathered on it lets go of it.
    pub fn take(self) -> (std::net::UdpSocket, Option<Box<Traversal>>) {
        let gathered = self.gathered.and_then(|gathered| lock(&gathered.place).take());
        (self.socket, gathered)
    }
}

impl Gatherer {
    /// In a task of its own, which ends when `opened` has gone to a leg, or is no more.
    pub fn start(self, opened: &mut Opened, gathering: Gathering) {
        let gathered = Gathered { place: Arc::default(), socket: opened.socket.try_clone().ok() };
        let slot = Arc::downgrade(&opened.gathered.insert(gathered).place);
        let socket = opened.socket.try_clone().and_then(tokio::net::UdpSocket::from_std);
        tokio::spawn(async move {
            let mut gathered = match &socket {
                Ok(socket) => self.gather(socket, &slot, gathering).await,
                Err(error) => {
                    tracing::warn!(%error, call = %self.call, "nobody is asked from where others see the socket of a call");
                    None
                }
            };
            let ice = gathered.as_ref().and_then(|traversal| traversal.ours());
            if let Some(failure) = gathered.as_mut().and_then(|traversal| traversal.take_failure()) {
                self.tell(failure).await;
            }
            // A call that ended meanwhile has told its end.
            let Some(place) = slot.upgrade() else {
                return if let Some((socket, traversal)) = socket.ok().zip(gathered) {
                    give_up(&socket, traversal)
                };
            };
            *lock(&place) = gathered;
            drop(place);
            let _ = self.dones.send(Done::MediaOpened { call: self.call, result: Ok(self.local), ice }).await;
            if let Ok(socket) = socket {
                self.keep_open(&socket, &slot).await;
            }
        });
    }

    /// `None` when the call ended meanwhile.
    async fn gather(&self, socket: &UdpSocket, slot: &Slot, gathering: Gathering) -> Option<Box<Traversal>> {
        let end = self.clock.now().mono + WAIT;
        let found = timeout(WAIT, locate_servers(&self.resolver, &gathering)).await;
        let (servers, failure) = found.unwrap_or_else(|_| {
            tracing::warn!(call = %self.call, "the names of the servers of STUN and TURN are not found in time; the call goes on without them");
            Default::default()
        });
        if let Some(failure) = failure {
            self.tell(failure).await;
        }
        let start = (Clock::any_instant(), self.clock.now().mono);
        let mut traversal = Box::new(Traversal::gather(gathering, self.local, &servers, start));
        let waits =
            |traversal: &Traversal, now| traversal.unanswered().any(|server| !self.silent.contains(now, server));
        while self.clock.now().mono < end && waits(&traversal, self.clock.now().mono) {
            take_answer(&self.clock, socket, &mut traversal, end).await;
            if slot.strong_count() == 0 {
                give_up(socket, traversal);
                return None;
            }
        }
        self.silent.note(self.clock.now().mono, traversal.unanswered());
        Some(traversal)
    }

    async fn tell(&self, failure: Failure) {
        let _ = self.dones.send(Done::RelayFailed { call: self.call, failure }).await;
    }

    /// NATs do not forget the socket while the other side rings. What comes waits for the leg.
    async fn keep_open(&self, socket: &UdpSocket, slot: &Slot) {
        loop {
            let limit = match slot.upgrade() {
                Some(place) => lock(&place).as_mut().map(|traversal| advance(&self.clock, socket, traversal)),
                None => None,
            };
            let Some(limit) = limit else { return };
            tokio::time::sleep(limit).await;
        }
    }
}

/// Sends what is due, and says how long to wait.
pub(super) fn advance(clock: &Clock, socket: &UdpSocket, traversal: &mut Traversal) -> Duration {
    let now = clock.now();
    traversal.handle_timeout(now);
    // No peer is known yet, nor what the policy says of it.
    while let Some(transmit) = traversal.poll_transmit(|_| false) {
        go(socket, &transmit);
    }
    traversal.poll_timeout().map_or(LONGEST, |at| (at - now.mono).min(LONGEST))
}

/// Takes the next answer, for which it waits no longer than until something is due.
pub(super) async fn take_answer(clock: &Clock, socket: &UdpSocket, traversal: &mut Traversal, end: Mono) {
    let limit = advance(clock, socket, traversal).min(end - clock.now().mono);
    let mut buffer = [0; ANSWER];
    if let Ok(Ok((len, from))) = timeout(limit, socket.recv_from(&mut buffer)).await {
        traversal.receive(clock.now(), from, buffer.get_mut(..len).unwrap_or_default());
    }
}

/// What a server of TURN holds for it is given back.
pub(super) fn give_up(socket: &UdpSocket, mut traversal: Box<Traversal>) {
    if let Some(transmit) = traversal.release() {
        go(socket, &transmit);
    }
}

fn go(socket: &UdpSocket, Transmit { to, bytes }: &Transmit) {
    if let Err(error) = socket.try_send_to(bytes, *to) {
        tracing::debug!(%error, %to, "a server of STUN or TURN was not asked");
    }
}

fn lock(place: &Place) -> MutexGuard<'_, Option<Box<Traversal>>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
