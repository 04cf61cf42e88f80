use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::fair_queue::FairQueue;
use super::signalling_loop::Inbound;
use super::sockets::bind_failure;
use crate::sip::{Received, Transport};
use crate::vocab::Failure;

/// The longest UDP datagram that IP can carry, with room to spare, in octets.
pub const MAX_DATAGRAM: usize = 65_535;

/// Datagrams that are read before others have their turn.
const AT_ONCE: usize = 64;

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
    /// Reads until `open` is dropped at its other end. What finds no room in `inbound` is dropped, and SIP sends it again.
    pub fn start(sockets: Vec<UdpSocket>, inbound: &FairQueue, open: &watch::Receiver<()>) -> Self {
        let with_address = |socket: UdpSocket| socket.local_addr().ok().map(|local| (local, Arc::new(socket)));
        let sockets: Vec<_> = sockets.into_iter().filter_map(with_address).collect();
        for (local, socket) in &sockets {
            tokio::spawn(read(*local, Arc::clone(socket), inbound.clone(), open.clone()));
        }
        Self { sockets }
    }

    /// Sends one datagram from the first socket that can reach `remote`.
    pub async fn send(&self, remote: SocketAddr, bytes: &[u8]) -> Result<(), String> {
        let socket = self.socket_for(remote).ok_or_else(|| unreached(remote))?;
        match socket.send_to(bytes, remote).await {
            Ok(sent) if sent == bytes.len() => Ok(()),
            Ok(_) => Err("the datagram was cut".to_owned()),
            // From loopback to another machine.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Err(unreached(remote)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// One of the same family; a loopback socket only where there is no other, because nothing but this machine can be reached
    /// from it.
    fn socket_for(&self, remote: SocketAddr) -> Option<&UdpSocket> {
        let family = |local: &SocketAddr| local.is_ipv4() == remote.is_ipv4();
        let fits = |local: &SocketAddr| family(local) && (!local.ip().is_loopback() || remote.ip().is_loopback());
        let exact = |local: &SocketAddr| fits(local) && local.ip().is_loopback() == remote.ip().is_loopback();
        let find = |wanted: &dyn Fn(&SocketAddr) -> bool| self.sockets.iter().find(|(local, _)| wanted(local));
        find(&exact).or_else(|| find(&fits)).or_else(|| find(&family)).map(|(_, socket)| &**socket)
    }
}

fn unreached(remote: SocketAddr) -> String {
    format!("no UDP socket of ours reaches {remote}")
}

async fn read(local: SocketAddr, socket: Arc<UdpSocket>, inbound: FairQueue, mut open: watch::Receiver<()>) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            _ = open.changed() => return,
        };
        let first = received.map(|from| take(local, &inbound, &buffer, from));
        // What has come meanwhile, without asking the runtime for each.
        let mut more = || socket.try_recv_from(&mut buffer).map(|from| take(local, &inbound, &buffer, from));
        if let Some(error) = first.err().or_else(|| read_more(&mut more)) {
            tracing::debug!(%error, "a datagram could not be read");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Until nothing is there, or others have to have their turn.
fn read_more(mut more: impl FnMut() -> std::io::Result<()>) -> Option<std::io::Error> {
    let failed = std::iter::repeat_with(&mut more).take(AT_ONCE).find_map(Result::err);
    failed.filter(|error| error.kind() != std::io::ErrorKind::WouldBlock)
}

fn take(local: SocketAddr, inbound: &FairQueue, buffer: &[u8], (length, remote): (usize, SocketAddr)) {
    let from = Received { transport: Transport::Udp, local, remote, connection: None };
    let bytes = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
    if !inbound.push(remote.ip(), length, Inbound::Message { from, bytes }) {
        tracing::trace!(%remote, "a datagram was dropped: too many of this sender wait");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pair() -> (Udp, SocketAddr, FairQueue, watch::Sender<()>) {
        let socket = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = socket.local_addr().unwrap();
        let inbound = FairQueue::default();
        let (closer, open) = watch::channel(());
        (Udp::start(vec![socket], &inbound, &open), address, inbound, closer)
    }

    #[tokio::test]
    async fn datagrams_arrive_whole_with_their_source() {
        let (alice, alice_at, _alice_received, _open) = pair().await;
        let (_bob, bob_at, received, _open_too) = pair().await;
        let long = vec![b'x'; 65_507];
        for bytes in [&b"OPTIONS"[..], b"", &long] {
            alice.send(bob_at, bytes).await.unwrap();
            let Inbound::Message { from, bytes: found } = received.next().await else { panic!() };
            assert_eq!((from.remote, from.local, from.connection), (alice_at, bob_at, None));
            assert_eq!(&found[..], bytes);
        }
        let failure = alice.send(bob_at, &[0; 65_508]).await.unwrap_err();
        assert!(failure.contains("long"), "{failure}");
        alice.send("[::1]:5060".parse().unwrap(), b"x").await.unwrap_err();
    }

    #[tokio::test]
    async fn many_that_come_at_once_all_arrive_in_their_order() {
        let (alice, _, _alice_received, _open) = pair().await;
        let (_bob, bob_at, received, _open_too) = pair().await;
        for number in 0..128u8 {
            alice.send(bob_at, &[number]).await.unwrap();
        }
        for number in 0..128u8 {
            let Inbound::Message { bytes, .. } = received.next().await else { panic!() };
            assert_eq!(&bytes[..], [number]);
        }
    }
}
