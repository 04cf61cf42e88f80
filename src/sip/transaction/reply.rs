use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use crate::sip::{ConnectionId, Received, Transmit, Transport};

/// Where the responses to one request go (RFC 3261 section 18.2.2, RFC 3581 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    transport: Transport,
    remote: SocketAddr,
    connection: Option<ConnectionId>,
}

impl Reply {
    /// `port` is that of the Via's sent-by, `rport` whether the Via asked for it. A stream's responses go back on
    /// it; were it gone, to the address it came from and the port of sent-by. `maddr` is not followed: it would let
    /// a stranger aim our answers at others.
    pub fn new(from: &Received, port: Option<u16>, rport: bool) -> Self {
        let symmetric = rport && from.transport == Transport::Udp;
        let port = if symmetric { from.remote.port() } else { port.unwrap_or(from.transport.default_port()) };
        let remote = SocketAddr::new(from.remote.ip(), port);
        Self { transport: from.transport, remote, connection: from.connection }
    }

    pub fn transmit(&self, bytes: Bytes) -> Transmit {
        Transmit { transport: self.transport, remote: self.remote, connection: self.connection, domain: None, bytes }
    }

    /// Where the request came from.
    pub fn address(&self) -> IpAddr {
        self.remote.ip()
    }

    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    pub fn is_reliable(&self) -> bool {
        self.transport.is_reliable()
    }

    pub fn transport(&self) -> Transport {
        self.transport
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(transport: Transport) -> Received {
        Received {
            transport,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.9:7000".parse().unwrap(),
            connection: transport.is_reliable().then_some(ConnectionId(3)),
        }
    }

    #[test]
    fn a_datagram_is_answered_at_its_source_port_only_if_it_asked_for_that() {
        let bytes = Bytes::from_static(b"x");
        let to =
            |port, rport| Reply::new(&from(Transport::Udp), port, rport).transmit(bytes.clone()).remote.to_string();
        assert_eq!(to(Some(5070), true), "192.0.2.9:7000");
        assert_eq!(to(Some(5070), false), "192.0.2.9:5070");
        assert_eq!(to(None, false), "192.0.2.9:5060");
    }

    #[test]
    fn a_stream_is_answered_on_itself() {
        let sent = Reply::new(&from(Transport::Tcp), Some(5070), true).transmit(Bytes::from_static(b"x"));
        assert_eq!((sent.connection, sent.remote.to_string().as_str()), (Some(ConnectionId(3)), "192.0.2.9:5070"));
        let secure = Reply::new(&from(Transport::Tls), None, true);
        assert_eq!(secure.transmit(Bytes::new()).remote.port(), 5061);
        assert!(secure.is_reliable());
    }
}
