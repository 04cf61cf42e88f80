//! Our user transfers a call: its peer is asked to call somebody else.

use super::end::no_call;
use super::tunnel::voiceless;
use super::{CallState, Calling};
use crate::agent::{Agent, Event, Transfer, TransferRequest, TransferState, TransferTo};
use crate::sip::headers::{NameAddr, Replaces};
use crate::sip::{EndCause, Refer, ReferralEnd, ReferralId, SessionId, Uri};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now};

impl Agent {
    pub(in crate::agent) fn transfer(&mut self, now: Now, request: TransferRequest) -> Result<CallId, Failure> {
        let id = request.call;
        let (session, peer) = self.talking(id)?;
        if self.calls.transfers.asked.values().any(|call| *call == id) {
            return Err(asked_already(id));
        }
        let (to, replaces, with) = match &request.to {
            TransferTo::Call(other) => self.other_end(id, *other)?,
            TransferTo::Peer(typed) => (self.somebody_else(id, typed)?, None, None),
        };
        let target = escape(to.as_str());
        let name = self.calls.all.get(&id).map_or(&self.config.entity, |calling| &calling.name);
        let by = Uri::parse(name.as_str()).map(NameAddr::new).map_err(|_| unnamed(&target))?;
        let referral = self.endpoint.refer(now, session, Refer { to, replaces, by });
        self.calls.transfers.asked.insert(referral, id);
        self.audit(now, "transfer", &peer, &format!("asked to call {target} in place of call {id}"));
        self.count("transfers_asked");
        self.set_transfer(id, Transfer { target, with, state: TransferState::Asking });
        Ok(id)
    }

    /// The session and peer of a call that stands.
    pub(super) fn talking(&self, id: CallId) -> Result<(SessionId, String), Failure> {
        let calling = self.calls.all.get(&id).filter(|calling| calling.is_open()).ok_or_else(|| no_call(Some(id)))?;
        if calling.is_tunnel() {
            return Err(voiceless(id, calling.call.carries));
        }
        let session = calling.session.filter(|_| calling.call.state == CallState::Active);
        session.map(|session| (session, calling.call.peer.clone())).ok_or_else(|| not_talking(id))
    }

    fn somebody_else(&self, id: CallId, typed: &str) -> Result<Uri, Failure> {
        let target = self.target(typed, None)?;
        self.refuse_ourselves(&target)?;
        let same = |calling: &Calling| calling.call.entity.as_ref() == Some(&target.entity);
        if self.calls.all.get(&id).is_some_and(same) {
            return Err(that_is_the_peer(id, target.entity.as_str()));
        }
        target.uri().ok_or_else(|| unnamed(typed))
    }

    /// Attended (RFC 5589 section 7): the peer of our other call, and what that one is called there.
    fn other_end(&self, id: CallId, other: CallId) -> Result<(Uri, Option<Replaces>, Option<CallId>), Failure> {
        let (session, peer) = self.talking(other)?;
        if other == id {
            return Err(that_is_the_peer(id, &peer));
        }
        let entity = self.calls.all.get(&other).and_then(|calling| calling.call.entity.clone());
        // By its name, so that the policy is found which the new caller has approved for it.
        let named = entity.and_then(|entity| Uri::parse(entity.as_str()).ok());
        let uri = named.or_else(|| self.endpoint.remote_target(session)).ok_or_else(|| unnamed(&peer))?;
        let replaces = self.endpoint.replaces(session).ok_or_else(|| not_talking(other))?;
        Ok((uri, Some(replaces), Some(other)))
    }

    pub(super) fn handle_referral_progress(&mut self, referral: ReferralId, status: u16) {
        let Some(id) = self.calls.transfers.asked.get(&referral).copied() else { return };
        let state = if status >= 180 { TransferState::Ringing } else { TransferState::Trying };
        if let Some(transfer) = self.calls.all.get(&id).and_then(|calling| calling.call.transfer.clone()) {
            self.set_transfer(id, Transfer { state, ..transfer });
        }
    }

    /// The call ends when it has reached somebody else, and is kept when not.
    pub(super) fn handle_referral_ended(&mut self, now: Now, referral: ReferralId, end: ReferralEnd) {
        let Some(id) = self.calls.transfers.asked.remove(&referral) else { return };
        let Some(calling) = self.calls.all.get(&id) else { return };
        let (peer, open) = (calling.call.peer.clone(), calling.is_open());
        let Some(transfer) = calling.call.transfer.clone() else { return };
        match outcome(&peer, &transfer.target, open, end) {
            Ok(()) => {
                let reason = format!("transferred to {}", transfer.target);
                self.audit(now, "transfer", &peer, &format!("call {id}: {reason}"));
                let ends = [Some(id), transfer.with];
                self.set_transfer(id, Transfer { state: TransferState::Done, ..transfer });
                for call in ends.into_iter().flatten() {
                    self.end_call(now, call, CallState::Ended { reason: reason.clone() });
                }
            }
            Err(failure) => {
                self.audit(now, "transfer", &peer, &format!("call {id}: {}", failure.message));
                self.set_transfer(id, Transfer { state: TransferState::Failed(failure.clone()), ..transfer });
                self.event(Event::Notice(failure));
            }
        }
    }

    fn set_transfer(&mut self, id: CallId, transfer: Transfer) {
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.transfer = Some(transfer);
            self.event(Event::CallChanged(id));
        }
    }
}

/// What the peer's answer, or its news, mean for our user.
fn outcome(peer: &str, target: &str, open: bool, end: ReferralEnd) -> Result<(), Failure> {
    let kept = if open { "; the call is kept" } else { "" };
    let next = "talk on, transfer it to somebody else, or hang up";
    let fail = |kind, code, what: String| Err(Failure::new(kind, code, format!("{what}{kept}"), target, next));
    match end {
        ReferralEnd::Answered { status: 200..=299, .. } => Ok(()),
        ReferralEnd::Answered { status, reason } => {
            let (kind, code) = of_new_call(status);
            fail(kind, code, format!("{peer} did not reach {target}: {status} {}", escape(&reason)))
        }
        ReferralEnd::Refused(EndCause::Rejected { status, reason, .. }) => {
            let (kind, code) = of_refer(status);
            fail(kind, code, format!("{peer} does not take the transfer to {target}: {status} {}", escape(&reason)))
        }
        ReferralEnd::Refused(EndCause::TimedOut | EndCause::Transport { .. }) => {
            fail(FailureKind::Unreachable, "peer-silent", format!("{peer} did not answer the transfer to {target}"))
        }
        ReferralEnd::Refused(_) => {
            fail(FailureKind::Failed, "transfer-impossible", format!("{peer} could not be asked to call {target}"))
        }
        ReferralEnd::Silent => {
            let what = format!("{peer} took the transfer to {target}, and does not tell what came of it");
            fail(FailureKind::Failed, "transfer-untold", what)
        }
    }
}

fn of_new_call(status: u16) -> (FailureKind, &'static str) {
    match status {
        486 | 600 => (FailureKind::RefusedByUser, "busy"),
        487 | 603 => (FailureKind::RefusedByUser, "transfer-declined"),
        403 | 420 | 488 | 606 => (FailureKind::RefusedByPolicy, "transfer-refused-by-policy"),
        404 | 408 | 410 | 480 | 504 | 604 => (FailureKind::Unreachable, "target-unreachable"),
        _ => (FailureKind::Failed, "transfer-failed"),
    }
}

fn of_refer(status: u16) -> (FailureKind, &'static str) {
    match status {
        405 | 501 => (FailureKind::Failed, "no-transfer"),
        403 | 603 => (FailureKind::RefusedByUser, "transfer-declined"),
        _ => (FailureKind::Failed, "transfer-refused"),
    }
}

fn not_talking(id: CallId) -> Failure {
    let message = format!("call {id} is not talking, so it can be neither transferred nor held, and takes no digits");
    Failure::new(
        FailureKind::Usage,
        "not-talking",
        message,
        id.to_string(),
        "see `sottovoce calls` for those that are active",
    )
}

fn asked_already(id: CallId) -> Failure {
    let message = format!("call {id} is being transferred already");
    let next = "wait for what comes of it: `sottovoce calls`; or hang up";
    Failure::new(FailureKind::Usage, "transfer-under-way", message, id.to_string(), next)
}

fn that_is_the_peer(id: CallId, peer: &str) -> Failure {
    let message = format!("call {id} is with {peer} already");
    let next = "name somebody else, or another call with --to-call";
    Failure::new(FailureKind::Usage, "that-is-the-peer", message, escape(peer), next)
}

fn unnamed(peer: &str) -> Failure {
    let peer = escape(peer);
    let message = format!("{peer} has no name that another telephone could call");
    Failure::new(FailureKind::Failed, "no-address", message, peer, "name the target as sip:user@host")
}
