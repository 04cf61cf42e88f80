//! A call to us that is to take the place of one that we have (RFC 3891): somebody was transferred to us by its peer.

use super::CallState;
use crate::agent::{Agent, AnswerMode};
use crate::sip::{Refusal, SessionId};
use crate::vocab::{CallId, Now};

/// It stands; or it rings there, and whoever calls picks up for the one whom we called (RFC 3891 section 3).
fn replaceable(state: &CallState) -> bool {
    matches!(state, CallState::Active | CallState::Inviting | CallState::Ringing)
}

impl Agent {
    /// The call to be replaced. That its tags are known proves nothing where signalling can be read, so only whom our user
    /// approved takes a place by himself; where the user answers calls, he decides on the others (RFC 3891 section 3).
    pub(super) fn judge_replacement(
        &mut self,
        replaces: Option<SessionId>,
        known: bool,
    ) -> Result<Option<CallId>, Refusal> {
        let Some(session) = replaces else { return Ok(None) };
        let calling = self.calls.by_session(session);
        let calling =
            calling.filter(|calling| calling.is_open() && replaceable(&calling.call.state) && !calling.is_tunnel());
        let id = calling.map(|calling| calling.call.id);
        let id = id.ok_or_else(|| Refusal::new(481, "Call/Transaction Does Not Exist"))?;
        match known || self.config.answer != AnswerMode::Auto {
            true => Ok(Some(id)),
            false => Err(Refusal::new(403, "Forbidden")),
        }
    }

    /// Whoever talks already is not asked to pick up once more.
    pub(super) fn mode_of_answer(&mut self, now: Now, id: CallId, replaces: Option<CallId>, known: bool) -> AnswerMode {
        let Some(old) = replaces else { return self.mode_for(now, id) };
        self.calls.transfers.replacing.insert(id, old);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.replaces = Some(old);
        }
        match self.config.answer {
            AnswerMode::Prompt if known => AnswerMode::Auto,
            mode => mode,
        }
    }

    /// The old call ends once the new one stands, and stays when that comes to nothing.
    pub(super) fn settle_replacement(&mut self, now: Now, new: CallId) -> bool {
        let Some(old) = self.calls.transfers.replacing.get(&new).copied() else { return false };
        let open = self.calls.all.get(&new).filter(|calling| calling.is_open());
        let stands = open.map(|calling| calling.call.state == CallState::Active);
        if stands == Some(false) {
            return false;
        }
        self.calls.transfers.replacing.remove(&new);
        if stands == Some(true) {
            // Who is not heard is not heard by whoever comes in the peer's place either.
            let muted = self.calls.all.get(&old).is_some_and(|calling| calling.call.muted);
            let _ = self.mute_call(new, muted);
            self.succeed(old, new);
            self.end_call(now, old, CallState::Ended { reason: format!("call {new} took its place") });
        }
        true
    }
}
