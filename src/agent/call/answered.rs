//! The callee took the call: what its answer has to have, and then the stream.

use super::failures::{downgrade, gone, no_agreement_text, unreadable_sdp};
use super::peer_sdp::PeerSdp;
use super::telephone::USE;
use super::telephone_failures::no_keys;
use super::{CallState, KeyState};
use crate::agent::Agent;
use crate::sip::{Body, SessionId};
use crate::vocab::{CallId, Failure, Now};

impl Agent {
    pub(super) fn handle_answered(&mut self, now: Now, session: SessionId, body: Option<Body>) {
        let Some(id) = self.calls.sessions.get(&session).copied() else { return };
        if self.calls.all.get(&id).is_none_or(|calling| !calling.is_open()) {
            return self.endpoint.bye(now, session, None);
        }
        if let Err(failure) = self.take_answer_sdp(now, id, body) {
            self.end_call(now, id, CallState::Failed(failure));
        }
    }

    fn take_answer_sdp(&mut self, now: Now, id: CallId, body: Option<Body>) -> Result<(), Failure> {
        let Some(calling) = self.calls.all.get_mut(&id) else { return Ok(()) };
        let peer = calling.call.peer.clone();
        let (_, device) = calling.peer.clone().ok_or_else(|| gone(id))?;
        let key = std::mem::replace(&mut calling.key, KeyState::Done);
        let offer = calling.said.ours.as_ref().ok_or_else(|| gone(id))?;
        let accepted = match (&key, body) {
            (KeyState::Telephone(_), Some(body)) if PeerSdp::leaves_srtp_out(&body, offer) => {
                return Err(no_keys(&peer, &self.instead_of_ruling(now, id, USE)));
            }
            (_, Some(body)) => PeerSdp::answer(&body, offer).map_err(|why| unreadable_sdp(&peer, &why))?,
            // There are gateways that do not repeat what they answered before.
            (KeyState::EarlyTelephone(early), None) => early.answer.clone(),
            (_, None) => return Err(unreadable_sdp(&peer, "it carries no session description")),
        };
        let initiator = match key {
            KeyState::Offered(initiator) => initiator,
            KeyState::Telephone(keys) => return self.take_telephone(now, id, &keys, accepted),
            KeyState::EarlyTelephone(early) => return self.take_early_telephone(now, id, early, accepted),
            KeyState::Early(early) => return self.take_early(now, id, *early, accepted),
            KeyState::None | KeyState::Asked(..) | KeyState::Plain | KeyState::Done => return Ok(()),
        };
        let message = accepted.message_of(&device).ok_or_else(|| downgrade(&peer))?;
        // A refresh of theirs repeats it.
        calling.said.describe(accepted.clone());
        let confirmed = initiator.finish(message).map_err(|why| no_agreement_text(&peer, &why.to_string()))?;
        self.start_stream(now, id, confirmed, accepted.media())
    }
}
