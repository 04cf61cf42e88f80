use std::net::SocketAddr;
use std::sync::Arc;

use crate::ipsec::Protection;
use crate::policy::{Bundle, Level, Spd};
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
    pub protection: Protection,
    /// We offered: the peer receives under these keys already.
    pub speaks_first: bool,
    /// Nothing is sent before something authentic came under these keys: the peer has only said that it is at `remote`.
    pub heard_first: bool,
}
