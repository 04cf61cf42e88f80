//! Where a call goes: the addresses of its peer one after the other.

use super::caller::no_address;
use super::{CallState, Calling};
use crate::agent::fail_over::calls_for_another;
use crate::agent::redirect::ends_onward;
use crate::agent::Agent;
use crate::sip::{Candidate, EndCause, RequestIds, SessionId};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now};

impl Agent {
    pub(in crate::agent) fn handle_call_located(
        &mut self,
        now: Now,
        id: CallId,
        result: Result<Vec<Candidate>, Failure>,
    ) {
        if self.calls.all.get(&id).is_none_or(|calling| !calling.is_open()) {
            return;
        }
        let found = result.map(|all| self.reachable(all));
        match found.map(|mut untried| (untried.next(), untried)) {
            Ok((Some(first), untried)) => {
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    calling.untried = untried;
                }
                self.prove_redirect(id, first);
                self.open_media(now, id, first);
            }
            _ if self.call_onward(now, id) => {}
            Ok((None, _)) => {
                let failure = no_address(&self.peer_name(id));
                self.end_call(now, id, CallState::Failed(failure));
            }
            Err(failure) => self.end_call(now, id, CallState::Failed(failure)),
        }
    }

    /// The next address of the peer, when this cause is one for it and nobody rings yet. The offer is a new one: what was
    /// offered elsewhere is not offered twice.
    pub(super) fn call_elsewhere(&mut self, now: Now, id: CallId, cause: &EndCause) -> bool {
        let waits = |calling: &&mut Calling| calling.is_open() && calling.call.state == CallState::Inviting;
        let Some(calling) = self.calls.all.get_mut(&id).filter(waits) else { return false };
        let next = if calls_for_another(cause) { calling.untried.next() } else { None };
        let Some(next) = next else { return false };
        calling.until = None;
        self.open_media(now, id, next);
        true
    }

    pub(super) fn handle_invite_failed(
        &mut self,
        now: Now,
        session: SessionId,
        cause: EndCause,
        ids: Option<RequestIds>,
    ) {
        let Some(id) = self.calls.sessions.remove(&session) else { return };
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.session = None;
        let (peer, by_proxy) = (calling.call.peer.clone(), calling.login.is_some());
        calling.redirects.keep_ids(ids);
        self.drop_early(id);
        let Some(calling) = self.calls.all.get(&id) else { return };
        let onward = ends_onward(&cause, calling.redirects.now().is_some());
        if self.call_elsewhere(now, id, &cause) || onward && self.call_onward(now, id) {
            return;
        }
        self.end_call(now, id, CallState::Failed(failed(&peer, cause, by_proxy)));
    }
}

fn failed(peer: &str, cause: EndCause, by_proxy: bool) -> Failure {
    let (code, message) = match cause {
        EndCause::TimedOut => ("peer-silent", format!("{peer} did not answer")),
        EndCause::Transport { why } => ("peer-unreachable", format!("{peer} cannot be reached: {}", escape(&why))),
        other => ("call-failed", format!("the call to {peer} could not be placed ({other:?})")),
    };
    let next = match by_proxy {
        true => {
            "it goes by your account's proxy: `sottovoce account list` tells whether that is there; then call again"
        }
        false => "check that the peer's agent runs and that its address is still the same: `sottovoce ask` tells",
    };
    Failure::new(FailureKind::Unreachable, code, message, peer, next)
}
