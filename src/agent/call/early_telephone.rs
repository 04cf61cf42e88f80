//! An ordinary telephone, or a gateway before it, is heard before it picks up (RFC 3960): an announcement, or how it rings there. Its answer is
//! judged as that of its 200 is: where an entry demands keys it has some, and in clear it is heard only where that may be.
//!
//! Behind a proxy several may ring, and a gateway may let first one and then another be heard: the newest is. Who picks up with another
//! answer is heard under that one, and what was before is dropped.

use super::failures::{gone, unreadable_sdp};
use super::peer_sdp::PeerSdp;
use super::{Calling, KeyState};
use crate::agent::Agent;
use crate::sdp::Keying;
use crate::sip::Body;
use crate::vocab::{CallId, Failure, Now};

/// What a telephone is heard under before it picked up.
pub(super) struct EarlyTelephone {
    /// Ways to keys that our offer has.
    offered: Keying,
    pub(super) answer: PeerSdp,
}

impl Agent {
    pub(super) fn open_early_telephone(&mut self, now: Now, id: CallId, body: &Body) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let offer = calling.said.ours.as_ref().ok_or_else(|| gone(id))?;
        let answer = PeerSdp::answer(body, offer).map_err(|why| unreadable_sdp(&calling.call.peer, &why))?;
        self.silence_early(id);
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let KeyState::Telephone(offered) = &calling.key else { return Ok(()) };
        let offered = offered.clone();
        calling.call.early = true;
        let begun = self.take_telephone(now, id, &offered, answer.clone());
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let early = EarlyTelephone { offered, answer };
        match begun {
            Ok(()) => calling.key = KeyState::EarlyTelephone(Box::new(early)),
            Err(_) => {
                calling.call.early = false;
                calling.forget_early_telephone(early);
            }
        }
        begun
    }

    /// It picked up.
    pub(super) fn take_early_telephone(
        &mut self,
        now: Now,
        id: CallId,
        early: Box<EarlyTelephone>,
        answer: PeerSdp,
    ) -> Result<(), Failure> {
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let same_keys = calling.srtp.as_ref().is_none_or(|keys| keys.are_in(&answer));
        if !same_keys || !early.answer.changes_only_direction(&answer, early.answer.media()) {
            let offered = early.offered.clone();
            calling.key = KeyState::EarlyTelephone(early);
            self.silence_early(id);
            return self.take_telephone(now, id, &offered, answer);
        }
        calling.call.early = false;
        calling.call.held_by_peer = answer.held();
        calling.said.describe(answer);
        self.establish(now, id);
        self.settle_hold(id);
        Ok(())
    }
}

impl Calling {
    /// Whoever only promises to be heard is not: our user hears that it rings (RFC 3960 section 3.2).
    pub(super) fn is_heard_early(&self) -> bool {
        self.call.early && self.call.counters.received > 0
    }

    /// It is heard under this answer already, which came again.
    pub(super) fn is_heard_so(&self, body: &Body) -> bool {
        let (KeyState::EarlyTelephone(early), Some(offer)) = (&self.key, &self.said.ours) else { return false };
        PeerSdp::answer(body, offer).is_ok_and(|again| early.answer.is_same_media(&again))
    }

    /// Another answer to the same offer may follow.
    pub(super) fn forget_early_telephone(&mut self, early: EarlyTelephone) {
        self.key = KeyState::Telephone(early.offered);
        self.said.forget_theirs();
        (self.srtp, self.agreement) = (None, None);
        self.call.suite = None;
    }
}
