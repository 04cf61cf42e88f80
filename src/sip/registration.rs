use std::time::Duration;

use super::authentication::Authentication;
use super::headers::NameAddr;
use super::{Host, Uri};
use crate::vocab::Mono;

/// One registration of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationId(pub u64);

/// A binding of our Contact to an address of record, as the registrar holds it (RFC 3261 section 10).
#[derive(Debug)]
pub(crate) struct Registration {
    /// The same for all REGISTERs (RFC 3261 section 10.2).
    pub call_id: String,
    pub cseq: u32,
    pub tag: String,
    /// Of whom: From and To.
    pub aor: NameAddr,
    /// The Request-URI.
    pub registrar: Uri,
    pub remote: std::net::SocketAddr,
    /// By TLS, to whoever proves this domain.
    pub domain: Option<Host>,
    pub authentication: Authentication,
    /// What we ask for.
    pub asked: Duration,
    pub phase: Phase,
    /// A REGISTER is on its way.
    pub asking: bool,
    /// A 423 was followed; a second one fails it.
    pub bargained: bool,
    /// Taking it back failed once.
    pub left_once: bool,
    /// In a row.
    pub failures: u32,
    /// It was accepted once: the registrar may hold it, whatever failed since.
    pub bound: bool,
    /// When it was last accepted.
    pub since: Option<Mono>,
    /// Refresh, or another try.
    pub next: Option<Mono>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// The user is done with it; the REGISTER that removes the binding waits for the answer to the one before.
    Leaving,
    /// That one is sent.
    Closing,
}

impl Registration {
    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        let next = self.next.filter(|_| !self.asking && self.phase != Phase::Leaving);
        next.map(|at| (at, "registration to be refreshed"))
    }
}
