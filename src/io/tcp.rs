//! SIP over TCP, plain and with TLS (RFC 3261 section 18): a task a connection, a bounded queue before each, and a limit on
//! how many there are, those included whose handshake has not ended.

mod alias;
mod connection;
mod table;
#[cfg(test)]
mod tests;
mod websocket;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};

use super::signalling_loop::Inbound;
use super::sockets::bind_failure;
use super::tls::Tls;
use crate::sip::{keep_alive, ConnectionId, Host, Transmit, Transport};
use crate::vocab::Failure;

use alias::Aliases;
use connection::Connection;
use table::{Origin, Peer, Table};

/// Connections at once, accepted and opened.
pub const MAX_CONNECTIONS: usize = 256;
/// Of these so many for connections that we open: others could take all of the rest.
pub const KEPT_FOR_OURS: usize = 64;
/// Accepted connections at once from one address.
pub const MAX_PER_REMOTE: usize = 16;
/// Connections at once that we opened to one address: who lets its own break has our responses open new ones.
pub const MAX_OPENED_TO: usize = 16;
/// Names by which one accepted connection is found for requests of ours (RFC 5923); what asks for one more is not obeyed.
pub const MAX_ALIASES: usize = 4;
/// Messages that wait for a connection; one more fails.
pub const QUEUE: usize = 64;
/// A connection without a whole message in either direction for so long is closed. Longer than anybody rings
/// ([`RINGING`](crate::sip::RINGING)) and the 32 s in which the end of that is told, or both ends would drop it just then.
pub const IDLE_LIMIT: Duration = Duration::from_secs(240);
/// How long a peer may take to accept a connection.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);

const DOES_NOT_READ: &str = "the peer does not read what we send";

/// Every connection of ours.
#[derive(Debug)]
pub struct Tcp {
    shared: Arc<Shared>,
}

/// The sockets that are listened on.
#[derive(Debug, Default)]
pub struct Listeners {
    pub plain: Vec<TcpListener>,
    /// For TLS.
    pub secure: Vec<TcpListener>,
}

/// What the tasks of all connections share.
#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    inbound: mpsc::Sender<Inbound>,
    open: watch::Receiver<()>,
    tls: Tls,
    /// Connections are opened from the addresses that we listen on, so that the peer sees the one it knows.
    locals: Vec<IpAddr>,
}

#[expect(clippy::disallowed_methods, reason = "the one place that opens TCP listeners for SIP")]
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| bind_failure("SIP over TCP", address, &error))
}

impl Tcp {
    /// Accepts and reads until `open` is dropped at its other end. While `inbound` is full nobody reads, and the peers wait.
    pub fn start(listeners: Listeners, tls: Tls, inbound: mpsc::Sender<Inbound>, open: watch::Receiver<()>) -> Self {
        let Listeners { plain, secure } = listeners;
        let all = || plain.iter().chain(&secure);
        let locals = all().filter_map(|listener| Some(listener.local_addr().ok()?.ip())).collect();
        let shared = Arc::new(Shared { table: Mutex::default(), inbound, open, tls, locals });
        for listener in plain {
            tokio::spawn(accept(listener, Transport::Tcp, Arc::clone(&shared)));
        }
        for listener in secure {
            tokio::spawn(accept(listener, Transport::Tls, Arc::clone(&shared)));
        }
        Self { shared }
    }

    /// Queues one message on its connection, or on one that is opened to its remote address. What becomes of it later is
    /// told by [`Inbound::Failed`]; what is refused at once comes back with the reason.
    pub fn send(&self, what: Transmit) -> Result<(), Box<(Transmit, String)>> {
        let queued = self.shared.table().queue(what);
        match queued {
            table::Queued::Yes => Ok(()),
            table::Queued::Full(what) => Err(refused(what, DOES_NOT_READ)),
            table::Queued::NoConnection(what) => self.shared.send_anew(what),
        }
    }

    /// Closes the connections that we opened there; what waits for them fails.
    pub fn disconnect(&self, transport: Transport, remote: SocketAddr) {
        self.shared.table().remove_opened(transport, remote);
    }

    /// Connections at this moment.
    pub fn connections(&self) -> usize {
        self.shared.table().len()
    }
}

fn refused(what: Transmit, why: &str) -> Box<(Transmit, String)> {
    Box::new((what, why.to_owned()))
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On a connection that is opened for it, or was for another meanwhile.
    fn send_anew(self: &Arc<Self>, what: Transmit) -> Result<(), Box<(Transmit, String)>> {
        let peer = Peer::of(&what);
        if what.bytes == keep_alive::PING {
            return Err(refused(what, "the connection that it was to keep is gone"));
        }
        if peer.transport.is_secure() && peer.domain.is_none() {
            return Err(refused(what, "the connection that it belongs to is gone"));
        }
        let mut table = self.table();
        let what = match table.queue_on_ours(what) {
            table::Queued::Yes => return Ok(()),
            table::Queued::Full(what) => return Err(refused(what, DOES_NOT_READ)),
            table::Queued::NoConnection(what) => what,
        };
        let Some((id, messages)) = table.add(peer.clone(), Origin::Opened) else {
            return Err(refused(what, "too many connections are open"));
        };
        // A new queue has room.
        let _ = table.queue_on_ours(what);
        tokio::spawn(open(Arc::clone(self), id, peer, messages));
        Ok(())
    }

    /// Removes the connection, and tells the fate of what still waited for it.
    async fn end(
        self: &Arc<Self>,
        id: ConnectionId,
        mut messages: mpsc::Receiver<Transmit>,
        (origin, why): (Origin, &str),
    ) {
        self.table().remove(id);
        messages.close();
        while let Ok(what) = messages.try_recv() {
            self.lose(what, origin, why).await;
        }
    }

    /// Nobody answers it where it is. A request of ours on a connection that the peer had opened gets one of its own: who asked for that
    /// is no worse off than who did not.
    async fn lose(self: &Arc<Self>, what: Transmit, origin: Origin, why: &str) {
        let has_another_way = origin == Origin::Accepted && what.connection.is_none() && why != connection::IDLE;
        let lost = if has_another_way { self.send_anew(what) } else { Err(refused(what, why)) };
        if let Err(lost) = lost {
            let (what, why) = *lost;
            self.fail(what, &why).await;
        }
    }

    async fn fail(&self, what: Transmit, why: &str) {
        let _ = self.inbound.send(Inbound::Failed { what, why: why.to_owned() }).await;
    }
}

async fn accept(listener: TcpListener, transport: Transport, shared: Arc<Shared>) {
    let mut open = shared.open.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = open.changed() => return,
        };
        match accepted {
            Ok((stream, remote)) => admit(stream, Peer { transport, remote, domain: None }, &shared),
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Over a limit the connection is closed at once.
fn admit(stream: TcpStream, peer: Peer, shared: &Arc<Shared>) {
    let added = shared.table().add(peer.clone(), Origin::Accepted);
    match added {
        Some((id, messages)) => {
            tokio::spawn(serve(Arc::clone(shared), id, (Origin::Accepted, peer), stream, messages));
        }
        None => tracing::debug!("a connection was refused: too many are open"),
    }
}

async fn open(shared: Arc<Shared>, id: ConnectionId, peer: Peer, messages: mpsc::Receiver<Transmit>) {
    let opened = tokio::time::timeout(CONNECT_LIMIT, connect(&shared.locals, peer.remote)).await;
    match opened {
        Ok(Ok(stream)) => serve(shared, id, (Origin::Opened, peer), stream, messages).await,
        Ok(Err(error)) => shared.end(id, messages, (Origin::Opened, &error.to_string())).await,
        Err(_) => shared.end(id, messages, (Origin::Opened, "the peer does not accept a connection")).await,
    }
}

pub(super) async fn connect(locals: &[IpAddr], remote: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if remote.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    let fits =
        |local: &&IpAddr| local.is_ipv4() == remote.is_ipv4() && local.is_loopback() == remote.ip().is_loopback();
    if let Some(local) = locals.iter().find(fits) {
        socket.bind(SocketAddr::new(*local, 0))?;
    }
    socket.connect(remote).await
}

async fn serve(
    shared: Arc<Shared>,
    id: ConnectionId,
    whose: (Origin, Peer),
    stream: TcpStream,
    mut messages: mpsc::Receiver<Transmit>,
) {
    let (origin, peer) = whose;
    let mut open = shared.open.clone();
    let _ = stream.set_nodelay(true);
    let connection = Connection::new(id, origin, peer.transport, &stream, shared.inbound.clone());
    let why = tokio::select! {
        why = run(&shared, (id, &connection), (origin, &peer), stream, &mut messages) => why,
        _ = open.changed() => return,
    };
    tracing::debug!(connection = id.0, why, "a connection has ended");
    // First, or what is sent again because of it would be put on this very connection.
    shared.table().remove(id);
    if let Some(what) = connection.unanswered() {
        shared.lose(what, origin, &why).await;
    }
    shared.end(id, messages, (origin, &why)).await;
    if origin == Origin::Opened && why != connection::IDLE {
        let ended = Inbound::Ended { transport: peer.transport, remote: peer.remote };
        let _ = shared.inbound.send(ended).await;
    }
}

/// A host and, unless it is the usual one of HTTPS, its port.
fn named(domain: &Host, remote: SocketAddr) -> String {
    match remote.port() {
        443 => domain.to_string(),
        port => format!("{domain}:{port}"),
    }
}

/// The handshake, when there is one, and then messages. Says why it ended.
async fn run(
    shared: &Arc<Shared>,
    (id, connection): (ConnectionId, &Connection),
    whose: (Origin, &Peer),
    stream: TcpStream,
    messages: &mut mpsc::Receiver<Transmit>,
) -> String {
    let tls = &shared.tls;
    match (whose.1.transport, whose.0, &whose.1.domain) {
        (Transport::Tls, Origin::Accepted, _) => match tls.accept(stream).await {
            Ok(stream) => {
                if let Some(proof) = tls.proof(&stream).await {
                    connection.honour(Aliases { shared: Arc::clone(shared), id, proof });
                }
                connection.run(stream, messages).await
            }
            Err(why) => why,
        },
        (Transport::Tls, Origin::Opened, Some(domain)) => match tls.connect(stream, domain).await {
            Ok(stream) => connection.run(stream, messages).await,
            Err(why) => why,
        },
        (Transport::Wss, _, Some(domain)) => match tls.connect(stream, domain).await {
            Ok(stream) => websocket::run(connection, stream, &named(domain, whose.1.remote), messages).await,
            Err(why) => why,
        },
        (Transport::Tls | Transport::Wss, _, None) => "nobody said what its certificate is to prove".to_owned(),
        (Transport::Ws, ..) => websocket::run(connection, stream, &whose.1.remote.to_string(), messages).await,
        (Transport::Tcp | Transport::Udp, ..) => connection.run(stream, messages).await,
    }
}
