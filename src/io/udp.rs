use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};

use super::shares::{Place, Shares};
use super::signalling_loop::Inbound;
use super::sockets::bind_failure;
use crate::sip::{Received, Transport};
use crate::vocab::Failure;

/// The longest UDP datagram that IP can carry, with room to spare, in octets.
pub const MAX_DATAGRAM: usize = 65_535;

/// What came, and its place in the queue.
pub type Datagram = (Inbound, Place);

/// SIP over UDP (RFC 3261 section 18): a task a socket reads; sending is done by whoever calls.
#[derive(Debug)]
pub struct Udp {
    sockets: Vec<(SocketAddr, Arc<UdpSocket>)>,
}

#[expect(clippy::disallowed_methods, reason = "the one place that opens UDP sockets for SIP")]
pub async fn bind(address: SocketAddr) -> Result<UdpSocket, Failure> {
    UdpSocket::bind(address).await.map_err(|error| bind_failure("SIP over UDP", address, &error))
}

impl Udp {
    /// Reads until `open` is dropped at its other end. Of one address no more than its [share](super::shares::SHARE) waits
    /// in `inbound`: what comes above that is dropped, and SIP sends it again. While all of `inbound` is full nobody reads,
    /// and the kernel drops what comes.
    pub fn start(sockets: Vec<UdpSocket>, inbound: &mpsc::Sender<Datagram>, open: &watch::Receiver<()>) -> Self {
        let with_address = |socket: UdpSocket| socket.local_addr().ok().map(|local| (local, Arc::new(socket)));
        let sockets: Vec<_> = sockets.into_iter().filter_map(with_address).collect();
        let shares = Shares::default();
        for (local, socket) in &sockets {
            tokio::spawn(read(*local, Arc::clone(socket), shares.clone(), inbound.clone(), open.clone()));
        }
        Self { sockets }
    }

    /// Sends one datagram from the first socket that can reach `remote`.
    pub async fn send(&self, remote: SocketAddr, bytes: &[u8]) -> Result<(), String> {
        let socket = self.socket_for(remote).ok_or_else(|| format!("no UDP socket of ours reaches {remote}"))?;
        match socket.send_to(bytes, remote).await {
            Ok(sent) if sent == bytes.len() => Ok(()),
            Ok(_) => Err("the datagram was cut".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// One of the same family; a loopback socket only for loopback, because nothing else can be reached from it.
    fn socket_for(&self, remote: SocketAddr) -> Option<&UdpSocket> {
        let fits = |local: &SocketAddr| {
            local.is_ipv4() == remote.is_ipv4() && (!local.ip().is_loopback() || remote.ip().is_loopback())
        };
        let exact = |local: &SocketAddr| fits(local) && local.ip().is_loopback() == remote.ip().is_loopback();
        let find = |wanted: &dyn Fn(&SocketAddr) -> bool| self.sockets.iter().find(|(local, _)| wanted(local));
        find(&exact).or_else(|| find(&fits)).map(|(_, socket)| &**socket)
    }
}

async fn read(
    local: SocketAddr,
    socket: Arc<UdpSocket>,
    shares: Shares,
    inbound: mpsc::Sender<Datagram>,
    mut open: watch::Receiver<()>,
) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            _ = open.changed() => return,
        };
        match received {
            Ok((len, remote)) => {
                let Some(place) = shares.take(remote.ip()) else { continue };
                let from = Received { transport: Transport::Udp, local, remote, connection: None };
                let bytes = Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default());
                if inbound.send((Inbound::Message { from, bytes }, place)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a datagram could not be read");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::shares::SHARE;

    async fn pair() -> (Udp, SocketAddr, mpsc::Receiver<Datagram>, watch::Sender<()>) {
        let socket = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = socket.local_addr().unwrap();
        let (inbound, received) = mpsc::channel(4);
        let (closer, open) = watch::channel(());
        (Udp::start(vec![socket], &inbound, &open), address, received, closer)
    }

    #[tokio::test]
    async fn datagrams_arrive_whole_with_their_source() {
        let (alice, alice_at, _alice_received, _open) = pair().await;
        let (_bob, bob_at, mut received, _open_too) = pair().await;
        let long = vec![b'x'; 65_507];
        for bytes in [&b"OPTIONS"[..], b"", &long] {
            alice.send(bob_at, bytes).await.unwrap();
            let Some((Inbound::Message { from, bytes: found }, _)) = received.recv().await else { panic!() };
            assert_eq!((from.remote, from.local, from.connection), (alice_at, bob_at, None));
            assert_eq!(&found[..], bytes);
        }
        let failure = alice.send(bob_at, &[0; 65_508]).await.unwrap_err();
        assert!(failure.contains("long"), "{failure}");
        alice.send("[::1]:5060".parse().unwrap(), b"x").await.unwrap_err();
    }

    #[tokio::test]
    async fn one_address_has_its_share_of_the_queue_and_no_more() {
        let socket = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let there = socket.local_addr().unwrap();
        let (inbound, mut received) = mpsc::channel(2 * SHARE);
        let (_closer, open) = watch::channel(());
        let _bob = Udp::start(vec![socket], &inbound, &open);
        let (flood, _, _received, _open) = pair().await;
        let other = bind("127.0.0.2:0".parse().unwrap()).await.unwrap();
        for _ in 0..SHARE + 9 {
            flood.send(there, b"flood").await.unwrap();
        }
        other.send_to(b"other", there).await.unwrap();
        let mut seen = Vec::new();
        loop {
            // The places are kept, as in a queue that nobody empties.
            seen.push(received.recv().await.unwrap());
            if matches!(seen.last(), Some((Inbound::Message { bytes, .. }, _)) if &bytes[..] == b"other") {
                break;
            }
        }
        assert_eq!(seen.len(), SHARE + 1);
    }

    #[tokio::test]
    async fn a_full_queue_loses_datagrams_and_nothing_else() {
        let (alice, _, _alice_received, _open) = pair().await;
        let (_bob, bob_at, mut received, open) = pair().await;
        for number in 0..32u8 {
            alice.send(bob_at, &[number]).await.unwrap();
        }
        let Some((Inbound::Message { bytes, .. }, _)) = received.recv().await else { panic!() };
        assert_eq!(&bytes[..], [0]);
        drop(open);
        while received.recv().await.is_some() {}
    }
}
