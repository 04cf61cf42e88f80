use std::time::Duration;

/// The base of every timer (RFC 3261 table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Round-trip estimate.
    pub t1: Duration,
    /// Longest pause between two sendings of a non-INVITE request or an INVITE response.
    pub t2: Duration,
    /// Longest life of a message in the network.
    pub t4: Duration,
}

impl Timing {
    pub const T2: Duration = Duration::from_secs(4);
    pub const T4: Duration = Duration::from_secs(5);

    pub fn new(t1: Duration) -> Self {
        Self { t1, t2: Self::T2.max(t1), t4: Self::T4 }
    }

    /// 64 times T1: Timers B, D, F, H, J, L, M and N. D is "at least 32 s" by the RFC, with the default T1 in mind.
    pub fn patience(&self) -> Duration {
        self.t1.saturating_mul(64)
    }

    /// Timers I, K: how long stragglers are absorbed; not at all where nothing is sent twice.
    pub fn linger(&self, reliable: bool) -> Duration {
        if reliable {
            Duration::ZERO
        } else {
            self.t4
        }
    }

    /// The pause after `pause` while doubling up to T2.
    pub fn doubled(&self, pause: Duration) -> Duration {
        pause.saturating_mul(2).min(self.t2)
    }
}
