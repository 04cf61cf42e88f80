//! Early media (RFC 3261 section 13.2.1, RFC 3960): a callee answers provisionally with a session description, and is heard before it
//! picks up. It has to have all that its 200 has to have, and hears nothing of us before that comes.
//!
//! The offer is for one device of our kind, so one early dialog at most can open it; what others on the way answer is passed over. An
//! ordinary telephone is heard where our entries let its answer be ([`early_telephone`](super::early_telephone)).

use super::failures::{downgrade, gone, no_agreement_text, unreadable_sdp};
use super::peer_sdp::PeerSdp;
use super::{CallState, KeyState};
use crate::agent::{Agent, Effect, Event};
use crate::sip::{Body, SessionId};
use crate::vocab::{CallId, Failure, FailureKind, Now};

/// Answers before the call is answered that are looked at: each costs a Diffie-Hellman, and anybody on the way can send them.
pub(super) const MOST: u32 = 8;

/// What a callee said before it picked up.
pub(super) struct Early {
    /// Its half of the key agreement, which its 200 repeats.
    message: Vec<u8>,
    answer: PeerSdp,
    /// Why its stream does not run, though its keys are good.
    refused: Option<Failure>,
}

impl Agent {
    pub(super) fn handle_early_answer(&mut self, now: Now, session: SessionId, body: &Body) {
        let Some(calling) = self.calls.by_session(session).filter(|calling| calling.is_open()) else { return };
        let waits = matches!(calling.call.state, CallState::Inviting | CallState::Ringing);
        let is_tunnel = calling.is_tunnel();
        if !waits || is_tunnel || calling.early_tries >= MOST || calling.is_heard_so(body) {
            return;
        }
        let id = calling.call.id;
        let open = match calling.key {
            KeyState::Offered(_) => Self::open_early,
            KeyState::Telephone(_) | KeyState::EarlyTelephone(_) => Self::open_early_telephone,
            _ => return,
        };
        calling.early_tries += 1;
        let first = calling.early_tries == 1;
        if let (Err(failure), true) = (open(self, now, id, body), first) {
            let peer = self.peer_name(id);
            self.event(Event::Notice(unheard(&peer, &failure)));
        }
    }

    fn open_early(&mut self, now: Now, id: CallId, body: &Body) -> Result<(), Failure> {
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let peer = calling.call.peer.clone();
        let (_, device) = calling.peer.clone().ok_or_else(|| gone(id))?;
        let offer = calling.said.ours.as_ref().ok_or_else(|| gone(id))?;
        let answer = PeerSdp::answer(body, offer).map_err(|why| unreadable_sdp(&peer, &why))?;
        let message = answer.message_of(&device).ok_or_else(|| downgrade(&peer))?.to_vec();
        let KeyState::Offered(initiator) = &mut calling.key else { return Ok(()) };
        let confirmed = initiator.read(&message).map_err(|why| no_agreement_text(&peer, &why.to_string()))?;
        // From here on these are the keys of this call: no other answer makes any.
        calling.call.early = true;
        calling.said.describe(answer.clone());
        calling.key = KeyState::Early(Box::new(Early { message, answer: answer.clone(), refused: None }));
        let started = self.start_stream(now, id, confirmed, answer.media());
        if let (Err(failure), Some(calling)) = (&started, self.calls.all.get_mut(&id)) {
            calling.call.early = false;
            if let KeyState::Early(early) = &mut calling.key {
                early.refused = Some(failure.clone());
            }
        }
        started
    }

    /// It picked up. Whoever was heard before has to be the one who did.
    pub(super) fn take_early(&mut self, now: Now, id: CallId, early: Early, answer: PeerSdp) -> Result<(), Failure> {
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let peer = calling.call.peer.clone();
        let (_, device) = calling.peer.clone().ok_or_else(|| gone(id))?;
        let message = answer.message_of(&device).ok_or_else(|| downgrade(&peer))?;
        if message != early.message {
            return Err(no_agreement_text(&peer, "it answered with other keys than it was heard with before"));
        }
        if let Some(failure) = early.refused {
            return Err(failure);
        }
        if !early.answer.changes_only_direction(&answer, early.answer.media()) {
            return Err(unreadable_sdp(&peer, "it changes what it said before it picked up"));
        }
        calling.call.early = false;
        calling.call.held_by_peer = answer.held();
        calling.said.describe(answer);
        self.establish(now, id);
        self.settle_hold(id);
        Ok(())
    }

    /// It came to nothing there. The call may go on elsewhere.
    pub(super) fn drop_early(&mut self, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.early_tries = 0;
        self.silence_early(id);
    }

    /// What was heard falls silent, and its keys are erased.
    pub(super) fn silence_early(&mut self, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        match std::mem::replace(&mut calling.key, KeyState::None) {
            KeyState::Early(_) => calling.said.forget_theirs(),
            KeyState::EarlyTelephone(early) => calling.forget_early_telephone(*early),
            other => calling.key = other,
        }
        if std::mem::take(&mut calling.call.early) {
            self.effect(Effect::DropStream { call: id });
        }
    }
}

fn unheard(peer: &str, why: &Failure) -> Failure {
    let message = format!("what {peer} would let you hear before it picks up is not played: {}", why.message);
    Failure::new(
        FailureKind::Failed,
        "early-media-unheard",
        message,
        peer,
        "wait: the call goes on, and its answer counts",
    )
}
