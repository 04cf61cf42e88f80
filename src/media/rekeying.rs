use std::net::SocketAddr;
use std::sync::Arc;

use crate::dtls::Handshake;
use crate::ipsec::Protection;
use crate::policy::{Bundle, Level, Spd};
use crate::srtp;
use crate::vocab::{Device, Entity};

/// Both sides of a running call agreed anew (PROTOCOL section 7, "Mid-call"): what its stream goes on with.
pub struct Rekeying {
    /// Our media address, as offered now.
    pub local: SocketAddr,
    /// The peer's, as offered now.
    pub remote: SocketAddr,
    pub peer: Option<(Entity, Device)>,
    pub spd: Arc<Spd>,
    /// What `default` means in an entry: never itself `Default`.
    pub default_level: Level,
    /// What was agreed for packets of ours.
    pub outbound: Bundle,
    /// What was agreed for packets of the peer.
    pub inbound: Bundle,
    pub following: Following,
    /// We offered: the peer receives under these keys already.
    pub speaks_first: bool,
    /// Nothing is sent before something authentic came under these keys: the peer has only said that it is at `remote`.
    pub heard_first: bool,
}

/// What follows what a stream was sealed with.
// Made once for each new agreement.
#[allow(clippy::large_enum_variant)]
pub enum Following {
    /// Fresh associations of IPsec, or none at all: what was before overlaps with them for a while.
    Ipsec(Protection),
    /// Keys for SRTP, at once: nothing in a packet tells which of them it is sealed with. `None`: that of before goes on.
    Srtp { sender: Option<FreshSender>, receiver: Option<Box<srtp::Receiver>> },
    /// The same, once a handshake has made them.
    Dtls { handshake: Box<Handshake>, ssrc: u32 },
}

/// Telephones differ in whether the count of a source's turns goes on under another key (RFC 3711 section 3.3.1, RFC 4568 section 7.1.4), so ours is
/// another source from then on.
pub struct FreshSender {
    pub sender: Box<srtp::Sender>,
    pub ssrc: u32,
}
