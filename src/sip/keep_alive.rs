//! Keeping the way to a registrar open, and noticing when it is gone (RFC 5626 section 4.4, RFC 6223).
//!
//! | by | what is sent | which fails the flow |
//! | --- | --- | --- |
//! | a stream | two CRLF | no CRLF within 10 s, once any came back or the server said that it answers |
//! | UDP, agreed upon | a STUN Binding request | no answer to seven, an error, or another address of ours in it |
//! | UDP otherwise | two CRLF, as is deployed | nothing: nobody answers them |

use std::net::SocketAddr;
use std::time::Duration;

use super::stun::TransactionId;
use crate::vocab::Mono;

/// Two line ends (RFC 5626 section 3.5.1).
pub const PING: &[u8] = b"\r\n\r\n";
/// One, back on a stream.
pub const PONG: &[u8] = b"\r\n";

/// How long a pong may take (RFC 5626 section 4.4.1).
const PONG_LIMIT: Duration = Duration::from_secs(10);
/// Between pings on a stream (RFC 5626 section 4.4.1), milliseconds.
const STREAM: (u64, u64) = (95_000, 120_000);
/// Between datagrams (RFC 5626 section 4.4.2), milliseconds; and before the first ping on a stream, which tells whether it is
/// answered.
const DATAGRAM: (u64, u64) = (24_000, 29_000);
/// What a server can ask for, seconds: more often would be a flood, and more rarely keeps nothing open.
const ASKED: std::ops::RangeInclusive<u64> = 10..=900;
/// First wait for an answer to a Binding request, then doubled (RFC 5389 section 7.2.1).
const RTO: Duration = Duration::from_millis(500);
/// Binding requests of one transaction, and what the last one waits in units of RTO (RFC 5389 section 7.2.1).
const REQUESTS: u32 = 7;
const LAST_WAIT: u32 = 16;

/// How it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Datagram,
    /// `agreed`: the server said that it answers.
    Stream {
        agreed: bool,
    },
    Stun,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The way is gone.
    Failed,
    Nothing,
    Ping,
    Request(TransactionId),
}

/// Of one registration.
#[derive(Debug, Default)]
pub(crate) struct KeepAlive {
    kind: Option<Kind>,
    /// What the server asks for.
    asked: Option<Duration>,
    next: Option<Mono>,
    waiting: Option<Waiting>,
    /// Pings are answered here.
    answered: bool,
    /// Our own address, as the STUN server sees it.
    mapped: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug)]
enum Waiting {
    Binding { id: TransactionId, sent: u32, again: Mono },
    Pong { until: Mono },
}

impl KeepAlive {
    /// The registrar has accepted us on this way: it is kept from now on, or kept on. `asked`: as often as that.
    pub fn begin(&mut self, now: Mono, kind: Kind, asked: Option<Duration>, random: u32) {
        if self.kind != Some(kind) || self.asked != asked {
            *self = Self { kind: Some(kind), asked, answered: self.answered, ..Self::default() };
        }
        if self.next.is_none() && self.waiting.is_none() {
            let first = if self.answered { self.pace() } else { self.first_pace() };
            self.next = Some(now + spread(first, random));
        }
    }

    /// The way is gone, or nobody is to be there any more.
    pub fn stop(&mut self) {
        *self = Self::default();
    }

    /// The server's answers to pings, or its word, make half-open connections known.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        let waits = self.waiting.map(|waiting| match waiting {
            Waiting::Binding { again, .. } => (again, "STUN Binding response"),
            Waiting::Pong { until } => (until, "pong"),
        });
        waits.or(self.next.map(|at| (at, "keep-alive")))
    }

    /// `id` is for a request, if it comes to that.
    pub fn handle_timeout(&mut self, now: Mono, random: u32, id: TransactionId) -> Due {
        if self.deadline().is_none_or(|(at, _)| at > now) {
            return Due::Nothing;
        }
        match (self.waiting, self.kind) {
            (Some(Waiting::Pong { .. }), _) => self.fail(),
            (Some(Waiting::Binding { sent: REQUESTS, .. }), _) => self.fail(),
            (Some(Waiting::Binding { id, sent, .. }), _) => self.request(now, id, sent + 1),
            (None, Some(Kind::Stun)) => self.request(now, id, 1),
            (None, Some(kind)) => {
                self.next = Some(now + spread(self.pace(), random));
                if self.answered || kind == (Kind::Stream { agreed: true }) {
                    self.waiting = Some(Waiting::Pong { until: now + PONG_LIMIT });
                }
                Due::Ping
            }
            (None, None) => Due::Nothing,
        }
    }

    /// Whether it is the first here.
    pub fn handle_pong(&mut self) -> bool {
        if !matches!(self.kind, Some(Kind::Stream { .. })) {
            return false;
        }
        self.waiting = None;
        !std::mem::replace(&mut self.answered, true)
    }

    /// This Binding request has no answer yet.
    pub fn waits_for(&self, id: TransactionId) -> bool {
        matches!(self.waiting, Some(Waiting::Binding { id: ours, .. }) if ours == id)
    }

    /// An answer to a Binding request, without address when it is an error; [`Due::Failed`] for that, and when we are seen at
    /// another address than before (RFC 5626 section 4.4.2).
    pub fn handle_binding(&mut self, now: Mono, random: u32, id: TransactionId, seen: Option<SocketAddr>) -> Due {
        let Some(Waiting::Binding { id: ours, .. }) = self.waiting else { return Due::Nothing };
        if ours != id {
            return Due::Nothing;
        }
        let moved = self.mapped.is_some_and(|before| seen != Some(before));
        let Some(seen) = seen.filter(|_| !moved) else { return self.fail() };
        self.mapped = Some(seen);
        self.waiting = None;
        self.next = Some(now + spread(self.pace(), random));
        Due::Nothing
    }

    fn fail(&mut self) -> Due {
        self.stop();
        Due::Failed
    }

    fn request(&mut self, now: Mono, id: TransactionId, sent: u32) -> Due {
        let wait = if sent == REQUESTS { LAST_WAIT } else { 1 << (sent - 1) };
        self.next = None;
        self.waiting = Some(Waiting::Binding { id, sent, again: now + RTO * wait });
        Due::Request(id)
    }

    /// The server's number is the longest (RFC 5626 section 4.4).
    fn pace(&self) -> (u64, u64) {
        match (self.asked, self.kind) {
            (Some(asked), _) => {
                let most = asked.as_secs().clamp(*ASKED.start(), *ASKED.end()) * 1000;
                (most * 8 / 10, most)
            }
            (None, Some(Kind::Stream { .. })) => STREAM,
            (None, _) => DATAGRAM,
        }
    }

    fn first_pace(&self) -> (u64, u64) {
        if self.asked.is_some() {
            self.pace()
        } else {
            DATAGRAM
        }
    }
}

fn spread((least, most): (u64, u64), random: u32) -> Duration {
    Duration::from_millis(least + u64::from(random) % (most - least + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: TransactionId = [7; 12];

    fn begun(kind: Kind, asked: Option<u64>, random: u32) -> KeepAlive {
        let mut keep = KeepAlive::default();
        keep.begin(Mono::default(), kind, asked.map(Duration::from_secs), random);
        keep
    }

    /// Jumps to what is next, and says when that was and what it is.
    fn next(keep: &mut KeepAlive, random: u32) -> (u64, Due) {
        let (at, _) = keep.deadline().unwrap();
        (at.0.as_millis() as u64, keep.handle_timeout(at, random, ID))
    }

    #[test]
    fn the_pace_is_that_of_the_rfc_or_of_the_server() {
        let (datagram, stream) = (Kind::Datagram, Kind::Stream { agreed: true });
        for (kind, asked, first, later) in [
            (datagram, None, 24_000, (24_000, 29_000)),
            (stream, None, 24_000, (95_000, 120_000)),
            (stream, Some(100), 80_000, (80_000, 100_000)),
            (datagram, Some(0), 8_000, (8_000, 10_000)),
            (datagram, Some(1_000_000), 720_000, (720_000, 900_000)),
        ] {
            let mut keep = begun(kind, asked, 0);
            assert_eq!(next(&mut keep, 0), (first, Due::Ping), "{kind:?} {asked:?}");
            keep.handle_pong();
            assert_eq!(next(&mut keep, 0).0, first + later.0);
            keep.handle_pong();
            let before = first + later.0 + later.0;
            let least = next(&mut keep, u32::MAX).0;
            keep.handle_pong();
            let (most, _) = keep.deadline().unwrap();
            assert_eq!(least, before);
            assert!(most.0.as_millis() as u64 - least <= later.1, "{most:?}");
        }
    }

    #[test]
    fn a_pong_is_waited_for_ten_seconds_once_it_can_be_expected() {
        let mut agreed = begun(Kind::Stream { agreed: true }, None, 0);
        assert_eq!(next(&mut agreed, 0), (24_000, Due::Ping));
        assert_eq!(next(&mut agreed, 0), (34_000, Due::Failed));
        assert_eq!(agreed.deadline(), None, "a new registration begins it anew");
        let mut silent = begun(Kind::Stream { agreed: false }, None, 0);
        for at in [24_000, 119_000, 214_000] {
            assert_eq!(next(&mut silent, 0), (at, Due::Ping), "nobody ever answered");
        }
        assert!(silent.handle_pong(), "the first");
        assert!(!silent.handle_pong());
        assert_eq!(next(&mut silent, 0), (309_000, Due::Ping));
        assert_eq!(next(&mut silent, 0), (319_000, Due::Failed));
    }

    #[test]
    fn a_binding_request_is_sent_seven_times_and_then_the_way_is_gone() {
        let mut keep = begun(Kind::Stun, None, 0);
        let times: Vec<u64> = (0..7).map(|_| next(&mut keep, 0).0).collect();
        assert_eq!(times, [24_000, 24_500, 25_500, 27_500, 31_500, 39_500, 55_500]);
        assert_eq!(next(&mut keep, 0), (63_500, Due::Failed));
    }

    #[test]
    fn another_address_in_the_answer_or_an_error_fails_the_flow() {
        let [here, there] = ["192.0.2.1:1000", "192.0.2.1:1001"].map(|text| text.parse().ok());
        for (second, fails) in [(here, false), (there, true), (None, true)] {
            let mut keep = begun(Kind::Stun, None, 0);
            let (at, due) = next(&mut keep, 0);
            assert_eq!(due, Due::Request(ID));
            let now = Mono(Duration::from_millis(at));
            assert_eq!(keep.handle_binding(now, 0, [8; 12], there), Due::Nothing, "of another request");
            assert_eq!(keep.handle_binding(now, 0, ID, here), Due::Nothing);
            assert_eq!(keep.handle_binding(now, 0, ID, there), Due::Nothing, "a copy that came late");
            let (at, _) = next(&mut keep, 0);
            assert_eq!(at, 48_000);
            let answer = keep.handle_binding(Mono(Duration::from_millis(at)), 0, ID, second);
            assert_eq!(answer == Due::Failed, fails);
        }
    }
}
