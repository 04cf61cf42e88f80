//! Media by a TCP connection, for where UDP is let through nowhere: ESP, framed as RFC 9329 has it, or what ordinary telephones have, as RFC 4571 has it.
//! Either side may have opened it (RFC 4145).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::os::fd::AsFd;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::io::os::limit_unsent;
use crate::ipsec::{frame, FrameError, FrameReader, StreamFraming, MOST_FRAMED, STREAM_PREFIX};
use crate::vocab::{CallId, Failure, FailureKind, Mono};

/// A peer that has not taken the connection by then is not there, or somebody on the way lets nothing through.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections of one call at most: who is the peer shows only when a packet of its authenticates.
const CONNECTIONS: usize = 4;
/// One that says nothing for so long while another is in use makes room.
const QUIET: Duration = Duration::from_secs(5);
/// The end of a call comes by another way, and may be later than that of its connection.
const GRACE: Duration = Duration::from_secs(2);
/// Octets that wait in the system to be sent: some 0.4 s of voice. What does not fit is not sent at all, for voice that waits is late.
const UNSENT: u32 = 4096;

/// The connections of one call.
pub struct ByTcp {
    call: CallId,
    framing: StreamFraming,
    listener: TcpListener,
    connections: Vec<Connection>,
    /// Where the stream's packets go: it moves there only by one that authenticated, or in clear by the first that came from its peer's address.
    used: Option<SocketAddr>,
    lost: Option<(Mono, String)>,
    has_failed: bool,
    room: Box<[u8]>,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    reader: FrameReader,
    /// Of what was begun to be sent: nothing else goes before it.
    rest: Range<usize>,
    rests: Box<[u8]>,
    heard: Mono,
}

/// Why one is of no use any more.
enum Broken {
    Closed,
    Frame(FrameError),
    System(io::Error),
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// Too much waits to be sent already.
    Dropped,
    Out,
    /// No connection leads there yet, or any more.
    Nowhere,
}

impl ByTcp {
    pub fn new(call: CallId, framing: StreamFraming, listener: TcpListener) -> Self {
        let room = vec![0; MOST_FRAMED + 2].into_boxed_slice();
        let connections = Vec::with_capacity(CONNECTIONS);
        Self { call, framing, listener, connections, used: None, lost: None, has_failed: false, room }
    }

    /// The one that we opened.
    pub fn add(&mut self, now: Mono, stream: TcpStream) {
        let framing = self.framing;
        let opened = Connection::new(now, stream, (framing, false)).and_then(|mut connection| {
            if framing == StreamFraming::Esp {
                connection.stream.write_all(&STREAM_PREFIX)?;
            }
            Ok(connection)
        });
        match opened {
            Ok(connection) => self.keep(now, connection),
            Err(error) => tracing::debug!(%error, "a connection for media was closed at once"),
        }
    }

    /// Takes connections that wait, and hands over every packet that came by one, with the address that it came from. `in_clear`: where the peer of a
    /// stream is that has no keys. Nothing but its address tells who it is, so nobody else is listened to; and the port is that which it described,
    /// whichever its connection has (RFC 4145 section 4.1 has it say 9 where it opens it).
    ///
    /// # Errors
    /// Once: the connection in use is over, or what came by it is no packet.
    pub fn receive(
        &mut self,
        now: Mono,
        in_clear: Option<SocketAddr>,
        mut take: impl FnMut(SocketAddr, &mut [u8]),
    ) -> Result<(), Failure> {
        while let Ok((stream, from)) = self.listener.accept() {
            if in_clear.is_some_and(|peer| !is_same_host(peer, from)) {
                tracing::debug!("a connection for media in clear came from somebody else");
                continue;
            }
            match Connection::new(now, stream, (self.framing, true)) {
                Ok(connection) => self.keep(now, connection),
                Err(error) => tracing::debug!(%error, "a connection for media was closed at once"),
            }
        }
        let (used, lost) = (&mut self.used, &mut self.lost);
        self.connections.retain_mut(|connection| {
            let mut sort = |from, packet: &mut [u8]| match in_clear {
                None => take(from, packet),
                Some(peer) if is_same_host(peer, from) => {
                    let before = used.filter(|used| is_same_host(peer, *used));
                    *used = before.or(Some(from));
                    if *used == Some(from) {
                        take(peer, packet);
                    }
                }
                Some(_) => {}
            };
            let Err(broken) = connection.receive(now, &mut sort) else { return true };
            if *used == Some(connection.peer) {
                *lost = Some((broken.allowed_until(now), broken.to_string()));
            }
            false
        });
        self.judge(now)
    }

    /// Sends what fits at once. Where the stream does not know yet, or no more, by which connection its peer is reached, it goes by the one that was
    /// used last, or came last: whoever else has it can open nothing of it; in clear none but the peer's host gets any.
    pub fn send(&mut self, to: SocketAddr, packet: &[u8], in_clear: bool) -> Went {
        let used = self.used;
        let may_have = move |connection: &Connection| !in_clear || is_same_host(to, connection.peer);
        let is_at = |wanted: Option<SocketAddr>| {
            move |connection: &Connection| wanted == Some(connection.peer) && may_have(connection)
        };
        let place = self.connections.iter().position(is_at(Some(to)));
        if place.is_some() {
            (self.used, self.lost) = (Some(to), None);
        }
        let place = place.or_else(|| self.connections.iter().position(is_at(used)));
        let place = place.or_else(|| self.connections.iter().rposition(may_have));
        let Some(connection) = place.and_then(|place| self.connections.get_mut(place)) else { return Went::Nowhere };
        match frame(self.framing, packet, &mut self.room) {
            Some(framed) => connection.send(framed),
            None => Went::Dropped,
        }
    }

    fn keep(&mut self, now: Mono, connection: Connection) {
        let used = self.used;
        let is_wanted = |kept: &Connection| used == Some(kept.peer) || kept.heard + QUIET > now;
        self.connections.retain(is_wanted);
        if self.connections.len() < CONNECTIONS {
            self.connections.push(connection);
        }
    }

    fn judge(&mut self, now: Mono) -> Result<(), Failure> {
        match &self.lost {
            Some((until, why)) if *until <= now && !self.has_failed => {
                self.has_failed = true;
                Err(lost(self.call, why))
            }
            _ => Ok(()),
        }
    }
}

impl Connection {
    fn new(now: Mono, stream: TcpStream, (framing, accepted): (StreamFraming, bool)) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        limit_unsent(stream.as_fd(), UNSENT)?;
        stream.set_nonblocking(true)?;
        let (reader, rests) = (FrameReader::new(framing, accepted), vec![0; MOST_FRAMED + 2].into_boxed_slice());
        Ok(Self { stream, peer, reader, rest: 0..0, rests, heard: now })
    }

    fn receive(&mut self, now: Mono, take: &mut impl FnMut(SocketAddr, &mut [u8])) -> Result<(), Broken> {
        // No more than it holds at once: others have their turn.
        for _ in 0..2 {
            match self.stream.read(self.reader.room()) {
                Ok(0) => return Err(Broken::Closed),
                Ok(len) => self.reader.fill(len),
                Err(error) if is_later(&error) => return Ok(()),
                Err(error) => return Err(Broken::System(error)),
            }
            while let Some(packet) = self.reader.take().map_err(Broken::Frame)? {
                self.heard = now;
                take(self.peer, packet);
            }
        }
        Ok(())
    }

    fn send(&mut self, framed: &[u8]) -> Went {
        self.flush();
        if !self.rest.is_empty() {
            return Went::Dropped;
        }
        let sent = match self.stream.write(framed) {
            Ok(sent) => sent,
            Err(_) => return Went::Dropped,
        };
        let rest = framed.get(sent..).unwrap_or_default();
        self.rest = 0..rest.len();
        self.rests.iter_mut().zip(rest).for_each(|(octet, of)| *octet = *of);
        Went::Out
    }

    /// An error shows when it is read from.
    fn flush(&mut self) {
        let waiting = self.rests.get(self.rest.clone()).unwrap_or_default();
        if let Some(sent) = (!waiting.is_empty()).then(|| self.stream.write(waiting).unwrap_or(0)) {
            self.rest.start += sent;
        }
    }
}

impl Broken {
    fn allowed_until(&self, now: Mono) -> Mono {
        match self {
            Self::Frame(_) => now,
            Self::Closed | Self::System(_) => now + GRACE,
        }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("the other side has closed it"),
            Self::Frame(error) => error.fmt(f),
            Self::System(error) => error.fmt(f),
        }
    }
}

/// Opens the connection to where the other side waits for it, from this address of ours.
///
/// # Errors
/// Nobody takes it there.
pub async fn dial(call: CallId, from: IpAddr, to: SocketAddr) -> Result<TcpStream, Failure> {
    let opening = async {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(from, 0))?;
        socket.connect(to).await?.into_std()
    };
    let opened = timeout(PATIENCE, opening).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
    opened.map_err(|error| {
        let message = format!("the media of call {call} goes by TCP, and no connection to {to} can be opened: {error}");
        let next = "see that TCP to there is let through, or approve an entry for udp: `sottovoce policy list`";
        Failure::new(FailureKind::Unreachable, "media-unconnected", message, call.to_string(), next)
    })
}

fn lost(call: CallId, why: &str) -> Failure {
    let message = format!("the TCP connection by which the media of call {call} went is over: {why}");
    Failure::new(FailureKind::Unreachable, "media-connection-lost", message, call.to_string(), "call again")
}

fn is_same_host(one: SocketAddr, other: SocketAddr) -> bool {
    one.ip().to_canonical() == other.ip().to_canonical()
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const CALL: CallId = CallId(7);

    #[expect(clippy::disallowed_methods, reason = "both ends of a test")]
    fn listening_for(framing: StreamFraming) -> (ByTcp, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        (ByTcp::new(CALL, framing, listener), address)
    }

    fn listening() -> (ByTcp, SocketAddr) {
        listening_for(StreamFraming::Esp)
    }

    #[expect(clippy::disallowed_methods, reason = "both ends of a test")]
    fn connected(to: SocketAddr) -> TcpStream {
        TcpStream::connect(to).unwrap()
    }

    fn at(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    /// Until so many packets came, or it fails.
    fn received(by: &mut ByTcp, now: Mono, count: usize) -> Result<Vec<(SocketAddr, Vec<u8>)>, Failure> {
        let mut came = Vec::new();
        for _ in 0..2000 {
            by.receive(now, None, |from, packet| came.push((from, packet.to_vec())))?;
            if came.len() >= count {
                break;
            }
            std::thread::yield_now();
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Ok(came)
    }

    #[test]
    fn packets_go_both_ways_by_a_connection_that_either_side_opened() {
        let (mut alice, there) = listening();
        let (mut bob, _) = listening();
        bob.add(at(0), connected(there));
        assert_eq!(bob.send(there, b"\xc0 from bob", false), Went::Out);
        let came = received(&mut alice, at(0), 1).unwrap();
        let (from, packet) = &came[0];
        assert_eq!(packet, b"\xc0 from bob");
        assert_eq!(alice.send(*from, b"\xc0 from alice", false), Went::Out);
        // As after new keys, when the peer's address is that of its description again.
        assert_eq!(alice.send("192.0.2.1:9".parse().unwrap(), b"\xc1", false), Went::Out);
        let wanted = [(there, b"\xc0 from alice".to_vec()), (there, b"\xc1".to_vec())];
        assert_eq!(received(&mut bob, at(0), 2).unwrap(), wanted);
        assert_eq!(listening().0.send(there, b"\xc0", false), Went::Nowhere);
    }

    /// Whoever reads nothing gets what fits, and the rest is not kept for him.
    #[test]
    fn what_does_not_fit_at_once_is_dropped_and_frames_stay_whole() {
        let (mut alice, there) = listening();
        let (mut bob, _) = listening();
        bob.add(at(0), connected(there));
        let packet = |n: u32| [&[0xc0, 0][..], &n.to_be_bytes(), &[0; 1200]].concat();
        let went: Vec<Went> = (0..20_000).map(|n| bob.send(there, &packet(n), false)).collect();
        let out = went.iter().filter(|went| **went == Went::Out).count();
        assert!(went.contains(&Went::Dropped) && out > 0 && out < 15_000, "{out}");
        let came = received(&mut alice, at(0), out - 1).unwrap();
        let sent: Vec<Vec<u8>> =
            (0..).zip(&went).filter(|(_, went)| **went == Went::Out).map(|(n, _)| packet(n)).collect();
        assert!(came.iter().map(|(_, packet)| packet).eq(sent.iter().take(came.len())));
        assert!(came.len() + 1 >= out);
    }

    #[test]
    fn a_broken_frame_by_the_connection_in_use_ends_the_call_with_the_reason() {
        let (mut alice, there) = listening();
        let mut bob = connected(there);
        bob.write_all(b"IKETCP\x00\x03\xc0").unwrap();
        let from = received(&mut alice, at(0), 1).unwrap()[0].0;
        assert_eq!(alice.send(from, b"voice", false), Went::Out);
        bob.write_all(b"\xff\xff").unwrap();
        let failure = received(&mut alice, at(20), 1).unwrap_err();
        assert_eq!(failure.code, "media-connection-lost");
        assert!(failure.message.contains("65535 octets"), "{failure}");
        assert_eq!(alice.receive(at(40), None, |_, _| ()), Ok(()), "told once");
    }

    /// Who only connects, and speaks another language, is closed, and the call goes on.
    #[test]
    fn strangers_break_nothing_and_take_no_place_for_long() {
        let (mut alice, there) = listening();
        let mut strangers: Vec<TcpStream> = (0..6).map(|_| connected(there)).collect();
        strangers[0].write_all(b"GET / HTTP/1.1\r\n").unwrap();
        assert_eq!(received(&mut alice, at(0), 1).unwrap(), []);
        assert!(alice.connections.len() < CONNECTIONS);
        let mut bob = connected(there);
        bob.write_all(b"IKETCP\x00\x03\xc0").unwrap();
        assert_eq!(received(&mut alice, at(6000), 1).unwrap().len(), 1);
    }

    #[test]
    fn a_connection_that_ends_is_told_when_the_call_has_not_ended_by_then() {
        let (mut alice, there) = listening();
        let mut bob = connected(there);
        bob.write_all(b"IKETCP\x00\x03\xc0").unwrap();
        let from = received(&mut alice, at(0), 1).unwrap()[0].0;
        alice.send(from, b"voice", false);
        drop(bob);
        for _ in 0..2000 {
            assert_eq!(alice.receive(at(20), None, |_, _| ()), Ok(()));
            if alice.lost.is_some() {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        assert_eq!(alice.receive(at(2000), None, |_, _| ()), Ok(()));
        assert_eq!(alice.receive(at(2021), None, |_, _| ()).unwrap_err().code, "media-connection-lost");
    }

    /// RFC 4571, in clear: the port of the connection is not the one that was described, and whoever else comes is nobody.
    #[test]
    fn in_clear_the_peers_host_alone_is_heard_and_gets_anything_and_its_first_connection() {
        let (mut alice, there) = listening_for(StreamFraming::Rtp);
        let (bob_is, eve_is): (SocketAddr, SocketAddr) =
            ("127.0.0.1:9".parse().unwrap(), "127.0.0.9:9".parse().unwrap());
        let mut bob = connected(there);
        bob.write_all(b"\x00\x00\x00\x03\x80 b").unwrap();
        let mut came = Vec::new();
        while came.is_empty() {
            alice.receive(at(0), Some(bob_is), |from, packet| came.push((from, packet.to_vec()))).unwrap();
        }
        assert_eq!(came, [(bob_is, b"\x80 b".to_vec())]);
        assert_eq!(alice.send(eve_is, b"\x80 to eve", true), Went::Nowhere);
        // Another one from there, which is not the first.
        let mut other = connected(there);
        other.write_all(b"\x00\x03\x80 o").unwrap();
        while alice.connections.len() < 2 {
            alice.receive(at(0), Some(bob_is), |_, _| ()).unwrap();
        }
        for _ in 0..50 {
            alice.receive(at(0), Some(bob_is), |_, _| panic!("it is not the first")).unwrap();
            std::thread::park_timeout(Duration::from_millis(1));
        }
        assert_eq!(alice.send(bob_is, b"\x80 a", true), Went::Out);
        let mut got = [0; 5];
        bob.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"\x00\x03\x80 a");
        let (mut alice, there) = listening_for(StreamFraming::Rtp);
        let mut eve = connected(there);
        eve.write_all(b"\x00\x03\x80 e").unwrap();
        eve.set_nonblocking(true).unwrap();
        let is_shut = |eve: &mut TcpStream| match eve.read(&mut [0; 9]) {
            Ok(len) => len == 0,
            Err(error) => !is_later(&error),
        };
        while !is_shut(&mut eve) {
            alice.receive(at(0), Some(eve_is), |_, _| panic!("she is not where that is")).unwrap();
        }
    }
}
