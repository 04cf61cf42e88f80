//! INVITE without an offer (RFC 3261 sections 13.2.1 and 14.1): the offer is ours, in the 200, and the answer is in the ACK.
//!
//! Our offer has no key agreement: who holds keys that our user approved has to offer one, and of a stranger we know none.

use super::failures::gone;
use super::invitation::{Invitation, Taken, Way};
use super::media::Ready;
use super::no::{refuse_aimed, No};
use super::peer_sdp::PeerSdp;
use super::{CallState, KeyState};
use crate::agent::ruling::some_port;
use crate::agent::Agent;
use crate::sip::{Body, SessionId};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now};

impl Agent {
    /// What an ordinary telephone gets that offers media in clear: where we demand more, it is told so before it rings.
    pub(super) fn judge_offerless(&self, now: Now, invitation: &Invitation<'_>) -> Result<Taken, No> {
        self.refuse_stripped(invitation.caller)?;
        self.refuse_crowd()?;
        let way = Way { stated: false, heard_first: false };
        let media = some_port(invitation.from.remote.ip());
        self.judge_clear(now, media, way).map(|action| self.taken_in_clear(None, way, action, None))
    }

    /// The socket is bound: 200 with our offer.
    pub(super) fn offer_in_answer(&mut self, now: Now, id: CallId) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let session = calling.session.ok_or_else(|| gone(id))?;
        let local = calling.described_at().ok_or_else(|| gone(id))?;
        let offer = self.sdp_offer(local, None, None);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.offers = true;
        }
        self.say_answer(now, id, session, offer);
        Ok(())
    }

    /// ACK came for a 200 of ours that offered.
    pub(super) fn take_late_answer(&mut self, now: Now, session: SessionId, body: Option<Body>) {
        let Some(calling) = self.calls.by_session(session) else { return };
        let id = calling.call.id;
        let judged = match calling.said.theirs() {
            None => self.judge_late_answer(now, id, body),
            Some(_) => self.judge_reoffer_answer(id, body),
        };
        if let Err(failure) = judged {
            self.end_call(now, id, CallState::Failed(failure));
        }
    }

    fn judge_late_answer(&mut self, now: Now, id: CallId, body: Option<Body>) -> Result<(), Failure> {
        let (accepted, peer) = self.late_answer(id, body)?;
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let from = calling.invited_from.ok_or_else(|| gone(id))?;
        if accepted.has_agreement() {
            return Err(unusable(&peer, "it agrees on keys that were not offered"));
        }
        if refuse_aimed(&[accepted.media()], from).is_err() {
            return Err(unusable(&peer, "sound would go elsewhere than to where the call came from"));
        }
        calling.key = KeyState::Done;
        calling.said.describe(accepted.clone());
        let remote = accepted.media();
        self.begin_stream(now, id, Ready { confirmed: None, srtp: None, remote })
    }

    /// Of a re-INVITE without offer, which got what we said before: nothing but who holds the call may have changed, for nothing
    /// can be refused any more but the call.
    fn judge_reoffer_answer(&mut self, id: CallId, body: Option<Body>) -> Result<(), Failure> {
        let (accepted, peer) = self.late_answer(id, body)?;
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        if calling.srtp.as_ref().is_some_and(|keys| !keys.are_in(&accepted)) {
            return Err(unusable(&peer, "it changes the keys of the call"));
        }
        if calling.said.theirs().ok_or_else(|| gone(id))?.is_same_media(&accepted) {
            return Ok(());
        }
        if !calling.said.changes_only_direction(&accepted) {
            return Err(unusable(&peer, "it changes what the call has agreed on"));
        }
        // While we hold, an answer cannot tell whether the peer does too.
        if !calling.call.on_hold {
            calling.call.held_by_peer = accepted.held();
        }
        calling.said.take_direction(accepted);
        self.settle_hold(id);
        Ok(())
    }

    fn late_answer(&self, id: CallId, body: Option<Body>) -> Result<(PeerSdp, String), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let peer = calling.call.peer.clone();
        let said = calling.said.ours.as_ref().ok_or_else(|| gone(id))?;
        let body = body.ok_or_else(|| unusable(&peer, "there is none in its ACK"))?;
        let accepted = PeerSdp::answer(&body, said).map_err(|why| unusable(&peer, &why))?;
        Ok((accepted, peer))
    }
}

/// Our user knows nothing of offers and answers.
fn unusable(peer: &str, why: &str) -> Failure {
    let message = format!(
        "the call with {peer} was ended: its telephone let yours say how sound is to be sent, and its answer cannot be used: {}",
        escape(why)
    );
    let next = "call back, then your telephone begins; if that fails too, the peer's telephone is at fault";
    Failure::new(FailureKind::Failed, "answer-unusable", message, peer, next)
}
