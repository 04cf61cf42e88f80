//! How a call ends: by us, by the peer, by time, by failure; and what is remembered of it.

use std::time::Duration;

use super::record::is_elsewhere;
use super::{CallState, KeyState, Side};
use crate::agent::asks::Asking;
use crate::agent::fail_over::with_tried;
use crate::agent::{Agent, CallRecord, Effect, StoreOp};
use crate::media::Counters;
use crate::sip::headers::Reason;
use crate::sip::{Refusal, SessionId};
use crate::vocab::{escape, CallId, Entity, Failure, FailureKind, Now, Wall};

impl Agent {
    pub(in crate::agent) fn hangup(&mut self, now: Now, id: Option<CallId>) -> Result<(), Failure> {
        let open = |id: &CallId| self.calls.all.get(id).is_some_and(|calling| calling.is_open());
        let ids: Vec<CallId> = match id {
            Some(id) => vec![id].into_iter().filter(open).collect(),
            None => self.calls.all.keys().copied().filter(open).collect(),
        };
        if ids.is_empty() {
            return Err(no_call(id));
        }
        for id in ids {
            if let Some(calling) = self.calls.all.get_mut(&id) {
                calling.declined |= calling.waits_for_us();
            }
            self.end_call(now, id, CallState::Ended { reason: "you hung up".into() });
        }
        Ok(())
    }

    pub(in crate::agent) fn end_calls(&mut self, now: Now) {
        let ids: Vec<CallId> = self.calls.all.values().filter(|c| c.is_open()).map(|c| c.call.id).collect();
        for id in ids {
            self.end_call(now, id, CallState::Ended { reason: "the agent stops".into() });
        }
    }

    /// Ends a call in whatever state it is: the peer is told, media is closed, and then it is `last`.
    pub(in crate::agent) fn end_call(&mut self, now: Now, id: CallId, last: CallState) {
        let last = self.with_what_was_tried(id, last);
        self.end_conference(id);
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| calling.is_open()) else { return };
        calling.until = None;
        calling.renewal.end_seek();
        calling.end_hold();
        calling.call.early = false;
        let session = calling.session.take();
        let bye = session.is_some();
        let side = calling.call.side;
        let answered = match side {
            Side::Caller => calling.call.state == CallState::Active || matches!(calling.key, KeyState::Done),
            Side::Callee => calling.said.ours.is_some(),
        };
        calling.ending = Some(last);
        let ask = calling.call.ask;
        self.calls.open.remove(&id);
        if let Some(ask) = ask.filter(|ask| self.asks.all.get(ask).is_some_and(Asking::waits)) {
            // It was for this call alone.
            let _ = self.cancel_ask(now, ask);
        }
        if let Some(session) = session {
            self.leave(now, session, side, answered, id);
        }
        self.withdraw_review(now, id);
        self.close_media(id, bye);
        self.end_tunnel(now, id);
        self.finish_unless_open(now, id);
    }

    /// Where the call itself was being placed; an ask before it says that of itself.
    fn with_what_was_tried(&self, id: CallId, last: CallState) -> CallState {
        let Some(calling) = self.calls.all.get(&id) else { return last };
        let is_placed = matches!(calling.call.state, CallState::Inviting | CallState::Ringing);
        match (last, &calling.target) {
            (CallState::Failed(failure), Some(target)) if is_placed => {
                CallState::Failed(with_tried(target, failure, &calling.tried))
            }
            (last, _) => last,
        }
    }

    fn leave(&mut self, now: Now, session: SessionId, side: Side, answered: bool, id: CallId) {
        let reason = self.calls.all.get(&id).and_then(|calling| match &calling.ending {
            Some(CallState::Failed(failure)) if failure.code == "peer-gone" => Some(Reason::sip(408, "nothing heard")),
            Some(CallState::Failed(failure)) if failure.code == "answer-unusable" => {
                Some(Reason::sip(488, "the answer cannot be used"))
            }
            Some(CallState::Failed(failure)) if failure.code == "policy-discards" => {
                Some(Reason::sip(488, "its policy discards the call"))
            }
            Some(CallState::Failed(failure)) if failure.kind == FailureKind::Failed => {
                Some(Reason::sip(500, "failed at the other end"))
            }
            Some(CallState::Failed(_)) => Some(Reason::sip(488, "not as agreed")),
            _ => None,
        });
        match (side, answered) {
            (_, true) => self.endpoint.bye(now, session, reason),
            // Whose telephone rang need not think that it missed a call (RFC 3326 section 3.1).
            (Side::Caller, false) if self.is_succeeded(id) => {
                self.endpoint.bye(now, session, Some(Reason::sip(200, "Call completed elsewhere")));
            }
            (Side::Caller, false) => self.endpoint.cancel(now, session),
            (Side::Callee, false) => {
                // Nothing more is heard of a session that was refused.
                self.calls.sessions.remove(&session);
                self.endpoint.refuse(now, session, Refusal::new(480, "Temporarily Unavailable"));
            }
        }
    }

    fn is_succeeded(&self, id: CallId) -> bool {
        self.calls.all.get(&id).is_some_and(|calling| calling.call.successor.is_some())
    }

    /// Our user does not want this call (RFC 3261 section 21.6.2); 480 would say that nobody was there. A caller who was told
    /// something else before is told nothing more.
    pub(super) fn decline(&mut self, now: Now, id: CallId, reason: &str) {
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.declined = true;
        }
        self.dismiss(now, id, Refusal::new(603, "Decline"));
        self.end_call(now, id, CallState::Ended { reason: reason.to_owned() });
    }

    /// What the caller is told; the call itself still has to end.
    pub(super) fn dismiss(&mut self, now: Now, id: CallId, refusal: Refusal) {
        let session = self.calls.all.get_mut(&id).and_then(|calling| calling.session.take());
        if let Some(session) = session {
            self.calls.sessions.remove(&session);
            self.endpoint.refuse(now, session, refusal);
        }
    }

    /// Our user is not to be disturbed: he can be reached again at the `end` of the quiet hours (RFC 3261 section 21.4.18).
    pub(super) fn let_sleep(&mut self, now: Now, id: CallId, end: Wall) {
        let wait = self.put_off(now, Some(end), Duration::ZERO);
        let refusal = Refusal::new(480, "Temporarily Unavailable");
        self.dismiss(now, id, refusal.with("Retry-After", wait.as_secs().max(1).to_string()));
        let whose = self.unproven_group_of(id).map(|why| format!(" ({why})")).unwrap_or_default();
        self.end_call(now, id, CallState::Ended { reason: format!("it is quiet here now{whose}") });
    }

    /// Why a contact whose group rings did not: for our own user alone.
    fn unproven_group_of(&self, id: CallId) -> Option<String> {
        let calling = self.calls.all.get(&id).filter(|calling| !calling.call.known)?;
        let claimed = Entity::parse(&calling.call.peer).ok();
        let group = self.group_named_of(calling.call.entity.as_ref().or(claimed.as_ref())?)?;
        Some(format!("{} is {group} in your contacts, but its key is not approved", calling.call.peer))
    }

    /// A review that a dead call waited for is not asked any longer.
    fn withdraw_review(&mut self, now: Now, id: CallId) {
        let review = self.calls.all.get(&id).and_then(|calling| calling.call.review);
        let open = review.filter(|review| self.reviews.all.get(review).is_some_and(|r| r.is_open()));
        let open = open.filter(|review| !self.is_waited_for(*review, (None, Some(id))));
        if let Some(review) = open {
            let _ = self.answer_review(now, review, crate::policy::Answer::Refuse, "the end of the call");
        }
    }

    pub(super) fn close_media(&mut self, id: CallId, bye: bool) {
        if self.calls.all.get(&id).is_some_and(|calling| calling.media_open) {
            self.effect(Effect::CloseMedia { call: id, bye });
        }
    }

    /// The peer ended it: BYE, or its INVITE was taken back.
    pub(super) fn handle_ended(&mut self, now: Now, session: SessionId, reason: Option<String>, by_peer: bool) {
        let rang = self.calls.by_session(session).is_some_and(|calling| calling.waits_for_us());
        if rang && !by_peer {
            return self.handle_gone(now, session, "nobody answered");
        }
        let why = in_brackets(reason);
        let who = if by_peer { "the peer hung up" } else { "the call ended" };
        self.handle_gone(now, session, &format!("{who}{why}"));
    }

    /// The caller does not wait any longer, or another device of ours took the call.
    pub(super) fn handle_taken_back(&mut self, now: Now, session: SessionId, reason: Option<String>) {
        let calling = self.calls.by_session(session);
        if let (Some(calling), true) = (calling, reason.as_deref().is_some_and(is_elsewhere)) {
            calling.elsewhere = true;
        }
        self.handle_gone(now, session, &format!("the caller gave up{}", in_brackets(reason)));
    }

    pub(super) fn handle_gone(&mut self, now: Now, session: SessionId, why: &str) {
        let Some(id) = self.calls.sessions.remove(&session) else { return };
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.session = None;
        }
        self.end_call(now, id, CallState::Ended { reason: why.to_owned() });
    }

    pub(in crate::agent) fn handle_media_closed(&mut self, now: Now, id: CallId, counters: Counters) {
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.media_open = false;
            calling.recording = false;
            if calling.call.setup.is_some() {
                calling.call.counters = counters;
            }
        }
        if self.calls.all.get(&id).is_some_and(|calling| calling.is_open()) {
            let reason = "its sound was closed".into();
            self.end_call(now, id, CallState::Ended { reason });
        }
        self.finish_unless_open(now, id);
    }

    /// For the history of an agent that is killed in the call. One whose keys are being made has not begun.
    pub(super) fn keep_begun(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get(&id).filter(|calling| !calling.waits_for_keys()) else { return };
        let record = calling.record(now, &calling.call.state);
        self.keep(StoreOp::BeginCall(Box::new(record)));
    }

    /// With media closed and nothing more to wait for, the call is over and goes into the history.
    fn finish_unless_open(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| !calling.media_open) else { return };
        let Some(last) = calling.ending.take() else { return };
        self.calls.over.insert(id);
        let record = calling.record(now, &last);
        let detail = summary(&record, calling.call.setup);
        let (subject, known) = (record.peer.clone(), record.known);
        self.set_call(id, last);
        self.keep(StoreOp::RecordCall(Box::new(record)));
        match known {
            true => self.audit(now, "call", &subject, &detail),
            false => self.audit_stranger(now, "call", &subject, &detail),
        }
    }
}

/// What the peer says why.
fn in_brackets(reason: Option<String>) -> String {
    reason.map(|reason| format!(" ({})", escape(&reason))).unwrap_or_default()
}

fn summary(record: &CallRecord, setup: Option<Duration>) -> String {
    let way = if record.outgoing { "out" } else { "in" };
    let dropped: u64 = record.counters.dropped.values().sum();
    let reasons = record.counters.dropped.iter().map(|(reason, packets)| format!("{reason} {packets}"));
    let reasons = reasons.collect::<Vec<_>>().join(", ");
    let reasons = if dropped == 0 { String::new() } else { format!(" ({reasons})") };
    let setup = setup.map_or("never established".into(), |setup| format!("set up in {} ms", setup.as_millis()));
    format!(
        "call {way}, {setup}, bundle {}, sent {}, received {}, dropped {dropped}{reasons}: {}",
        if record.bundle.is_empty() { "none agreed" } else { &record.bundle },
        record.counters.sent,
        record.counters.received,
        record.outcome,
    )
}

pub(super) fn no_call(id: Option<CallId>) -> Failure {
    let (message, subject) = match id {
        Some(id) => (format!("there is no open call {id}"), id.to_string()),
        None => ("there is no open call".to_owned(), "calls".to_owned()),
    };
    Failure::new(FailureKind::Usage, "no-such-call", message, subject, "see `sottovoce calls`")
}
