//! An ordinary telephone describes its stream anew within a call: other keys for SRTP, another place, or both (RFC 3264 section 8.3, RFC 4568
//! section 7.1.4), in an offer or in its answer to one of ours. Our entries decide, as they do when a call comes. What it had stays where nothing
//! else is said: a key is never begun with twice.
//!
//! | who describes anew | what follows |
//! | --- | --- |
//! | it offers: `handle_offered_anew` | answered, or 488 and the call goes on as it was |
//! | it answers an offer of ours: `take_answered_anew` | the call goes on so, or ends: nothing else can be refused |

use rand_core::RngCore;

use super::failures::gone;
use super::no::{refuse_aimed, No};
use super::peer_sdp::PeerSdp;
use super::rekey::{Agreement, Speaker};
use super::reoffer::unusable;
use super::srtp_keys::SrtpKeys;
use super::Calling;
use crate::agent::ruling::Protected;
use crate::agent::Agent;
use crate::media::Following;
use crate::sdp::{Keying, RemoteAudio, SessionDescription, Setup};
use crate::sip::{Received, SessionId};
use crate::vocab::{CallId, Failure, Now};

/// What a telephone offers within a call, and our entries let through.
struct Taken {
    keys: SrtpKeys,
    /// It says that it is at another address, and nobody here knows it.
    has_to_prove: bool,
}

impl Calling {
    /// An offer within the call, from what our description before said.
    pub(super) fn offered_again(&self, offer: SessionDescription) -> SessionDescription {
        let keying = self.srtp.as_ref().and_then(SrtpKeys::reoffered);
        keying.and_then(|keying| keying.put_into(&offer)).unwrap_or(offer)
    }
}

impl Agent {
    pub(super) fn handle_offered_anew(
        &mut self,
        now: Now,
        id: CallId,
        session: SessionId,
        from: (Received, bool),
        again: PeerSdp,
    ) {
        let taken = self.judge_offered_anew(now, id, from, &again);
        if let Err(no) = taken.and_then(|taken| self.answer_anew(now, id, session, again, taken)) {
            self.count("rekeys_refused");
            self.endpoint.refuse(now, session, no.refusal);
        }
    }

    fn judge_offered_anew(
        &mut self,
        now: Now,
        id: CallId,
        (from, is_from_elsewhere): (Received, bool),
        again: &PeerSdp,
    ) -> Result<Taken, No> {
        let has_to_prove = is_from_elsewhere || self.is_stranger_elsewhere(id, again.media());
        let calling = self.calls.all.get(&id).ok_or_else(|| No::plain(481, "the call is over"))?;
        let kept = calling.srtp.clone().filter(|keys| keys.are_in(again));
        if has_to_prove && !calling.way.stated {
            refuse_aimed(&[again.media()], from.remote.ip())?;
        }
        if has_to_prove
            && kept.is_none()
            && again.keying().dtls.as_ref().is_some_and(|dtls| dtls.setup == Setup::Passive)
        {
            return Err(No::plain(488, "whoever is elsewhere begins the handshake: a=setup:actpass or active"));
        }
        if again.media().ip().is_unspecified() {
            return Err(No::plain(488, "its new place is none"));
        }
        let keys = match kept {
            Some(keys) => Some(keys),
            None => self.choose_keys(again, from.transport, has_to_prove)?,
        };
        let keys = keys.ok_or_else(|| No::plain(488, "the offer lacks the keys of the call"))?;
        let demands = self.demands_of_call(now, id, again.media()).map_err(|why| No::plain(488, &why.message))?;
        let missing = demands.missing(Protected::SRTP, self.config.default_level);
        match missing.is_empty() && !demands.discard() {
            true => Ok(Taken { keys, has_to_prove }),
            false => Err(No::missing(&missing, None)),
        }
    }

    fn answer_anew(
        &mut self,
        now: Now,
        id: CallId,
        session: SessionId,
        again: PeerSdp,
        Taken { keys, has_to_prove }: Taken,
    ) -> Result<(), No> {
        let over = || No::plain(481, "the call is over");
        let calling = self.calls.all.get_mut(&id).ok_or_else(over)?;
        let local = calling.described_at().ok_or_else(over)?;
        let before = calling.srtp.replace(keys);
        let was = self.remote_of(id);
        let first = Speaker::Peer { heard_first: has_to_prove };
        let answered = self.reanswer(id, &again, local, None).and_then(|said| {
            let following = self.following(now, id, before.as_ref())?;
            // Before the answer goes out: what comes under the new keys then is opened.
            self.goes_on_by_srtp(now, id, (following, first), &again).map(|()| said)
        });
        let said = match answered {
            Ok(said) => said,
            Err(why) => {
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    calling.srtp = before;
                }
                return Err(No::plain(488, &why.message));
            }
        };
        self.say_answer(now, id, session, said);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.held_by_peer = again.held();
            calling.said.describe(again);
        }
        self.begin_ice(id);
        self.settle_hold(id);
        self.note_peer_moved(now, id, was);
        Ok(())
    }

    /// Its answer to our `offer`, which held the call, took it up again, or tells where we are now (`moved`). `false`: it changes nothing
    /// but who is heard.
    ///
    /// # Errors
    /// It has no keys that were offered, or is where our entries do not let it be: the call cannot go on.
    pub(super) fn take_answered_anew(
        &mut self,
        now: Now,
        id: CallId,
        offer: &SessionDescription,
        (answer, moved): (&PeerSdp, bool),
    ) -> Result<bool, Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let peer = calling.call.peer.clone();
        let offered = RemoteAudio::of(offer).map_err(|_| gone(id))?.keying;
        let keeps = calling.srtp.as_ref().is_none_or(|keys| keys.are_in(answer) && keys.are_of(&offered));
        if !moved && keeps && calling.said.changes_only_direction(answer) {
            return Ok(false);
        }
        if self.is_stranger_elsewhere(id, answer.media()) {
            return Err(unusable(&peer, "its sound would go elsewhere than to where the call came from"));
        }
        let before = self.calls.all.get(&id).and_then(|calling| calling.srtp.clone());
        let Some(before) = before else {
            return self.rekey_stream(now, id, None, answer.media(), Speaker::Us).map(|()| true);
        };
        if !keeps {
            let chosen = self.taken_keys(&offered, answer.keying());
            let chosen = chosen.ok_or_else(|| unusable(&peer, "it lacks the keys of the call"))?;
            if let Some(calling) = self.calls.all.get_mut(&id) {
                calling.srtp = Some(chosen);
            }
        }
        let following = self.following(now, id, Some(&before))?;
        self.goes_on_by_srtp(now, id, (following, Speaker::Us), answer).map(|()| true)
    }

    /// What the stream goes on with, after what it had `before`.
    fn following(&mut self, now: Now, id: CallId, before: Option<&SrtpKeys>) -> Result<Following, Failure> {
        let (seed, ssrc) = (self.handshake_seed(), self.rng.next_u32());
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let keys = calling.srtp.as_ref().ok_or_else(|| gone(id))?;
        keys.following(before, now, (&seed, ssrc))
            .ok_or_else(|| unusable(&calling.call.peer, "its keys cannot be used"))
    }

    /// Whoever is elsewhere has other keys in its description (RFC 4568 section 7.1.4). `None`: those of a handshake stay.
    pub(super) fn keying_elsewhere(&mut self, id: CallId) -> Option<Keying> {
        match self.calls.all.get(&id)?.srtp {
            Some(SrtpKeys::Sdes(_)) => Some(Keying { crypto: self.offered_keys(), dtls: None }),
            _ => None,
        }
    }

    fn goes_on_by_srtp(
        &mut self,
        now: Now,
        id: CallId,
        (following, first): (Following, Speaker),
        described: &PeerSdp,
    ) -> Result<(), Failure> {
        let (protected, remote) = (Protected::SRTP, described.media());
        self.refuse_unruly(now, id, (protected, None), remote)?;
        let is_anew = !matches!(following, Following::Srtp { sender: None, receiver: None });
        if let Some(calling) = self.calls.all.get_mut(&id).filter(|_| is_anew) {
            calling.call.suite = calling.srtp.as_ref().map(SrtpKeys::label);
        }
        self.goes_on(now, id, Agreement { hash: None, protected, suite: None, remote }, (following, first))
    }
}
