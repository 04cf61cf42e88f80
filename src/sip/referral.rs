//! A referral (RFC 3515): within a call one side asks the other to call somebody else, and is told what comes of it.

use std::time::Duration;

use bytes::Bytes;

use super::authentication::Authentication;
use super::endpoint::EndCause;
use super::headers::{Event, NameAddr, Replaces};
use super::session::SessionId;
use super::transaction::ServerKey;
use super::{Body, Uri};
use crate::vocab::Mono;

/// The event package (RFC 3515 section 3.1).
pub(crate) const PACKAGE: &str = "refer";
/// What says how the new call stands (RFC 3420).
pub(crate) const SIPFRAG: &str = "message/sipfrag";
/// Longest status line that is read, octets: it is shown to a user.
const LONGEST_LINE: usize = 256;

/// One referral, ours or theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferralId(pub u64);

/// Whom the peer of a session is to call.
#[derive(Clone, Debug)]
pub struct Refer {
    pub to: Uri,
    /// A call of ours with them, whose place the new one takes: as they see it (RFC 3891).
    pub replaces: Option<Replaces>,
    /// Who says so (RFC 3892).
    pub by: NameAddr,
}

/// How a referral of ours ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferralEnd {
    /// The new call was answered so: below 300 it came about. The reason is the peer's.
    Answered { status: u16, reason: String },
    /// The peer did not take it, or was not reached.
    Refused(EndCause),
    /// The peer took it, and says no more.
    Silent,
}

/// A REFER of ours.
#[derive(Debug)]
pub(crate) struct Referring {
    pub session: SessionId,
    pub what: Refer,
    pub authentication: Authentication,
    /// Number of the REFER, by which NOTIFYs may name it (RFC 3515 section 2.4.6).
    pub cseq: u32,
    /// It was told how it ended; the last NOTIFY may still come.
    pub over: bool,
    /// Nothing more is awaited after that.
    pub until: Option<Mono>,
}

/// A REFER of the peer's.
#[derive(Debug)]
pub(crate) struct Referred {
    pub session: SessionId,
    /// Number of the REFER.
    pub cseq: u32,
    /// What NOTIFYs carry.
    pub event: Event,
    /// It waits for our answer.
    pub asked: Option<ServerKey>,
    /// The peer wants no subscription (RFC 4488).
    pub silent: bool,
    /// How the new call stands.
    pub news: News,
    /// It has not been told so.
    pub stale: bool,
    /// A NOTIFY is on its way.
    pub sending: bool,
    /// The last NOTIFY was sent.
    pub closing: bool,
    pub expires: Option<Mono>,
}

/// How the new call of a referral stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub status: u16,
    pub reason: String,
    /// The peer wants to hear no more of it, or for too long already.
    pub timed_out: bool,
}

impl News {
    pub fn new(status: u16, reason: &str) -> Self {
        Self { status, reason: reason.to_owned(), timed_out: false }
    }

    pub fn is_last(&self) -> bool {
        self.timed_out || self.status >= 200
    }

    /// RFC 3515 section 2.4.7.
    pub fn subscription_state(&self, lasts: Duration) -> String {
        match (self.status, self.timed_out) {
            (200.., _) => "terminated;reason=noresource".to_owned(),
            (_, true) => "terminated;reason=timeout".to_owned(),
            (_, false) => format!("active;expires={}", lasts.as_secs()),
        }
    }

    /// RFC 3515 section 2.4.5: a status line.
    pub fn to_body(&self) -> Body {
        let line = format!("SIP/2.0 {} {}\r\n", self.status, self.reason);
        Body::new(format!("{SIPFRAG};version=2.0"), line.into_bytes())
    }

    /// The status line with which the fragment begins; the reason is the peer's.
    pub fn read(fragment: &Bytes) -> Option<Self> {
        let line = fragment.split(|octet| matches!(octet, b'\r' | b'\n')).next()?;
        let line = std::str::from_utf8(line.get(..LONGEST_LINE).unwrap_or(line)).ok()?;
        let (version, rest) = line.split_once(' ')?;
        let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let digits = status.len() == 3 && status.bytes().all(|octet| octet.is_ascii_digit());
        let status = status.parse().ok().filter(|status| digits && (100..700).contains(status))?;
        version.eq_ignore_ascii_case("SIP/2.0").then(|| Self::new(status, reason.trim()))
    }
}

impl Referring {
    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        self.until.map(|at| (at, "referral without news"))
    }
}

impl Referred {
    /// Keeps the newest; nothing comes after the last.
    pub fn tell(&mut self, news: News) {
        if !self.news.is_last() {
            self.news = news;
            self.stale = true;
        }
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        self.expires.filter(|_| !self.closing).map(|at| (at, "referral runs out"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_begins_with_a_status_line() {
        let read = |text: &'static str| News::read(&Bytes::from_static(text.as_bytes())).map(|n| (n.status, n.reason));
        assert_eq!(read("SIP/2.0 180 Ringing\r\nContact: <sip:a@b>\r\n"), Some((180, "Ringing".to_owned())));
        assert_eq!(read("sip/2.0 200"), Some((200, String::new())));
        for bad in ["", "SIP/2.0", "SIP/2.0 20 OK", "SIP/2.0 700 No", "SIP/2.0 +20 OK", "HTTP/1.1 200 OK", "\r\n"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let long = Bytes::from(format!("SIP/2.0 200 {}", "x".repeat(5000)));
        assert_eq!(News::read(&long).map(|news| news.reason.len()), Some(LONGEST_LINE - 12));
        let news = News::new(486, "Busy Here");
        assert_eq!(News::read(&news.to_body().bytes), Some(news));
    }

    #[test]
    fn the_state_says_whether_more_comes() {
        let state =
            |status, timed_out| News { timed_out, ..News::new(status, "") }.subscription_state(Duration::from_secs(9));
        assert_eq!(state(100, false), "active;expires=9");
        assert_eq!(state(100, true), "terminated;reason=timeout");
        assert_eq!(state(603, false), "terminated;reason=noresource");
    }
}
