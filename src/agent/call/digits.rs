//! Keys of a telephone within a call. In RTP they go where the sound goes, under the same protection; by INFO they go with the call's messages,
//! which others may read: where the sound is encrypted, they are sent so by TLS only, or if our user says that they may be read.
//!
//! Which keys they are is kept nowhere, and stands in no log: only [`Event::Digit`] names those that come.

use std::collections::VecDeque;

use super::failures::gone;
use super::CallState;
use crate::agent::{Agent, DigitWay, DtmfWay, Effect, Event};
use crate::media::digits::{Pace, EACH, MOST};
use crate::sip::SessionId;
use crate::vocab::{escape, CallId, Digit, Failure, FailureKind, Mono, Now};

/// Digits of a call, of both sides.
#[derive(Default)]
pub(super) struct Dialling {
    /// By INFO: what waits for the answer to the one before.
    waiting: VecDeque<Digit>,
    /// By INFO one is on its way.
    informing: bool,
    /// Those in RTP have gone by then.
    until: Mono,
    /// So many of the peer's were told.
    told: u64,
    pace: Pace,
}

impl Agent {
    /// Presses these keys, and says how they go.
    ///
    /// # Errors
    /// The call does not stand, or is held; there are none, or too many; the peer takes none in the way that is wanted; or they could be read.
    pub(in crate::agent) fn press_keys(
        &mut self,
        now: Now,
        id: CallId,
        digits: Vec<Digit>,
        clear: bool,
    ) -> Result<DigitWay, Failure> {
        let (session, peer) = self.talking(id)?;
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        if calling.call.on_hold || calling.call.held_by_peer {
            return Err(held(id));
        }
        let takes = calling.said.digits().filter(|event| digits.iter().all(|digit| event.takes(digit.code())));
        let way = match self.config.dtmf {
            DtmfWay::Info => DigitWay::Info,
            DtmfWay::Rtp if takes.is_none() => return Err(not_taken(id, &peer)),
            DtmfWay::Auto if takes.is_none() => DigitWay::Info,
            DtmfWay::Auto | DtmfWay::Rtp => DigitWay::Rtp,
        };
        let waiting = calling.dialling.waiting(now.mono, way);
        if digits.is_empty() || digits.len() + waiting > MOST {
            return Err(too_many(id, digits.len(), waiting));
        }
        match way {
            DigitWay::Rtp => self.dial_in_stream(now, id, digits),
            DigitWay::Info => {
                if !clear && self.is_readable(now, id, session) {
                    return Err(readable(id, &peer));
                }
                self.dial_in_messages(now, id, session, digits);
            }
        }
        Ok(way)
    }

    fn dial_in_stream(&mut self, now: Now, id: CallId, digits: Vec<Digit>) {
        if let Some(calling) = self.calls.all.get_mut(&id) {
            let long = EACH.saturating_mul(digits.len() as u32);
            calling.dialling.until = calling.dialling.until.max(now.mono) + long;
        }
        self.effect(Effect::Dial { call: id, digits });
    }

    fn dial_in_messages(&mut self, now: Now, id: CallId, session: SessionId, digits: Vec<Digit>) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.dialling.waiting.extend(digits);
        if !calling.dialling.informing {
            self.inform_next(now, session);
        }
    }

    /// The sound of the call, or what our entries demand of it, is hidden, and its messages are not.
    fn is_readable(&self, now: Now, id: CallId, session: SessionId) -> bool {
        if self.endpoint.goes_by_tls(session) {
            return false;
        }
        let Some(calling) = self.calls.all.get(&id) else { return true };
        let Some(agreement) = &calling.agreement else { return true };
        let level = self.config.default_level;
        let demands = self.demands_of_call(now, id, agreement.remote);
        let bundle = calling.all_of(agreement.protected).outbound;
        bundle.esp || bundle.srtp || demands.is_ok_and(|demands| demands.hides(level))
    }

    /// The one before has come, if there was one.
    pub(super) fn inform_next(&mut self, now: Now, session: SessionId) {
        let Some(calling) = self.calls.by_session(session) else { return };
        let id = calling.call.id;
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let next = calling.dialling.waiting.pop_front();
        calling.dialling.informing = next.is_some();
        if let Some(digit) = next {
            self.endpoint.inform(now, session, digit);
        }
    }

    /// What was to follow it is not sent: a number with a digit less is another one.
    pub(super) fn handle_digit_refused(&mut self, session: SessionId, status: u16, reason: &str) {
        let Some(calling) = self.calls.by_session(session) else { return };
        let (id, peer) = (calling.call.id, calling.call.peer.clone());
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.dialling.informing = false;
            let left = std::mem::take(&mut calling.dialling.waiting).len();
            self.event(Event::Notice(refused(id, &peer, status, reason, left)));
        }
    }

    pub(super) fn handle_info_digit(&mut self, now: Now, session: SessionId, digit: Digit) {
        let Some(calling) = self.calls.by_session(session) else { return };
        let id = calling.call.id;
        let active = self.calls.all.get_mut(&id).filter(|calling| calling.call.state == CallState::Active);
        if active.is_some_and(|calling| calling.dialling.pace.allows(now.mono)) {
            self.tell_digit(id, digit, DigitWay::Info);
        }
    }

    pub(super) fn tell_digit(&mut self, id: CallId, digit: Digit, by: DigitWay) {
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| calling.is_open()) else { return };
        calling.dialling.told += 1;
        let nth = calling.dialling.told;
        self.count("digits_received");
        self.event(Event::Digit { call: id, nth, digit, by });
    }
}

impl Dialling {
    fn waiting(&self, now: Mono, way: DigitWay) -> usize {
        match way {
            DigitWay::Info => self.waiting.len(),
            DigitWay::Rtp => {
                let left = self.until.0.saturating_sub(now.0);
                left.as_millis().div_ceil(EACH.as_millis()) as usize
            }
        }
    }
}

fn held(id: CallId) -> Failure {
    let message = format!("call {id} is on hold: nothing of its sound is sent, and no digits");
    let next = format!("take it up again with `sottovoce resume {id}`, or wait until the peer does");
    Failure::new(FailureKind::Usage, "call-held", message, id.to_string(), next)
}

fn not_taken(id: CallId, peer: &str) -> Failure {
    let message = format!("{peer} takes no such digits among the sound of call {id} (telephone-event)");
    let next = "write dtmf = \"auto\" or \"info\" under [audio], start the agent again, and call again";
    Failure::new(FailureKind::Failed, "no-telephone-event", message, id.to_string(), next)
}

fn too_many(id: CallId, digits: usize, waiting: usize) -> Failure {
    let (message, next) = match digits {
        0 => (format!("there is no digit to send in call {id}"), "name some of 0 to 9, *, #, A to D".to_owned()),
        _ => (
            format!("{digits} digits are too many for call {id}: {waiting} wait already, and {MOST} may"),
            "send fewer at a time, and wait until they have gone".to_owned(),
        ),
    };
    Failure::new(FailureKind::Usage, "digits-unfit", message, id.to_string(), next)
}

fn readable(id: CallId, peer: &str) -> Failure {
    let message = format!(
        "{peer} takes digits in the messages of call {id} only, which do not go by TLS: whoever is on the way would read them, and the sound of the call is hidden"
    );
    let next = format!("`sottovoce dtmf {id} DIGITS --clear` sends them all the same; or call by TLS (`sips:`)");
    Failure::new(FailureKind::RefusedByPolicy, "digits-in-clear", message, id.to_string(), next)
}

fn refused(id: CallId, peer: &str, status: u16, reason: &str, left: usize) -> Failure {
    let said = if status == 0 { escape(reason) } else { format!("{status} {}", escape(reason)) };
    let message = format!("a digit did not come to {peer} in call {id}: {said}; {left} more were not sent");
    let next = "it takes no digits by INFO: hang up, or have somebody there help";
    Failure::new(FailureKind::Failed, "digits-refused", message, id.to_string(), next)
}
