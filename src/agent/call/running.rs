//! What the stream of a call tells while it runs: counters, silence, and why nothing is sent.

use super::translated::unbelieved;
use super::{CallState, Side, HELD_SILENCE, QUIET, SILENCE};
use crate::agent::{Agent, Event};
use crate::media::{Counters, StreamEvent};
use crate::vocab::{CallId, Failure, FailureKind, Mono, Now};
use std::time::Duration;

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

    /// Nothing was believed yet, or nothing for a while, and that is not as agreed. Between two packets that are believed anybody has time to
    /// send a few.
    pub fn is_silent(&self, now: Mono) -> bool {
        let silent = |heard: &Heard| heard.packets == 0 || now - heard.at >= QUIET;
        !self.quiet_allowed && self.last.as_ref().is_some_and(silent)
    }

    /// Packets that were not believed since the last one that was. `None` before the first counters.
    pub fn unbelieved(&self, counters: &Counters) -> Option<u64> {
        self.last.as_ref().map(|heard| unbelieved(counters).saturating_sub(heard.unbelieved))
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
    pub(in crate::agent) fn handle_counted(&mut self, now: Now, id: CallId, counters: Counters) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        if calling.hearing.count(now.mono, &counters) {
            calling.call.unheard = None;
        }
        calling.call.counters = counters;
        let silence = calling.hearing.silence(now.mono);
        // Calls of strangers who hold them would keep their places for ever.
        let waits = calling.call.known || calling.call.on_hold;
        let (quiet, over) = match (calling.hearing.quiet_allowed, waits) {
            (true, true) => (false, false),
            (true, false) => (false, silence >= HELD_SILENCE),
            (false, _) => (silence >= QUIET, silence >= SILENCE),
        };
        let turned = calling.call.quiet != quiet;
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

    pub(in crate::agent) fn handle_stream_event(&mut self, id: CallId, event: StreamEvent, counters: Counters) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.call.counters = counters;
        let peer = calling.call.peer.clone();
        match event {
            StreamEvent::FirstPacket { .. } => self.count("streams_heard"),
            StreamEvent::Forbidden => self.event(Event::Notice(forbidden(id, &peer))),
            StreamEvent::Unprotected => self.event(Event::Notice(unprotected(id, &peer))),
        }
        self.event(Event::CallChanged(id));
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

fn unprotected(id: CallId, peer: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "no-association",
        format!("your policy demands more protection than call {id} with {peer} agreed; nothing is sent"),
        peer,
        "hang up and call again, so that both sides agree anew",
    )
}
