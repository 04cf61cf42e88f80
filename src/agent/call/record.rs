//! What is remembered of a call that is over.

use super::srtp_keys::BY_DTLS;
use super::{CallState, Calling, Side};
use crate::agent::desk::brief;
use crate::agent::{CallRecord, CallResult};
use crate::vocab::{FailureKind, Now};

/// What a CANCEL says when another telephone of the callee took the call (RFC 3326 section 3.1).
const ELSEWHERE: &str = "completed elsewhere";

impl Calling {
    pub(super) fn record(&self, now: Now, last: &CallState) -> CallRecord {
        let call = &self.call;
        let outcome = match last {
            CallState::Failed(failure) => failure.message.clone(),
            CallState::Ended { reason } => reason.clone(),
            _ => String::new(),
        };
        // What never had a key was not protected: nothing passed.
        let agreed = !self.waits_for_keys();
        CallRecord {
            call: call.id,
            peer: brief(&call.entity.as_ref().map_or_else(|| call.peer.clone(), ToString::to_string)),
            outgoing: call.side == Side::Caller,
            // What a peer wanted is no deed of our user before he placed it.
            known: call.known || call.side == Side::Caller && call.wanted_by.is_none(),
            started: call.started,
            answered: self.call.answered.filter(|_| agreed),
            ended: now.wall,
            result: self.result(last, agreed),
            outcome: brief(&outcome),
            action: call.action.clone(),
            bundle: if agreed { call.bundle.clone() } else { String::new() },
            suite: call.suite.clone().filter(|_| agreed),
            counters: call.counters.clone(),
        }
    }

    /// They come by a handshake that is not over.
    pub(super) fn waits_for_keys(&self) -> bool {
        self.call.suite.as_deref() == Some(BY_DTLS)
    }

    fn result(&self, last: &CallState, agreed: bool) -> CallResult {
        let kind = match last {
            CallState::Failed(failure) => Some(failure.kind),
            _ => None,
        };
        match (self.call.side, kind) {
            _ if self.call.answered.is_some() && agreed => CallResult::Answered,
            _ if self.declined => CallResult::Refused,
            _ if self.elsewhere => CallResult::Elsewhere,
            // Somebody picked up, and no keys came.
            _ if self.call.answered.is_some() => CallResult::Failed,
            (Side::Callee, Some(_)) => CallResult::Failed,
            (Side::Callee, None) => CallResult::Missed,
            (Side::Caller, Some(FailureKind::RefusedByUser)) => CallResult::Refused,
            // Nothing rang anywhere: it had not come to an INVITE.
            (Side::Caller, Some(FailureKind::Unreachable)) if self.invited.is_none() => CallResult::Failed,
            (Side::Caller, Some(FailureKind::Unreachable) | None) => CallResult::Unanswered,
            (Side::Caller, Some(_)) => CallResult::Failed,
        }
    }
}

/// Whether a caller's reason says that another telephone of ours took the call.
pub(super) fn is_elsewhere(reason: &str) -> bool {
    reason.to_ascii_lowercase().contains(ELSEWHERE)
}
