//! Our user holds a call, or takes it up again (RFC 3264 section 8.4): a re-INVITE (RFC 3261 section 14.1) in which nothing but
//! the direction changes. Keys, addresses and entries stay, and what is refused leaves the call as it was.
//!
//! Sound stops as soon as our user wants that, and goes on when the peer has agreed to it, or does not take the hold.

use super::failures::gone;
use super::Calling;
use crate::agent::{Agent, Effect, Event, Hold, HoldState};
use crate::media::Held;
use crate::vocab::{CallId, Failure, FailureKind, Now};

impl Agent {
    /// Holds a call (`wanted`), or takes it up again. [`HoldState`] tells what comes of it; what is so already is done.
    ///
    /// # Errors
    /// It does not stand, or the peer has not answered yet to what was wanted before.
    pub(in crate::agent) fn hold_call(&mut self, now: Now, id: CallId, wanted: bool) -> Result<CallId, Failure> {
        let (session, _) = self.talking(id)?;
        let Some(calling) = self.calls.all.get_mut(&id) else { return Err(gone(id)) };
        if calling.call.hold.as_ref().is_some_and(|hold| hold.state == HoldState::Asking) {
            return Err(asked_already(id));
        }
        if wanted {
            self.end_conference(id);
        }
        let Some(calling) = self.calls.all.get_mut(&id) else { return Err(gone(id)) };
        let there = calling.call.on_hold == wanted;
        let state = if there { HoldState::Done } else { HoldState::Asking };
        calling.call.hold = Some(Hold { wanted, state });
        if !there {
            self.endpoint.want_offer(now, session);
        }
        self.settle_hold(id);
        Ok(id)
    }

    /// The peer has answered to an offer that held the call, or took it up again.
    pub(super) fn hold_taken(&mut self, id: CallId, wanted: bool) {
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.hold = Some(Hold { wanted, state: HoldState::Done });
        }
    }

    /// It does not take that: the call is as it was. `said` is what it answered.
    pub(super) fn hold_refused(&mut self, id: CallId, wanted: bool, said: &str) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let failure = refused(&calling.call, wanted, said);
        calling.call.hold = Some(Hold { wanted, state: HoldState::Failed(failure.clone()) });
        self.settle_hold(id);
        self.event(Event::Notice(failure));
    }

    /// The stream, and whoever looks, learn how the call stands.
    pub(super) fn settle_hold(&mut self, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let held = calling.held();
        calling.hearing.quiet_allowed = calling.said.is_partial() || held.by_us;
        calling.hearing.begin_anew();
        self.effect(Effect::HoldStream { call: id, held });
        self.settle_formats(id);
        self.event(Event::CallChanged(id));
    }
}

impl Calling {
    /// What our user wants of hold, while the peer has not answered to it.
    pub(super) fn hold_wanted(&self) -> Option<bool> {
        self.call.hold.as_ref().filter(|hold| hold.state == HoldState::Asking).map(|hold| hold.wanted)
    }

    /// Who holds the call for its stream: our user, from the moment when he wants it.
    pub(super) fn held(&self) -> Held {
        Held {
            by_peer: self.call.held_by_peer,
            by_us: self.call.on_hold || self.hold_wanted() == Some(true),
            early: self.call.early,
        }
    }

    /// What waits for a peer that is gone has failed.
    pub(super) fn end_hold(&mut self) {
        if let Some(wanted) = self.hold_wanted() {
            let failure = over(&self.call, wanted);
            self.call.hold = Some(Hold { wanted, state: HoldState::Failed(failure) });
        }
    }
}

fn refused(call: &crate::agent::Call, hold: bool, said: &str) -> Failure {
    let (id, peer) = (call.id, &call.peer);
    let (code, what, next) = match hold {
        true => ("hold-refused", "does not take the hold, and the call goes on as it was", "talk on, or hang up"),
        false => ("resume-refused", "does not take the call up again, which stays on hold", "try again, or hang up"),
    };
    let message = format!("{peer} {what}: it answered {said}");
    Failure::new(FailureKind::Failed, code, message, id.to_string(), format!("{next} with `sottovoce hangup {id}`"))
}

fn over(call: &crate::agent::Call, hold: bool) -> Failure {
    let what = if hold { "was held" } else { "was taken up again" };
    let message = format!("call {} with {} ended before it {what}", call.id, call.peer);
    Failure::new(FailureKind::Failed, "call-over", message, call.id.to_string(), "see `sottovoce history` for why")
}

fn asked_already(id: CallId) -> Failure {
    let message = format!("the peer of call {id} has not answered yet to what was wanted before");
    let next = "wait for its answer: `sottovoce calls`; or hang up";
    Failure::new(FailureKind::Usage, "hold-under-way", message, id.to_string(), next)
}
