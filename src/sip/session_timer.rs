use std::time::Duration;

use super::headers::{Headers, MinSe, Refresher, SessionExpires};
use super::{read, HeaderName};
use crate::vocab::Mono;

/// The option tag (RFC 4028 section 1).
pub(crate) const TIMER: &str = "timer";
/// What we ask for (RFC 4028 section 4 recommends it).
pub(crate) const ASKED: u32 = 1800;
/// The least that we take, and what everybody must take (RFC 4028 sections 4 and 5).
pub(crate) const LEAST: u32 = MinSe::DEFAULT;
/// The most; a peer that names more is taken to mean this.
const MOST: u32 = 24 * 3600;

/// A session that is over unless somebody refreshes it (RFC 4028), so that proxies on the way know when to forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionTimer {
    pub seconds: u32,
    /// We send the refreshes.
    pub ours: bool,
    /// The last refresh, or the first answer.
    pub since: Mono,
}

impl SessionTimer {
    /// When the next refresh is due: at half of the interval (RFC 4028 section 10).
    pub fn refresh_at(&self) -> Option<Mono> {
        self.ours.then(|| self.since + self.interval() / 2)
    }

    /// When the side that waits for a refresh gives up: 32 s, or a third of the interval, before the session is over, so
    /// that BYE still gets through (RFC 4028 section 10). Who refreshes waits to the end.
    pub fn over_at(&self) -> Mono {
        let margin = if self.ours { Duration::ZERO } else { Duration::from_secs(32).min(self.interval() / 3) };
        self.since + (self.interval() - margin)
    }

    /// What our request within the session says of it: whoever refreshes goes on doing so (RFC 4028 section 7.4).
    pub fn expires(&self) -> SessionExpires {
        let refresher = if self.ours { Refresher::Uac } else { Refresher::Uas };
        SessionExpires::new(self.seconds, Some(refresher))
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

/// What the answer to a request of ours makes of the session; `None`: it lives without a timer.
pub(crate) fn granted(now: Mono, headers: &Headers) -> Option<SessionTimer> {
    let expires = headers.typed::<SessionExpires>().ok().flatten()?;
    let seconds = expires.seconds.clamp(LEAST, MOST);
    Some(SessionTimer { seconds, ours: expires.refresher() != Some(Refresher::Uas), since: now })
}

/// What our answer to a request makes of the session (RFC 4028 section 9, table 2): who named a refresher gets it; who did
/// not, and knows timers, refreshes itself; for one who does not know them, and whose proxy asks, we do.
pub(crate) fn asked(now: Mono, headers: &Headers) -> Option<SessionTimer> {
    let expires = headers.typed::<SessionExpires>().ok().flatten()?;
    let ours = !knows_timers(headers) || expires.refresher() == Some(Refresher::Uas);
    Some(SessionTimer { seconds: expires.seconds.clamp(LEAST, MOST), ours, since: now })
}

/// A request that wants a session shorter than we take, from one who can be told (RFC 4028 section 9).
pub(crate) fn is_too_brief(headers: &Headers) -> bool {
    let expires = headers.typed::<SessionExpires>().ok().flatten();
    expires.is_some_and(|expires| expires.seconds < LEAST) && knows_timers(headers)
}

/// What a 422 asks for (RFC 4028 section 6).
pub(crate) fn wanted(headers: &Headers) -> Option<u32> {
    headers.typed::<MinSe>().ok().flatten().map(|least| least.seconds).filter(|least| (LEAST..=MOST).contains(least))
}

fn knows_timers(headers: &Headers) -> bool {
    let lists = [HeaderName::SUPPORTED, HeaderName::REQUIRE];
    lists.into_iter().flat_map(|name| read::list(headers, name)).any(|tag| tag.eq_ignore_ascii_case(TIMER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        values.iter().for_each(|(name, value)| headers.push(*name, *value).unwrap());
        headers
    }

    #[test]
    fn half_of_the_interval_is_for_a_refresh_and_a_third_at_most_for_the_end() {
        let timer = |seconds, ours| SessionTimer { seconds, ours, since: Mono(Duration::from_secs(1000)) };
        let at = |mono: Mono| mono.0.as_secs() - 1000;
        assert_eq!((timer(1800, true).refresh_at().map(at), at(timer(1800, true).over_at())), (Some(900), 1800));
        assert_eq!((timer(1800, false).refresh_at(), at(timer(1800, false).over_at())), (None, 1768));
        assert_eq!(at(timer(90, false).over_at()), 60);
    }

    #[test]
    fn who_refreshes_follows_the_table() {
        let expires = ("Session-Expires", "300");
        let supported = ("Supported", "x, timer");
        for (values, ours) in [
            (&[expires, supported][..], false),
            (&[expires], true),
            (&[("Session-Expires", "300;refresher=uas"), supported], true),
            (&[("Session-Expires", "300;refresher=uac"), supported], false),
        ] {
            assert_eq!(asked(Mono::default(), &headers(values)).unwrap().ours, ours, "{values:?}");
        }
        assert_eq!(asked(Mono::default(), &headers(&[supported])), None);
        let by_us = |value| granted(Mono::default(), &headers(&[("Session-Expires", value)])).unwrap().ours;
        assert!(by_us("300;refresher=uac") && !by_us("300;refresher=uas") && by_us("300"));
    }

    #[test]
    fn what_is_too_brief_is_said_to_those_who_understand_it() {
        let brief = |values: &[(&str, &str)]| is_too_brief(&headers(values));
        assert!(brief(&[("Session-Expires", "89"), ("Supported", "timer")]));
        assert!(!brief(&[("Session-Expires", "90"), ("Supported", "timer")]));
        assert!(!brief(&[("Session-Expires", "1")]));
        assert_eq!(asked(Mono::default(), &headers(&[("Session-Expires", "1")])).unwrap().seconds, 90);
        assert_eq!(wanted(&headers(&[("Min-SE", "120")])), Some(120));
        for value in ["1", "4000000000"] {
            assert_eq!(wanted(&headers(&[("Min-SE", value)])), None, "{value}");
        }
    }
}
