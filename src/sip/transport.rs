use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

/// How a message travels (RFC 3261 section 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    Tcp,
    Udp,
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
    pub bytes: Bytes,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}
