use std::time::Duration;

use super::authentication::Authentication;
use super::headers::NameAddr;
use super::{Host, Uri};
use crate::vocab::Mono;

/// First delay after a failure, seconds; doubled at each further one (RFC 5626 section 4.5, when all flows have failed).
const FIRST_DELAY: u64 = 30;
/// And the longest, seconds.
const LONGEST_DELAY: u64 = 1800;

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
    /// In a row.
    pub failures: u32,
    /// It was accepted once: the registrar may hold it, whatever failed since.
    pub bound: bool,
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
    /// When to try again after one more failure: between half and the whole of a delay that doubles (RFC 5626 section
    /// 4.5), or what the registrar asks for if that is later. `random` spreads those who fail together.
    pub fn delay(&self, random: u32, retry_after: Option<Duration>) -> Duration {
        let longest = FIRST_DELAY.checked_shl(self.failures.min(16)).unwrap_or(LONGEST_DELAY).min(LONGEST_DELAY) * 1000;
        let delay = longest / 2 + u64::from(random) % (longest / 2 + 1);
        let asked = retry_after.unwrap_or_default().min(Duration::from_secs(24 * 3600));
        Duration::from_millis(delay).max(asked)
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        let next = self.next.filter(|_| !self.asking && self.phase == Phase::Open);
        next.map(|at| (at, "registration to be refreshed"))
    }
}
