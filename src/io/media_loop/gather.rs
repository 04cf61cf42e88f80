//! From where others see the socket of a call: asked of servers of STUN before the call describes where it receives.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::agent::Done;
use crate::ice::{Gathering, Transmit, Traversal};
use crate::io::{Clock, Resolver};
use crate::sip::{Locate, Transport};
use crate::vocab::CallId;

/// Between two looks whether the socket has gone to its leg.
const LONGEST: Duration = Duration::from_secs(1);
/// A call waits no longer for what servers say, their names looked up included.
const WAIT: Duration = Duration::from_millis(750);
/// Addresses of one server that are asked.
const EACH: usize = 2;
/// Nothing longer comes from a server of STUN; what is longer is cut, and is none of its answers.
const ANSWER: usize = 1500;

/// A socket that no leg has yet, and what was gathered on it.
pub struct Opened {
    socket: std::net::UdpSocket,
    gathered: Option<Place>,
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
        let gathered = self.gathered.and_then(|place| lock(&place).take());
        (self.socket, gathered)
    }
}

impl Gatherer {
    /// In a task of its own, which ends when `opened` has gone to a leg, or is no more.
    pub fn start(self, opened: &mut Opened, gathering: Gathering) {
        let slot = Arc::downgrade(opened.gathered.insert(Arc::default()));
        let socket = opened.socket.try_clone().and_then(tokio::net::UdpSocket::from_std);
        tokio::spawn(async move {
            let gathered = match &socket {
                Ok(socket) => self.gather(socket, &slot, gathering).await,
                Err(error) => {
                    tracing::warn!(%error, call = %self.call, "nobody is asked from where others see the socket of a call");
                    None
                }
            };
            let ice = gathered.as_ref().and_then(|traversal| traversal.ours());
            // A call that ended meanwhile has told its end.
            let Some(place) = slot.upgrade() else { return };
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
        let servers = timeout(WAIT, self.addresses(&gathering.stun)).await.unwrap_or_else(|_| {
            tracing::warn!(call = %self.call, "the names of the servers of STUN are not found in time; the call goes on without them");
            Vec::new()
        });
        let start = (Clock::any_instant(), self.clock.now().mono);
        let mut traversal = Box::new(Traversal::gather(gathering, self.local, &servers, start));
        let mut buffer = [0; ANSWER];
        while !traversal.is_gathered() && self.clock.now().mono < end {
            let limit = self.advance(socket, &mut traversal).min(end - self.clock.now().mono);
            if let Ok(Ok((len, from))) = timeout(limit, socket.recv_from(&mut buffer)).await {
                traversal.receive(self.clock.now(), from, buffer.get(..len)?);
            }
            if slot.strong_count() == 0 {
                return None;
            }
        }
        Some(traversal)
    }

    /// NATs do not forget the socket while the other side rings. What comes waits for the leg.
    async fn keep_open(&self, socket: &UdpSocket, slot: &Slot) {
        loop {
            let limit = match slot.upgrade() {
                Some(place) => lock(&place).as_mut().map(|traversal| self.advance(socket, traversal)),
                None => None,
            };
            let Some(limit) = limit else { return };
            tokio::time::sleep(limit).await;
        }
    }

    /// Sends what is due, and says how long to wait.
    fn advance(&self, socket: &UdpSocket, traversal: &mut Traversal) -> Duration {
        let now = self.clock.now();
        traversal.handle_timeout(now);
        // No peer is known yet, nor what the policy says of it.
        while let Some(Transmit { to, bytes }) = traversal.poll_transmit(|_| false) {
            if let Err(error) = socket.try_send_to(&bytes, to) {
                tracing::debug!(%error, %to, "a server of STUN was not asked");
            }
        }
        traversal.poll_timeout().map_or(LONGEST, |at| (at - now.mono).min(LONGEST))
    }

    async fn addresses(&self, servers: &[String]) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        for server in servers {
            let (host, port) = server.rsplit_once(':').unwrap_or((server, ""));
            let (host, port) = (host.trim_matches(['[', ']']), port.parse().ok());
            let what = Locate { transport: Some(Transport::Udp), ..Locate::host(host, port) };
            match self.resolver.locate(what, [0; 32]).await {
                Ok(found) => addresses.extend(found.iter().map(|candidate| candidate.address).take(EACH)),
                Err(failure) => tracing::warn!(%failure, server, "a server of STUN is not found"),
            }
        }
        addresses
    }
}

fn lock(place: &Place) -> MutexGuard<'_, Option<Box<Traversal>>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
