//! Our user holds a call, or takes it up again (RFC 3264 section 8.4): a re-INVITE (RFC 3261 section 14.1) in which nothing but
//! the direction changes. Keys, addresses and entries stay, and what is refused leaves the call as it was.
//!
//! Sound stops as soon as our user wants that, and goes on when the peer has agreed to it, or does not take the hold.

use super::answered::downgrade;
use super::caller::gone;
use super::media::PeerSdp;
use super::{CallState, Calling};
use crate::agent::{Agent, Effect, Event, Hold, HoldState};
use crate::media::Held;
use crate::sdp::{self, MediaDirection, SessionDescription};
use crate::sip::{Body, SessionId};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now};

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
        let there = calling.call.on_hold == wanted;
        let state = if there { HoldState::Done } else { HoldState::Asking };
        calling.call.hold = Some(Hold { wanted, state });
        if !there {
            self.endpoint.want_offer(now, session);
        }
        self.settle_hold(id);
        Ok(id)
    }

    /// The session is free for an offer of ours.
    pub(super) fn handle_offer_due(&mut self, now: Now, session: SessionId) {
        let Some(calling) = self.calls.by_session(session) else { return };
        let (wanted, id) = (calling.hold_wanted(), calling.call.id);
        let way = direction(wanted.unwrap_or(calling.call.on_hold), calling.call.held_by_peer);
        // What was offered before met an offer of the peer's, and was not taken.
        let described = match calling.rekey.is_some() {
            true => self.make_rekey_offer(now, id),
            false => calling.said.clone().filter(|_| wanted.is_some()).ok_or_else(|| gone(id)),
        };
        let offer = described.and_then(|said| sdp::reoffer(&said, way).ok_or_else(|| gone(id)));
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let offer = match offer {
            Ok(offer) => offer,
            Err(failure) if calling.rekey.is_some() => return self.end_call(now, id, CallState::Failed(failure)),
            Err(_) => {
                calling.end_hold();
                return self.settle_hold(id);
            }
        };
        let body = Body::new("application/sdp", offer.to_string().into_bytes());
        calling.reoffered = Some(offer);
        self.endpoint.offer(now, session, body);
    }

    pub(super) fn handle_offer_answered(&mut self, now: Now, session: SessionId, body: Option<Body>) {
        let Some(calling) = self.calls.by_session(session).filter(|calling| calling.is_open()) else { return };
        let (id, wanted, rekeys) = (calling.call.id, calling.hold_wanted(), calling.offers_rekey());
        let Some(offer) = calling.reoffered.take().filter(|_| wanted.is_some() || rekeys) else { return };
        let judged = match rekeys {
            true => judge_rekeyed(calling, &offer, body),
            false => judge_answer(calling, &offer, body),
        };
        let judged = judged.and_then(|answer| match rekeys {
            true => self.take_rekey_answer(now, id, &answer).map(|()| answer),
            false => Ok(answer),
        });
        match judged {
            Ok(answer) => {
                let Some(calling) = self.calls.all.get_mut(&id) else { return };
                calling.described = calling.described.filter(|_| !rekeys);
                let held = wanted.unwrap_or(calling.call.on_hold);
                let calling = calling.take_answer(held, offer, answer);
                if let Some(wanted) = wanted {
                    calling.call.hold = Some(Hold { wanted, state: HoldState::Done });
                }
                self.settle_hold(id);
            }
            // It was acknowledged, as every 2xx is, and nothing but the call can be refused any more.
            Err(failure) => {
                if failure.code == "downgrade" {
                    self.audit_notice(now, &failure);
                }
                self.end_call(now, id, CallState::Failed(failure));
            }
        }
    }

    pub(super) fn handle_offer_refused(
        &mut self,
        now: Now,
        session: SessionId,
        (status, reason): (u16, &str),
        why: &[String],
    ) {
        let Some(calling) = self.calls.by_session(session).filter(|calling| calling.is_open()) else { return };
        let id = calling.call.id;
        if calling.reoffered.take().is_some() && calling.offers_rekey() {
            return self.rekey_refused(now, id, &said(status, reason, why));
        }
        let Some(wanted) = calling.hold_wanted() else { return };
        let failure = refused(&calling.call, wanted, &said(status, reason, why));
        calling.call.hold = Some(Hold { wanted, state: HoldState::Failed(failure.clone()) });
        self.settle_hold(id);
        self.event(Event::Notice(failure));
    }

    /// The stream, and whoever looks, learn how the call stands.
    pub(super) fn settle_hold(&mut self, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let held = calling.held();
        let partial = calling.offered.as_ref().is_some_and(PeerSdp::is_partial);
        calling.quiet_allowed = partial || held.by_us;
        // Silence counts from here.
        calling.heard = None;
        self.effect(Effect::HoldStream { call: id, held });
        self.event(Event::CallChanged(id));
    }
}

impl Calling {
    /// What our user wants of hold, while the peer has not answered to it.
    fn hold_wanted(&self) -> Option<bool> {
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

    fn take_answer(&mut self, held: bool, offer: SessionDescription, answer: PeerSdp) -> &mut Self {
        self.described = Some(self.described.unwrap_or(answer.media()));
        self.call.on_hold = held;
        // While we hold, an answer cannot tell whether the peer does too.
        if !held {
            self.call.held_by_peer = answer.held();
        }
        self.said = Some(offer);
        self.offered = Some(answer);
        self
    }

    /// What waits for a peer that is gone has failed.
    pub(super) fn end_hold(&mut self) {
        if let Some(wanted) = self.hold_wanted() {
            let failure = over(&self.call, wanted);
            self.call.hold = Some(Hold { wanted, state: HoldState::Failed(failure) });
        }
    }
}

/// As whoever offers sees it. A call that both hold has no sound at all; whether the peer still holds one that we take up again is
/// for its answer to say.
fn direction(hold: bool, held_by_peer: bool) -> MediaDirection {
    match (hold, held_by_peer) {
        (true, true) => MediaDirection::Inactive,
        (true, false) => MediaDirection::Sendonly,
        (false, _) => MediaDirection::Sendrecv,
    }
}

/// With new keys it may say of another place too.
fn judge_rekeyed(calling: &Calling, offer: &SessionDescription, body: Option<Body>) -> Result<PeerSdp, Failure> {
    let peer = &calling.call.peer;
    let body = body.ok_or_else(|| unusable(peer, "it carries no session description"))?;
    PeerSdp::answer(&body, offer).map_err(|why| unusable(peer, &why))
}

/// The answer may change the direction, and nothing else.
fn judge_answer(calling: &mut Calling, offer: &SessionDescription, body: Option<Body>) -> Result<PeerSdp, Failure> {
    let peer = calling.call.peer.clone();
    let before = calling.offered.as_ref().ok_or_else(|| gone(calling.call.id))?;
    let body = body.ok_or_else(|| unusable(&peer, "it carries no session description"))?;
    let answer = PeerSdp::answer(&body, offer).map_err(|why| unusable(&peer, &why))?;
    if before.has_agreement() && !answer.has_agreement() {
        return Err(downgrade(&peer));
    }
    let described = calling.described.unwrap_or(before.media());
    calling.described = Some(described);
    match before.changes_only_direction(&answer, described) {
        true => Ok(answer),
        false => Err(unusable(&peer, "it changes more than who is heard")),
    }
}

fn said(status: u16, reason: &str, why: &[String]) -> String {
    let why: Vec<String> = why.iter().map(|warning| escape(warning)).collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    format!("{status} {}{why}", escape(reason))
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

fn unusable(peer: &str, why: &str) -> Failure {
    let message = format!("the answer of {peer} to a hold cannot be used: {}", escape(why));
    let next = "the call is over, because neither side knows what the other plays; call again";
    Failure::new(FailureKind::Failed, "answer-unusable", message, peer, next)
}
