//! What our user has done with a call besides talking: himself muted, both sides recorded, or put together with another call.
//!
//! In a conference each peer hears our user and the other peer, mixed here. Each leg stays under its own policy: what is said in one goes
//! out in the other as *that one's* policy has it, so the weaker of both is what the conference is worth. It ends when one of
//! both ends or is held; the other goes on as a call of its own.

use super::end::no_call;
use super::failures::gone;
use crate::agent::{Agent, CallRecording, Effect, Event};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now};

impl Agent {
    /// Records both sides from now on.
    ///
    /// # Errors
    /// It does not stand, or is recorded already; another call's sound goes to that file.
    pub(in crate::agent) fn record_call(&mut self, id: CallId, recording: CallRecording) -> Result<(), Failure> {
        self.talking(id)?;
        let name = escape(&recording.file.to_string_lossy());
        let same = |other: &&crate::agent::Call| other.recording.as_ref() == Some(&name);
        if let Some(other) = self.calls.iter().find(same) {
            return Err(recorded_already(other.id, &name));
        }
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        if let Some(file) = &calling.call.recording {
            return Err(recorded_already(id, file));
        }
        calling.call.recording = Some(name);
        self.effect(Effect::RecordStream { call: id, recording: Some(recording) });
        self.event(Event::CallChanged(id));
        Ok(())
    }

    /// # Errors
    /// Nothing of it is recorded.
    pub(in crate::agent) fn stop_recording(&mut self, id: CallId) -> Result<(), Failure> {
        let call = self.calls.call(id).ok_or_else(|| no_call(Some(id)))?;
        if call.recording.is_none() {
            return Err(not_recorded(id));
        }
        self.effect(Effect::RecordStream { call: id, recording: None });
        Ok(())
    }

    /// Our user hears on and is not heard, or is heard again. Both are well where it is so already.
    ///
    /// # Errors
    /// It does not stand.
    pub(in crate::agent) fn mute_call(&mut self, id: CallId, muted: bool) -> Result<(), Failure> {
        self.talking(id)?;
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        if std::mem::replace(&mut calling.call.muted, muted) != muted {
            self.effect(Effect::MuteStream { call: id, muted });
            self.event(Event::CallChanged(id));
        }
        Ok(())
    }

    /// Its file is whole, or cannot be written any more: the call goes on without it.
    pub(in crate::agent) fn handle_recording_ended(&mut self, id: CallId, failure: Option<Failure>) {
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.recording = None;
        }
        if let Some(failure) = failure {
            self.event(Event::Notice(recording_ended(id, &failure)));
        }
        self.event(Event::CallChanged(id));
    }

    /// Puts two calls together; those that our user holds are taken up again.
    ///
    /// # Errors
    /// One does not stand, or is in a conference already; or both are the same.
    pub(in crate::agent) fn confer(&mut self, now: Now, calls: [CallId; 2]) -> Result<CallId, Failure> {
        let [first, second] = calls;
        if first == second {
            return Err(with_itself(first));
        }
        for id in calls {
            self.talking(id)?;
            if let Some(other) = self.calls.call(id).and_then(|call| call.conference) {
                return Err(in_one_already(id, other));
            }
        }
        for id in calls {
            if self.calls.call(id).is_some_and(|call| call.on_hold) {
                self.hold_call(now, id, false)?;
            }
        }
        for (id, other) in [(first, second), (second, first)] {
            if let Some(calling) = self.calls.all.get_mut(&id) {
                calling.call.conference = Some(other);
            }
        }
        self.effect(Effect::BridgeStreams { calls, together: true });
        calls.into_iter().for_each(|id| self.event(Event::CallChanged(id)));
        Ok(first)
    }

    /// One of both is over, or held: nobody hears the other peer any more.
    pub(super) fn end_conference(&mut self, id: CallId) {
        let Some(other) = self.calls.all.get_mut(&id).and_then(|calling| calling.call.conference.take()) else {
            return;
        };
        if let Some(calling) = self.calls.all.get_mut(&other) {
            calling.call.conference = None;
        }
        self.effect(Effect::BridgeStreams { calls: [id, other], together: false });
        [id, other].into_iter().for_each(|id| self.event(Event::CallChanged(id)));
    }
}

fn recorded_already(id: CallId, file: &str) -> Failure {
    let message = format!("call {id} is recorded already, in {file}");
    let next = format!("`sottovoce record {id} --stop` ends that recording");
    Failure::new(FailureKind::Usage, "recorded-already", message, id.to_string(), next)
}

fn not_recorded(id: CallId) -> Failure {
    let message = format!("call {id} is not recorded with `sottovoce record`");
    let next = format!("`sottovoce record {id} FILE` begins; what `call --record` records ends with the call");
    Failure::new(FailureKind::Usage, "not-recorded", message, id.to_string(), next)
}

fn recording_ended(id: CallId, why: &Failure) -> Failure {
    let message = format!("call {id} is not recorded any more, and goes on: {}", why.message);
    let next = format!("what was recorded until then can be played; `sottovoce record {id} FILE` begins another file");
    Failure::new(why.kind, "recording-ended", message, id.to_string(), next)
}

fn with_itself(id: CallId) -> Failure {
    let next = "name two calls of `sottovoce calls`, as `sottovoce conference c1 c2`";
    Failure::new(
        FailureKind::Usage,
        "same-call",
        format!("a conference of call {id} with itself is none"),
        id.to_string(),
        next,
    )
}

fn in_one_already(id: CallId, other: CallId) -> Failure {
    let message = format!("call {id} is in a conference with call {other} already; here three can be in one");
    let next = format!("hang up or hold one of both first, as `sottovoce hold {other}`");
    Failure::new(FailureKind::Usage, "conference-full", message, id.to_string(), next)
}
