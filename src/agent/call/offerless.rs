//! INVITE without an offer (RFC 3261 sections 13.2.1 and 14.1): the offer is ours, in the 200, and the answer is in the ACK.
//!
//! Our offer has no key agreement: who holds keys that our user approved has to offer one, and of a stranger we know none. It is for an
//! ordinary telephone, and has ways to keys for SRTP where an entry names it (RFC 4568 section 7.1 knows no difference between an offer in INVITE and
//! in 200).

use super::callee::action_shown;
use super::failures::gone;
use super::invitation::{Invitation, Taken};
use super::no::{refuse_aimed, No};
use super::peer_sdp::PeerSdp;
use super::sdes::{NoKeys, BY_TLS};
use super::telephone::profile_for;
use super::{CallState, KeyState};
use crate::agent::ruling::{some_port, Protected};
use crate::agent::Agent;
use crate::policy::{Protocol, Upper};
use crate::sdp::Keying;
use crate::sip::{Body, SessionId};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now};

impl Agent {
    /// An ordinary telephone. Where our entries demand, or wish for, keys for SRTP our offer has ways to them, and where they demand more it is
    /// told so before it rings.
    pub(super) fn judge_offerless(&mut self, now: Now, invitation: &Invitation<'_>) -> Result<Taken, No> {
        let Invitation { from, caller, .. } = *invitation;
        self.refuse_stripped(caller)?;
        self.refuse_crowd()?;
        let (way, telephone) = self.way_of_telephone(invitation);
        let media = some_port(from.remote.ip());
        let demands = self.demands_before_answer(now, telephone.as_ref(), (media, Upper::Udp), way);
        let insists = self.judge_protection(Protected::default(), &demands).is_err();
        let wishes = demands.names(Protocol::Srtp);
        if let (true, Err(missing)) = (insists, self.judge_protection(Protected::SRTP, &demands)) {
            return Err(self.refuse_telephone(now, caller, NoKeys::Without, &missing));
        }
        let keying = if insists || wishes { self.offered_keying(from.transport, false) } else { Keying::default() };
        if insists && keying.is_empty() {
            return Err(No::plain(488, BY_TLS));
        }
        let taken = self.taken_in_clear(None, way, action_shown(&demands), None);
        Ok(Taken { telephone, key: KeyState::Telephone(keying), ..taken })
    }

    /// The socket is bound: 200 with our offer.
    pub(super) fn offer_in_answer(&mut self, now: Now, id: CallId) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let session = calling.session.ok_or_else(|| gone(id))?;
        let local = calling.described_at().ok_or_else(|| gone(id))?;
        let KeyState::Telephone(keying) = &calling.key else { return Ok(()) };
        let keying = keying.clone();
        // The port is known now, and the place of the telephone is where it called from until it answers.
        let media = some_port(calling.invited_from.ok_or_else(|| gone(id))?);
        let insists = !self.lets_clear(&self.demands_of_call(now, id, media)?);
        let profile = profile_for(insists, &keying, false);
        let offer = self.sdp_offer_to_telephone(local, (keying, profile), None);
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
            Some(_) => self.judge_reoffer_answer(now, id, body),
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
        // Behind a proxy it is heard before it hears us.
        if !calling.way.heard_first && refuse_aimed(&[accepted.media()], from).is_err() {
            return Err(unusable(&peer, "sound would go elsewhere than to where the call came from"));
        }
        let KeyState::Telephone(offered) = std::mem::replace(&mut calling.key, KeyState::Done) else {
            return Err(gone(id));
        };
        self.take_telephone(now, id, &offered, accepted)
    }

    /// Of a re-INVITE without offer, which got what we said before: nothing but who holds the call may have changed, and with an ordinary
    /// telephone its place and its keys; for nothing can be refused any more but the call.
    fn judge_reoffer_answer(&mut self, now: Now, id: CallId, body: Option<Body>) -> Result<(), Failure> {
        let (accepted, peer) = self.late_answer(id, body)?;
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let has_agreement = calling.said.theirs().is_some_and(PeerSdp::has_agreement) || accepted.has_agreement();
        let said = calling.said.ours.clone().ok_or_else(|| gone(id))?;
        if !has_agreement && self.take_answered_anew(now, id, &said, (&accepted, false))? {
            let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
            calling.call.held_by_peer = accepted.held();
            calling.said.describe(accepted);
            self.settle_hold(id);
            return Ok(());
        }
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
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
