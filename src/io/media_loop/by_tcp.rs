//! Media by a TCP connection, for where UDP is let through nowhere: ESP, framed as RFC 9329 has it, or what ordinary telephones have, as RFC 4571 has it.
//! Either side may have opened it (RFC 4145).

use std::cmp::Reverse;
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
/// The end of a call comes by another way, and may be later than that of its connection.
const GRACE: Duration = Duration::from_secs(2);
/// Octets that wait in the system to be sent: some 0.4 s of voice. What does not fit is not sent at all, for voice that waits is late.
const UNSENT: u32 = 4096;

/// The connections of one call.
pub struct ByTcp {
    call: CallId,
    framing: StreamFraming,
    listener: TcpListener,
    /// In the order in which they came.
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
    /// A packet of the peer came by it.
    proven: bool,
}

/// Who is to be at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Towards {
    /// As described, and where it was heard once a packet authenticated.
    pub peer: SocketAddr,
    /// It has no keys. Nothing but its address tells who it is, so nobody else is listened to; and the port is that which it described, whichever its
    /// connection has (RFC 4145 section 4.1 has it say 9 where it opens it).
    pub in_clear: bool,
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
    pub fn add(&mut self, stream: TcpStream) {
        let framing = self.framing;
        let opened = Connection::new(stream, (framing, false)).and_then(|mut connection| {
            if framing == StreamFraming::Esp {
                connection.stream.write_all(&STREAM_PREFIX)?;
            }
            Ok(connection)
        });
        match opened {
            Ok(connection) => {
                // It leads to where the peer said that it is.
                let peer = connection.peer;
                self.keep(peer, connection);
            }
            Err(error) => tracing::debug!(%error, "a connection for media was closed at once"),
        }
    }

    /// Takes connections that wait, and hands over every packet that came by one, with the address that it came from; `take` says whether it was the
    /// peer's. Whatever else comes does nothing.
    ///
    /// # Errors
    /// Once: the connection in use is over, or what came by it is no packet.
    pub fn receive(
        &mut self,
        now: Mono,
        Towards { peer, in_clear }: Towards,
        mut take: impl FnMut(SocketAddr, &mut [u8]) -> bool,
    ) -> Result<(), Failure> {
        while let Ok((stream, from)) = self.listener.accept() {
            if in_clear && !is_same_host(peer, from) {
                tracing::debug!("a connection for media in clear came from somebody else");
                continue;
            }
            match Connection::new(stream, (self.framing, true)) {
                Ok(connection) => self.keep(peer, connection),
                Err(error) => tracing::debug!(%error, "a connection for media was closed at once"),
            }
        }
        let (used, lost) = (&mut self.used, &mut self.lost);
        self.connections.retain_mut(|connection| {
            let mut sort = |from, packet: &mut [u8]| match in_clear {
                false => take(from, packet),
                true if is_same_host(peer, from) => {
                    let before = used.filter(|used| is_same_host(peer, *used));
                    *used = before.or(Some(from));
                    *used == Some(from) && take(peer, packet)
                }
                true => false,
            };
            let Err(broken) = connection.receive(&mut sort) else { return true };
            if *used == Some(connection.peer) {
                *lost = Some((broken.allowed_until(now), broken.to_string()));
            }
            false
        });
        self.judge(now)
    }

    /// Sends what fits at once. Where the stream does not know yet, or no more, by which connection its peer is reached, it goes by the one that was
    /// used last, came last from the peer's host, or from anywhere: whoever else has it can open nothing of it; in clear none but the peer's host gets any.
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
        let is_there = |connection: &Connection| is_same_host(to, connection.peer);
        let place = place.or_else(|| self.connections.iter().rposition(is_there));
        let place = place.or_else(|| self.connections.iter().rposition(may_have));
        let Some(connection) = place.and_then(|place| self.connections.get_mut(place)) else { return Went::Nowhere };
        match frame(self.framing, packet, &mut self.room) {
            Some(framed) => connection.send(framed),
            None => Went::Dropped,
        }
    }

    fn keep(&mut self, described: SocketAddr, connection: Connection) {
        if self.connections.len() >= CONNECTIONS {
            let Some(place) = self.least_wanted(described, connection.peer) else { return };
            self.connections.remove(place);
        }
        self.connections.push(connection);
    }

    /// Which one makes room for one from there: the oldest that has proven nothing, of the host that has most of them, so that nobody drives out
    /// others than himself; that of the peer's host, or a proven one, for another from that host alone.
    fn least_wanted(&self, described: SocketAddr, newcomer: SocketAddr) -> Option<usize> {
        let is_guarded = |one: &Connection| one.proven || is_same_host(described, one.peer);
        let may_go =
            |one: &Connection| self.used != Some(one.peer) && (!is_guarded(one) || is_same_host(described, newcomer));
        let of_its_host = |one: &Connection| {
            let others = self.connections.iter().filter(|other| is_same_host(other.peer, one.peer));
            others.count() + usize::from(is_same_host(newcomer, one.peer))
        };
        let all = self.connections.iter().enumerate().filter(|(_, one)| may_go(one));
        let rank = |one: &Connection| (is_guarded(one), one.proven, Reverse(of_its_host(one)));
        all.min_by_key(|(_, one)| rank(one)).map(|(place, _)| place)
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
    fn new(stream: TcpStream, (framing, accepted): (StreamFraming, bool)) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        limit_unsent(stream.as_fd(), UNSENT)?;
        stream.set_nonblocking(true)?;
        let (reader, rests) = (FrameReader::new(framing, accepted), vec![0; MOST_FRAMED + 2].into_boxed_slice());
        Ok(Self { stream, peer, reader, rest: 0..0, rests, proven: false })
    }

    fn receive(&mut self, take: &mut impl FnMut(SocketAddr, &mut [u8]) -> bool) -> Result<(), Broken> {
        // No more than it holds at once: others have their turn.
        for _ in 0..2 {
            match self.stream.read(self.reader.room()) {
                Ok(0) => return Err(Broken::Closed),
                Ok(len) => self.reader.fill(len),
                Err(error) if is_later(&error) => return Ok(()),
                Err(error) => return Err(Broken::System(error)),
            }
            while let Some(packet) = self.reader.take().map_err(Broken::Frame)? {
                self.proven |= take(self.peer, packet);
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
mod tests;
