use std::sync::Arc;

use super::Shared;
use crate::io::tls::Proof;
use crate::sip::headers::Via;
use crate::sip::{keep_alive, ConnectionId, Host, Message, Transmit, Transport};

/// A name by which a connection that was opened to us is found for requests of ours (RFC 5923): the sent-by of a Via with `alias`,
/// which the other end's certificate proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    host: Host,
    port: u16,
}

/// Of one accepted connection, whose other end has proven something: what may be asked of it.
#[derive(Debug)]
pub struct Aliases {
    pub shared: Arc<Shared>,
    pub id: ConnectionId,
    pub proof: Proof,
}

impl Alias {
    /// What the topmost Via of a request by TLS asks for.
    pub fn asked_for(bytes: &[u8]) -> Option<Self> {
        let Ok(Message::Request(request)) = Message::parse_head(bytes) else { return None };
        let via = request.headers().typed::<Via>().ok().flatten()?;
        let asks = via.transport.known() == Some(Transport::Tls) && via.params.has("alias");
        asks.then(|| Self { port: via.port.unwrap_or(Transport::Tls.default_port()), host: via.host })
    }

    /// The very name that is to be proven, and the port. What keeps a flow is for connections that we opened.
    pub fn serves(&self, what: &Transmit) -> bool {
        let there = self.host.ip().is_none_or(|ip| ip == what.remote.ip()) && what.remote.port() == self.port;
        let keeps = what.bytes == keep_alive::PING || what.bytes.starts_with(b"REGISTER ");
        what.transport == Transport::Tls && what.domain.as_ref() == Some(&self.host) && there && !keeps
    }
}

impl Aliases {
    /// Before the request is handed over: the answer to it may be a request.
    pub fn learn(&self, bytes: &[u8]) {
        let Some(alias) = Alias::asked_for(bytes) else { return };
        let fits = self.shared.table().has_room_for(self.id, &alias);
        if fits && self.proof.proves(&alias.host) {
            self.shared.table().add_alias(self.id, alias);
        }
    }
}
