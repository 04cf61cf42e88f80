use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

use super::Host;

/// How a message travels (RFC 3261 section 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    Tcp,
    /// Over TCP (RFC 3261 section 26.3.1).
    Tls,
    Udp,
    /// WebSocket over TCP (RFC 7118).
    Ws,
    /// WebSocket over TLS.
    Wss,
}

/// One stream connection of ours, numbered by whoever opened or accepted it; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Where a message came from, and on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    pub transport: Transport,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub connection: Option<ConnectionId>,
}

/// One whole message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    pub transport: Transport,
    pub remote: SocketAddr,
    /// Send on this connection if it is still open, else open one to `remote`.
    pub connection: Option<ConnectionId>,
    /// By TLS on any other connection: the domain or address that the certificate must prove, as the user or the URI
    /// named it and never what DNS made of it (RFC 5922 section 7). By TLS without it only `connection` will do.
    pub domain: Option<Host>,
    pub bytes: Bytes,
}

impl Transport {
    /// What is sent arrives in order, or the connection breaks.
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// Whoever is at the other end has proven a name by a certificate, and nobody on the way reads.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// What is sent is a WebSocket message (RFC 7118).
    pub fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// The port where none is named (RFC 3261 section 19.1.2; RFC 6455 section 3 for WebSockets).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Tcp | Self::Udp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Udp => "udp",
            Self::Ws => "ws",
            Self::Wss => "wss",
        })
    }
}
