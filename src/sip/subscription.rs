use std::time::Duration;

use super::authentication::Authentication;
use super::dialog::Dialog;
use super::headers::Event;
use super::timed::Timed;
use super::Body;
use crate::vocab::Mono;

/// One subscription of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub u64);

/// The subscriber's side (RFC 6665 section 4.1).
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Its remote tag is empty until the first NOTIFY or 2xx names the notifier.
    pub dialog: Dialog,
    pub event: Event,
    pub accept: Vec<String>,
    /// The name that a server of ours is to show.
    pub preferred: Option<String>,
    pub body: Option<Body>,
    pub authentication: Authentication,
    /// What we ask for; zero to fetch once.
    pub asked: Duration,
    pub phase: Phase,
    /// A SUBSCRIBE is on its way.
    pub asking: bool,
    /// A 423 was followed; a second one ends it.
    pub bargained: bool,
    /// A NOTIFY came, and with it the dialog (RFC 6665 section 4.4.1).
    pub notified: bool,
    /// Timer N: a NOTIFY must come by then (RFC 6665 section 4.1.2.4).
    pub timer_n: Option<Mono>,
    /// When the last 2xx came.
    pub accepted_at: Option<Mono>,
    /// The notifier forgets us then.
    pub expires: Option<Mono>,
    pub refresh: Option<Mono>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// As long as the notifier lets us.
    Open,
    /// The user is done with it; the closing SUBSCRIBE still has to be sent.
    Leaving,
    /// The closing SUBSCRIBE, or the fetch, is sent; the last NOTIFY is awaited.
    Closing,
}

impl Subscription {
    /// A subscription runs until `lasts` from now; it is refreshed before.
    pub fn extend(&mut self, now: Mono, lasts: Duration) {
        self.expires = Some(now + lasts);
        self.refresh = Some(now + refresh_after(lasts));
    }

    /// A NOTIFY can only shorten what the 2xx granted (RFC 6665 section 4.1.3).
    pub fn shorten(&mut self, now: Mono, lasts: Duration) {
        if self.expires.is_none_or(|at| now + lasts < at) {
            self.extend(now, lasts);
        }
    }

    /// The user is done with it.
    pub fn left(&self) -> bool {
        match self.phase {
            Phase::Open => false,
            Phase::Leaving => true,
            Phase::Closing => !self.asked.is_zero(),
        }
    }

    /// After a refresh that failed without ending the subscription: once more at half of what is left.
    pub fn retry_refresh(&mut self, now: Mono, least: Duration) {
        let left = self.expires.map_or(Duration::ZERO, |at| at - now);
        self.refresh = (left / 2 > least).then(|| now + left / 2);
    }

    /// When to ask again: never while an answer is awaited, or when the user is done with it.
    pub fn refresh_at(&self) -> Option<Mono> {
        self.refresh.filter(|_| !self.asking && self.phase == Phase::Open)
    }
}

impl Timed for Subscription {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        let all = [
            (self.timer_n, "SIP timer N"),
            (self.refresh_at(), "subscription to be refreshed"),
            (self.expires, "subscription runs out"),
        ];
        all.into_iter().filter_map(|(at, why)| at.map(|at| (at, why))).min()
    }
}

/// Early enough for one whole lost transaction of 32 s when the time allows it, else at half.
pub(crate) fn refresh_after(lasts: Duration) -> Duration {
    const MARGIN: Duration = Duration::from_secs(40);
    lasts.checked_sub(MARGIN).unwrap_or_default().max(lasts / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_leaves_time_for_a_lost_transaction() {
        assert_eq!(refresh_after(Duration::from_secs(3600)), Duration::from_secs(3560));
        assert_eq!(refresh_after(Duration::from_secs(60)), Duration::from_secs(30));
    }
}
