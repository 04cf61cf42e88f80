//! The peer offers anew within a call: the same again, hold (RFC 3264 section 8.4), or something that is refused.

use std::net::{IpAddr, SocketAddr};

use super::failures::gone;
use super::peer_sdp::PeerSdp;
use super::{CallState, Calling};
use crate::agent::{Agent, Event};
use crate::sdp::{RemoteAudio, SessionDescription, SvSa};
use crate::sip::{Body, Received, Refusal, SessionId};
use crate::vocab::{CallId, Failure, FailureKind, Now};

impl Agent {
    /// A refresh with an unchanged o= line and attribute gets the same answer; one that only holds the call, takes it up
    /// again, or names other codecs, is answered; anything else is refused, and the call goes on.
    pub(super) fn handle_reinvited(
        &mut self,
        now: Now,
        session: SessionId,
        (from, from_peer): (Received, bool),
        body: Option<Body>,
    ) {
        let Some(calling) = self.calls.by_session(session) else { return self.refuse_reoffer(now, session) };
        let (id, said) = (calling.call.id, calling.said.ours.as_ref().map(ToString::to_string));
        let Some(said) = said else { return self.refuse_reoffer(now, session) };
        let is_from_elsewhere = !from_peer && calling.is_known_by_place();
        let Some(body) = body else {
            if is_from_elsewhere {
                return self.refuse_elsewhere(now, id, session, from.remote.ip());
            }
            // It gets the session as it is for an offer (RFC 3261 section 14.2).
            calling.offers = true;
            let offer = calling.said.ours.clone().map(|said| calling.offered_again(said).to_string());
            return self.endpoint.answer(
                now,
                session,
                Body::new("application/sdp", offer.unwrap_or(said).into_bytes()),
            );
        };
        let Ok(again) = PeerSdp::offer(&body, &self.config.codecs) else { return self.refuse_reoffer(now, session) };
        let Some(before) = calling.said.theirs() else { return self.refuse_reoffer(now, session) };
        // Of keys for SRTP an answer takes one of those that are offered, whatever our offer had.
        if before.is_same_offer(&again) && calling.srtp.is_none() {
            return self.endpoint.answer(now, session, Body::new("application/sdp", said.into_bytes()));
        }
        if calling.is_tunnel() || !calling.keeps_transport(&again) {
            return self.refuse_reoffer(now, session);
        }
        let is_active = calling.call.state == CallState::Active;
        let has_new_keys = again.has_agreement() && !before.has_keys_of(&again);
        let is_telephone = !before.has_agreement() && !again.has_agreement();
        let is_elsewhere = before.media() != again.media() && !again.media().ip().is_unspecified();
        // Of a telephone nothing else tells that it is the one of the call; but its sound may go where its certificate is heard first.
        let is_other = calling.is_described_anew(&again) || !before.is_same_offer(&again);
        let proves = calling.srtp.as_ref().is_some_and(|keys| keys.prove(&again));
        // A certificate proves who speaks at a new place; that the peer wants to be held nothing proves.
        let only_holds = !calling.is_described_anew(&again) && before.held() != again.held();
        if is_telephone && is_from_elsewhere && (only_holds || is_other && !proves) {
            return self.refuse_elsewhere(now, id, session, from.remote.ip());
        }
        // Its connection leads where it did.
        if is_telephone && calling.is_by_tcp() && is_elsewhere {
            return self.refuse_reoffer(now, session);
        }
        if is_telephone && calling.is_described_anew(&again) {
            // Whoever has no keys for a stream that has some is refused.
            if !is_active || again.keying().is_empty() {
                return self.refuse_reoffer(now, session);
            }
            return self.handle_offered_anew(now, id, session, (from, is_from_elsewhere), again);
        }
        let is_moved_in_clear = !before.has_agreement() && calling.srtp.is_none() && before.media() != again.media();
        if is_active && (has_new_keys || is_moved_in_clear && !again.media().ip().is_unspecified()) {
            return self.handle_rekey(now, id, (session, from.remote.ip()), again);
        }
        let only_held = calling.said.changes_only_direction(&again);
        let stripped = before.has_agreement() && !again.has_agreement();
        if stripped && !std::mem::replace(&mut calling.told_stripped, true) {
            let notice = downgrade(id, &calling.call.peer);
            self.audit_notice(now, &notice);
            self.event(Event::Notice(notice));
        }
        if !only_held || self.hold(now, id, session, again).is_err() {
            self.refuse_reoffer(now, session);
        }
    }

    fn refuse_elsewhere(&mut self, now: Now, id: CallId, session: SessionId, from: IpAddr) {
        if let Some(calling) = self.calls.all.get_mut(&id) {
            let notice = offered_elsewhere(id, &calling.call.peer, from);
            if !std::mem::replace(&mut calling.told_elsewhere, true) {
                self.audit_notice(now, &notice);
                self.event(Event::Notice(notice));
            }
        }
        self.count("offers_from_elsewhere");
        self.refuse_reoffer(now, session);
    }

    fn refuse_reoffer(&mut self, now: Now, session: SessionId) {
        self.endpoint.refuse(now, session, Refusal::new(488, "Not Acceptable Here"));
    }

    /// Keys and addresses stay: whoever takes the call up again goes on under the same associations.
    fn hold(&mut self, now: Now, id: CallId, session: SessionId, again: PeerSdp) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let (said, local) = calling.said.ours.as_ref().zip(calling.described_at()).ok_or_else(|| gone(id))?;
        let agreement = RemoteAudio::of(said).ok().and_then(|audio| audio.sv_sa.into_iter().next());
        let answer = self.reanswer(id, &again, local, agreement)?;
        self.say_answer(now, id, session, answer);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.held_by_peer = again.held();
            calling.said.take_direction(again);
        }
        self.begin_ice(id);
        self.settle_hold(id);
        Ok(())
    }
}

impl Agent {
    /// What we say now, after what we said before (RFC 3264 section 8).
    pub(super) fn reanswer(
        &mut self,
        id: CallId,
        again: &PeerSdp,
        local: SocketAddr,
        agreement: Option<SvSa>,
    ) -> Result<SessionDescription, Failure> {
        let ice = self.ice_reanswered(id, again);
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let said = calling.said.ours.as_ref().ok_or_else(|| gone(id))?;
        let version = said.origin.session_version.parse::<u64>().unwrap_or(1).saturating_add(1);
        let session_id = said.origin.session_id.parse().unwrap_or(0);
        let held = calling.call.on_hold;
        let keying = calling.srtp.as_ref().map(|keys| keys.answer_to(again)).unwrap_or_default();
        self.sdp_reanswer(again, local, (agreement, keying, ice), (session_id, version), held).map_err(|_| gone(id))
    }
}

impl Calling {
    /// Nothing in its messages proves that they are the peer's: it is where they come from.
    fn is_known_by_place(&self) -> bool {
        self.is_telephone() || !self.call.known
    }

    /// A telephone with keys for SRTP has others, or is elsewhere; or one without any demands some.
    fn is_described_anew(&self, again: &PeerSdp) -> bool {
        match &self.srtp {
            Some(keys) => !keys.are_in(again) || !self.said.changes_only_direction(again),
            None => again.is_secure(),
        }
    }
}

fn offered_elsewhere(id: CallId, peer: &str, from: IpAddr) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "offer-from-elsewhere",
        format!("somebody at {from}, where call {id} with {peer} does not go, offered other keys or another place for its sound; it was refused"),
        peer,
        "the call goes on as it was; whoever that was reads the call's messages: reach the peer by TLS, or by a proxy of yours",
    )
}

fn downgrade(id: CallId, peer: &str) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "downgrade",
        format!("a new offer within call {id} with {peer} lacks the keys of the call; it was refused"),
        peer,
        "the call goes on as it was agreed; somebody on the way may have taken them out, so reach the peer by another network",
    )
}
