use std::net::SocketAddr;
use std::time::Duration;

use super::authentication::Authentication;
use super::headers::NameAddr;
use super::keep_alive::KeepAlive;
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
    pub remote: SocketAddr,
    /// By TLS, to whoever proves this domain.
    pub domain: Option<Host>,
    /// `reg-id`: which flow of the account this is (RFC 5626 section 4.2).
    pub number: u32,
    pub outbound: Outbound,
    /// Where the registrar sees us by UDP, when that is not where we are: then our Contact is there.
    pub seen: Option<SocketAddr>,
    /// A Contact of before, to be taken out with the next REGISTER.
    pub stale: Option<Uri>,
    /// What was seen last has led to another REGISTER at once; the next one has time until the refresh.
    pub followed: bool,
    pub keep: KeepAlive,
    /// Proxies to be passed by requests to the registrar's domain (RFC 3608).
    pub service_route: Vec<String>,
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
    /// The last of them was no answer at all: whoever answers something else then is there again.
    pub silent: bool,
    /// When it was tried before its time, because of that.
    pub hastened: Option<Mono>,
    /// It was accepted once: the registrar may hold it, whatever failed since.
    pub bound: bool,
    /// When it was last accepted.
    pub since: Option<Mono>,
    /// How long after that it is refreshed.
    pub refresh: Duration,
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

/// Whether requests reach us on the flow that we registered by (RFC 5626 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outbound {
    /// We offer it.
    Offered,
    Granted,
    /// The first hop lacks it (439).
    Withdrawn,
}

impl Registration {
    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        let next = self.next.filter(|_| !self.asking && self.phase != Phase::Leaving);
        next.map(|at| (at, "registration to be refreshed"))
    }
}
