//! What the stream of a call tells while it runs: counters, silence, and why nothing is sent.

use super::srtp_keys::BY_DTLS;
use super::translated::unbelieved;
use super::{CallState, Side, HELD_SILENCE, QUIET, SILENCE};
use crate::agent::{Agent, DigitWay, Event};
use crate::media::{Counters, Levels, StreamEvent};
use crate::vocab::{CallId, Failure, FailureKind, Mono, Now};
use std::time::Duration;

/// Packets that were not believed since the last one that was: a few are what forgeries or new keys may bring.
const UNBELIEVED: u64 = 25;

/// What is heard of the peer.
#[derive(Default)]
pub(super) struct Hearing {
    last: Option<Heard>,
    /// The peer does not send: it holds the call, and is not gone.
    pub quiet_allowed: bool,
    /// The user knows that a NAT spoils what is heard.
    pub told_nat: bool,
}

/// When a packet of the peer was last believed.
struct Heard {
    /// So many had been by then.
    packets: u64,
    at: Mono,
    /// And so many had not.
    unbelieved: u64,
}

impl Hearing {
    /// Silence counts from the next counters on.
    pub fn begin_anew(&mut self) {
        self.last = None;
    }

    /// Zero before the first counters.
    pub fn silence(&self, now: Mono) -> Duration {
        self.last.as_ref().map_or(Duration::ZERO, |heard| now - heard.at)
    }

    /// Packets came, none was believed, yet or for a while, and the peer may well send. Between two that are believed anybody has time to
    /// send a few.
    pub fn is_nothing_believed(&self, now: Mono, counters: &Counters) -> bool {
        let Some(heard) = self.last.as_ref().filter(|_| !self.quiet_allowed) else { return false };
        let is_silent = heard.packets == 0 || now - heard.at >= QUIET;
        is_silent && unbelieved(counters).saturating_sub(heard.unbelieved) >= UNBELIEVED
    }

    /// Whether more was believed than before.
    fn count(&mut self, now: Mono, counters: &Counters) -> bool {
        let packets = counters.received + counters.rtcp_received;
        let is_more = self.last.as_ref().is_none_or(|heard| heard.packets != packets);
        if is_more {
            // What spoils it from now on is news.
            self.told_nat &= self.last.is_none();
            self.last = Some(Heard { packets, at: now, unbelieved: unbelieved(counters) });
        }
        is_more
    }
}

impl Agent {
    /// A running stream says what it has counted so far; one on which nothing is heard any more is a call without a
    /// peer. Who shows the counters reads them when it likes; only silence is an event.
    pub(in crate::agent) fn handle_counted(&mut self, now: Now, id: CallId, counters: Counters, levels: Levels) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.call.levels = Some(levels);
        if calling.hearing.count(now.mono, &counters) {
            calling.call.unheard = None;
        }
        let was_heard = calling.is_heard_early();
        calling.call.counters = counters;
        let begins = calling.is_heard_early() != was_heard;
        let silence = calling.hearing.silence(now.mono);
        // Calls of strangers who hold them would keep their places for ever.
        let waits = calling.call.known || calling.call.on_hold;
        let (quiet, over) = match (calling.hearing.quiet_allowed, waits) {
            (true, true) => (false, false),
            (true, false) => (false, silence >= HELD_SILENCE),
            (false, _) => (silence >= QUIET, silence >= SILENCE),
        };
        let turned = calling.call.quiet != quiet || begins;
        calling.call.quiet = quiet;
        if over {
            let failure = nothing_heard(&calling.call.peer, silence);
            return self.end_call(now, id, CallState::Failed(failure));
        }
        if turned && calling.is_open() {
            self.event(Event::CallChanged(id));
        }
        self.tell_of_nat(now, id);
    }

    pub(in crate::agent) fn handle_stream_event(
        &mut self,
        now: Now,
        id: CallId,
        event: StreamEvent,
        counters: Counters,
    ) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.call.counters = counters;
        let peer = calling.call.peer.clone();
        match event {
            StreamEvent::Digit(digit) => return self.tell_digit(id, digit, DigitWay::Rtp),
            StreamEvent::FirstPacket { .. } => self.count("streams_heard"),
            StreamEvent::Forbidden => self.event(Event::Notice(forbidden(id, &peer))),
            StreamEvent::Keyed { suite } => {
                let begins = calling.waits_for_keys();
                calling.call.suite = Some(format!("{BY_DTLS} {suite}"));
                calling.note_protection(now);
                if begins {
                    self.keep_begun(now, id);
                }
            }
            StreamEvent::Unkeyed(why) => {
                let failure = super::telephone_failures::unkeyed(&peer, why);
                return self.end_call(now, id, CallState::Failed(failure));
            }
            // Of a call whose keys were never made that is told already.
            StreamEvent::Unprotected if !calling.is_open() || calling.waits_for_keys() => return,
            StreamEvent::Unprotected => {
                let notice = if self.is_agreed_anew(now, id) { agreed_anew(id, &peer) } else { unprotected(id, &peer) };
                self.event(Event::Notice(notice));
            }
        }
        self.event(Event::CallChanged(id));
    }

    /// New keys are on their way, or will be as soon as we look: an entry that ends tells nobody.
    fn is_agreed_anew(&self, now: Now, id: CallId) -> bool {
        let is_wanted = self.calls.call(id).is_some_and(|call| call.rekeying);
        is_wanted || matches!(self.falls_short(now, id), Ok(Some(_)))
    }

    /// Played to the end: a caller who named no duration hangs up.
    pub(in crate::agent) fn handle_source_ended(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get(&id) else { return };
        if calling.call.side == Side::Caller && calling.duration.is_none() && calling.is_open() {
            self.end_call(now, id, CallState::Ended { reason: "played to the end".into() });
        }
    }

    pub(in crate::agent) fn handle_stream_failed(&mut self, now: Now, id: CallId, failure: Failure) {
        self.end_call(now, id, CallState::Failed(failure));
    }
}

pub(super) fn nothing_heard(peer: &str, silence: Duration) -> Failure {
    let message = format!("nothing was heard of {peer} for {} s", silence.as_secs());
    let next = "its agent or the network is gone: ask it, then call again";
    Failure::new(FailureKind::Unreachable, "peer-gone", message, peer, next)
}

fn forbidden(id: CallId, peer: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "stream-discarded",
        format!("your policy discards what call {id} would send to {peer}"),
        peer,
        "see `sottovoce policy list`, or hang up",
    )
}

fn agreed_anew(id: CallId, peer: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "agreed-anew",
        format!(
            "your policy demands more protection than call {id} with {peer} has; it is being agreed anew, and nothing is sent until then"
        ),
        peer,
        "you need do nothing: it goes on when the peer has agreed, and ends when it does not",
    )
}

fn unprotected(id: CallId, peer: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "no-association",
        format!("your policy demands more protection than call {id} with {peer} agreed; nothing is sent"),
        peer,
        "hang up and call again, so that both sides agree anew",
    )
}
