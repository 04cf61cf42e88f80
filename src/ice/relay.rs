use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use turn_client_proto::api::{DelayedTransmitBuild, Transmit as Carried, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::prelude::TurnClientApi;
use turn_client_proto::stun::Instant;
use turn_client_proto::types::{AddressFamily, TransportType, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use super::gathering::RelayAccount;
use super::traversal::Transmit;
use crate::vocab::Mono;

/// The first repetition of a request comes after so long, and each later one after twice the time.
const RTO: Duration = Duration::from_millis(200);
/// Requests of one try. RFC 8489 section 6.2.1 has 7, over 40 s: a call that sounds cannot wait so long for its relay to say that it goes on.
const REQUESTS: u32 = 5;
/// Longer than any packet of a call, with what TURN adds (RFC 8656 section 11.6: 4 octets; an indication 36 to 48).
const ROOM: usize = 2048;
/// Steps of the client for one look at the clock.
const STEPS: usize = 16;
/// Between two looks when nothing is due.
const LONGEST: Duration = Duration::from_secs(15);

/// An address at a server of TURN (RFC 8656) that is ours for the call: what the peer sends there comes to our socket, and what we send by it
/// comes from there.
pub(super) struct Relay {
    client: TurnClientUdp,
    local: SocketAddr,
    server: SocketAddr,
    relayed: Option<SocketAddr>,
    is_over: bool,
    next: Mono,
    room: Box<[u8; ROOM]>,
}

/// What came from the server.
pub(super) enum Unwrapped {
    /// Of a peer: so many octets, at the beginning of the datagram.
    From(SocketAddr, usize),
    /// For the client.
    Ours,
    /// Something else.
    Other,
}

impl Relay {
    pub(super) fn new(local: SocketAddr, server: SocketAddr, account: &RelayAccount, now: Mono) -> Self {
        let mut config = TurnConfig::new(TurnCredentials::new(&account.user, &account.password.0));
        config.set_address_family(if local.is_ipv4() { AddressFamily::IPV4 } else { AddressFamily::IPV6 });
        config.set_request_retransmits(RTO, RTO * 8, REQUESTS, RTO * 8);
        let client = TurnClientUdp::allocate(local, server, config);
        Self { client, local, server, relayed: None, is_over: false, next: now, room: Box::new([0; ROOM]) }
    }

    /// It has its address, or gets none.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn relayed(&self) -> Option<SocketAddr> {
        self.relayed
    }

    pub(super) fn next(&self) -> Mono {
        self.next
    }

    /// Sends what is due, and learns what became of it.
    pub(super) fn handle_timeout(&mut self, now: Mono, out: &mut VecDeque<Transmit>) {
        self.next = now + LONGEST;
        for _ in 0..STEPS {
            match self.client.poll(instant(now)) {
                TurnPollRet::WaitUntil(at) if at > instant(now) => {
                    self.next = now + at.saturating_duration_since(instant(now)).min(LONGEST);
                    break;
                }
                TurnPollRet::Closed => {
                    (self.is_over, self.relayed) = (true, None);
                    break;
                }
                _ => {}
            }
        }
        while let Some(transmit) = self.client.poll_transmit(instant(now)) {
            out.push_back(Transmit { to: transmit.to, bytes: transmit.data.to_vec() });
        }
        while let Some(event) = self.client.poll_event() {
            match event {
                TurnEvent::AllocationCreated(_, relayed) => (self.is_over, self.relayed) = (true, Some(relayed)),
                TurnEvent::AllocationCreateFailed(_) => (self.is_over, self.relayed) = (true, None),
                _ => {}
            }
        }
    }

    /// The peer at this address may send to ours, and packets to it go with four octets more (RFC 8656 section 12). Asking twice does nothing.
    pub(super) fn open(&mut self, now: Mono, peer: SocketAddr) {
        let is_reached = self.relayed.is_some_and(|relayed| relayed.is_ipv4() == peer.is_ipv4());
        if is_reached && self.client.bind_channel(TransportType::Udp, peer, instant(now)).is_ok() {
            self.next = now;
        }
    }

    /// Takes a datagram out of what the server put around it.
    pub(super) fn unwrap(&mut self, now: Mono, from: SocketAddr, datagram: &mut [u8]) -> Unwrapped {
        if from != self.server {
            return Unwrapped::Other;
        }
        let carried = Carried::new(&*datagram, TransportType::Udp, from, self.local);
        let (peer, len) = match self.client.recv(carried, instant(now)) {
            TurnRecvRet::Ignored(_) => return Unwrapped::Other,
            TurnRecvRet::PeerData(data) => match self.room.get_mut(..data.data().len()) {
                Some(room) => {
                    room.copy_from_slice(data.data());
                    (data.peer, room.len())
                }
                None => return Unwrapped::Ours,
            },
            TurnRecvRet::Handled | TurnRecvRet::PeerIcmp { .. } => {
                self.next = now;
                return Unwrapped::Ours;
            }
        };
        match datagram.get_mut(..len).zip(self.room.get(..len)) {
            Some((datagram, room)) => datagram.copy_from_slice(room),
            None => return Unwrapped::Ours,
        }
        Unwrapped::From(peer, len)
    }

    /// What goes to the server, for the peer; `None` where the server does not let it through yet.
    pub(super) fn wrap(&mut self, now: Mono, peer: SocketAddr, bytes: &[u8]) -> Option<(SocketAddr, &[u8])> {
        let wrapped = self.client.send_to(TransportType::Udp, peer, bytes, instant(now)).ok()??;
        let room = self.room.get_mut(..).filter(|room| wrapped.data.len() <= room.len())?;
        let transmit = wrapped.write_into(room);
        Some((transmit.to, transmit.data))
    }
}

fn instant(now: Mono) -> Instant {
    Instant::from_nanos(i64::try_from(now.0.as_nanos()).unwrap_or(i64::MAX))
}
