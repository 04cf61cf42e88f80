//! Our offers within a call (RFC 3261 section 14.1). There is one at a time, and it says what is wanted by then: a hold, new keys, or
//! both. What is wanted while it is on its way is offered after it.
//!
//! | step | what follows |
//! | --- | --- |
//! | `hold` or `rekey` wants something | `Endpoint::want_offer` |
//! | `handle_offer_due` | `Endpoint::offer` |
//! | `handle_offer_answered` | the wish has come true; what is left is wanted again |
//! | `handle_offer_refused` | a hold is refused, and the call goes on; a call without its new keys ends |

use super::failures::{downgrade, gone};
use super::peer_sdp::PeerSdp;
use super::{CallState, Calling};
use crate::agent::Agent;
use crate::sdp::{self, MediaDirection, SessionDescription};
use crate::sip::{Body, SessionId};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now};

/// An offer of ours that the peer has not answered, and what it is for.
pub(super) struct Reoffered {
    offer: SessionDescription,
    hold: Option<bool>,
    rekeys: bool,
}

impl Agent {
    /// The session is free for an offer of ours.
    pub(super) fn handle_offer_due(&mut self, now: Now, session: SessionId) {
        let Some(calling) = self.calls.by_session(session) else { return };
        let (id, hold, rekeys) = (calling.call.id, calling.hold_wanted(), calling.renewal.is_wanted());
        if hold.is_none() && !rekeys {
            return;
        }
        match self.reoffer(now, id, hold, rekeys) {
            Ok(body) => {
                self.endpoint.offer(now, session, body);
                self.watch_for_loss(now, id);
            }
            Err(failure) if rekeys => self.end_call(now, id, CallState::Failed(failure)),
            Err(_) => {
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    calling.end_hold();
                }
                self.settle_hold(id);
            }
        }
    }

    fn reoffer(&mut self, now: Now, id: CallId, hold: Option<bool>, rekeys: bool) -> Result<Body, Failure> {
        let said = match rekeys {
            // Anew each time: what was offered before may have met an offer of the peer's.
            true => self.make_rekey_offer(now, id)?,
            false => self.calls.all.get(&id).and_then(|calling| calling.said.ours.clone()).ok_or_else(|| gone(id))?,
        };
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let way = direction(hold.unwrap_or(calling.call.on_hold), calling.call.held_by_peer);
        let offer = calling.offered_again(sdp::reoffer(&said, way).ok_or_else(|| gone(id))?);
        let body = Body::new("application/sdp", offer.to_string().into_bytes());
        calling.renewal.reoffered = Some(Reoffered { offer, hold, rekeys });
        Ok(body)
    }

    pub(super) fn handle_offer_answered(&mut self, now: Now, session: SessionId, body: Option<Body>) {
        let Some(calling) = self.calls.by_session(session).filter(|calling| calling.is_open()) else { return };
        let id = calling.call.id;
        let Some(reoffered) = calling.renewal.reoffered.take() else { return };
        match self.take_reanswer(now, id, reoffered, body) {
            Ok(()) => {
                self.settle_hold(id);
                self.offer_what_is_left(now, id, session);
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

    fn take_reanswer(
        &mut self,
        now: Now,
        id: CallId,
        Reoffered { offer, hold, rekeys }: Reoffered,
        body: Option<Body>,
    ) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let answer = match rekeys {
            true => judge_rekeyed(calling, &offer, body)?,
            false => judge_answer(calling, &offer, body)?,
        };
        let is_anew = match (rekeys, calling.said.theirs().is_some_and(PeerSdp::has_agreement)) {
            (true, _) => {
                self.take_rekey_answer(now, id, &offer, &answer)?;
                true
            }
            (false, false) => self.take_answered_anew(now, id, &offer, (&answer, false))?,
            (false, true) => false,
        };
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        calling.take_hold(hold.unwrap_or(calling.call.on_hold), &answer);
        calling.said.ours = Some(offer);
        match is_anew {
            true => calling.said.describe(answer),
            false => calling.said.take_direction(answer),
        }
        self.begin_ice(id);
        if let Some(wanted) = hold {
            self.hold_taken(id, wanted);
        }
        Ok(())
    }

    /// What came up while an offer was on its way.
    fn offer_what_is_left(&mut self, now: Now, id: CallId, session: SessionId) {
        let left =
            |calling: &Calling| calling.is_open() && (calling.hold_wanted().is_some() || calling.renewal.is_wanted());
        if self.calls.all.get(&id).is_some_and(left) {
            self.endpoint.want_offer(now, session);
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
        let Some(Reoffered { hold, rekeys, .. }) = calling.renewal.reoffered.take() else { return };
        let said = said(status, reason, why);
        if rekeys {
            self.rekey_refused(now, id, &said);
        }
        if self.calls.all.get(&id).is_none_or(|calling| !calling.is_open()) {
            return;
        }
        if let Some(wanted) = hold {
            self.hold_refused(id, wanted, &said);
        }
        self.offer_what_is_left(now, id, session);
    }
}

impl Calling {
    fn take_hold(&mut self, held: bool, answer: &PeerSdp) {
        self.call.on_hold = held;
        // While we hold, an answer cannot tell whether the peer does too.
        if !held {
            self.call.held_by_peer = answer.held();
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

/// The answer may change the direction, and nothing else; what a telephone may, is judged as such.
fn judge_answer(calling: &Calling, offer: &SessionDescription, body: Option<Body>) -> Result<PeerSdp, Failure> {
    let peer = &calling.call.peer;
    let before = calling.said.theirs().ok_or_else(|| gone(calling.call.id))?;
    let body = body.ok_or_else(|| unusable(peer, "it carries no session description"))?;
    let answer = PeerSdp::answer(&body, offer).map_err(|why| unusable(peer, &why))?;
    if before.has_agreement() && !answer.has_agreement() {
        return Err(downgrade(peer));
    }
    if !before.has_agreement() && !answer.has_agreement() {
        return Ok(answer);
    }
    match calling.said.changes_only_direction(&answer) {
        true => Ok(answer),
        false => Err(unusable(peer, "it changes more than who is heard")),
    }
}

fn said(status: u16, reason: &str, why: &[String]) -> String {
    let why: Vec<String> = why.iter().map(|warning| escape(warning)).collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    format!("{status} {}{why}", escape(reason))
}

pub(super) fn unusable(peer: &str, why: &str) -> Failure {
    let message = format!("the answer of {peer} within the call cannot be used: {}", escape(why));
    let next = "the call is over, because neither side knows what the other plays; call again";
    Failure::new(FailureKind::Failed, "answer-unusable", message, peer, next)
}
