//! One side of a running call is at another address than before: both users are shown that, and what is advised there now
//! (PROTOCOL section 5, "Place condition"). Nothing is loosened or tightened by it: the user decides.

use std::net::{IpAddr, SocketAddr};

use super::by_tcp::moved_by_tcp;
use super::renewal::Why;
use super::tunnel::moved_away;
use super::CallState;
use crate::agent::{Agent, Call, Effect, Event, Moved};
use crate::policy::{advise, infer, scope_of, Circumstances, Environment, Scope, Surroundings, Verdict};
use crate::vocab::{CallId, Failure, FailureKind, Now};

impl Agent {
    /// The peer receives elsewhere than it `was`.
    pub(super) fn note_peer_moved(&mut self, now: Now, id: CallId, was: Option<SocketAddr>) {
        let there = self.remote_of(id);
        if let Some((was, there)) = was.zip(there) {
            self.note_moved(now, id, true, (was.ip(), there.ip()));
        }
    }

    /// Where one side of the call was, and where it is.
    pub(super) fn note_moved(&mut self, now: Now, id: CallId, by_peer: bool, (from, to): (IpAddr, IpAddr)) {
        if from.to_canonical() == to.to_canonical() {
            return;
        }
        if let Some(moved) = self.judge_moved(id, by_peer, (from, to)) {
            self.tell_moved(now, id, moved);
        }
    }

    /// More is known of where both sides are: by which gateway a network is told, or what the peer says of itself, comes after the move.
    pub(in crate::agent) fn judge_moves_anew(&mut self, now: Now) {
        let open: Vec<CallId> = self.calls.open.iter().copied().collect();
        for id in open {
            let Some(before) = self.calls.call(id).and_then(|call| call.moved.clone()) else { continue };
            // Who is on his way to somewhere else is told of that, and not of where he was.
            let there = if before.by_peer {
                self.remote_of(id).map(|remote| remote.ip())
            } else {
                Some(self.config.media_address)
            };
            if there.is_none_or(|there| there.to_canonical() != before.to.to_canonical()) {
                continue;
            }
            let Some(moved) = self.judge_moved(id, before.by_peer, (before.from, before.to)) else { continue };
            let said = |moved: &Moved| (moved.advice.verdict, moved.advice.least.clone());
            if said(&moved) != said(&before) {
                self.tell_moved(now, id, moved);
            }
        }
    }

    fn tell_moved(&mut self, now: Now, id: CallId, moved: Moved) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.call.moved = Some(moved.clone());
        let notice = notice(&calling.call, &moved);
        self.audit_call(now, id, "moved", &notice.message);
        self.event(Event::Notice(notice));
        self.event(Event::CallChanged(id));
    }

    fn judge_moved(&self, id: CallId, by_peer: bool, (from, to): (IpAddr, IpAddr)) -> Option<Moved> {
        let remote = self.remote_of(id)?;
        let entries = self.what_runs(id)?;
        let theirs = self.surroundings_in_call(id, remote.ip());
        let about = self.circumstances_of_call(id);
        let advice = advise(&theirs, &self.own.environment(), about, &entries, self.config.default_level);
        Some(Moved { by_peer, from, to, scope: scope_of(to), advice })
    }

    /// Who the peer is to our user, and what he said that the call is about.
    pub(super) fn circumstances_of_call(&self, id: CallId) -> Circumstances {
        let Some(calling) = self.calls.all.get(&id) else { return Circumstances::default() };
        let peer = calling.peer.as_ref().map(|(entity, _)| self.relation_of(entity, calling.call.known));
        Circumstances { relation: peer.unwrap_or_default(), intent: calling.intent }
    }

    /// What the peer says of where it is, if that is where it receives; else what its address tells.
    pub(super) fn surroundings_in_call(&self, id: CallId, remote: IpAddr) -> Surroundings {
        let peer = self.calls.all.get(&id).and_then(|calling| calling.peer.as_ref());
        let record = peer.and_then(|(entity, device)| self.book.presence(entity, device));
        let said = record.and_then(|record| record.environment);
        let fits = |environment: &Environment| environment.address == Some(remote);
        said.filter(fits).map_or_else(
            || Surroundings::Withheld { inference: infer(remote, self.config.media_address).text },
            Surroundings::Stated,
        )
    }
}

/// Our own move.
impl Agent {
    /// This device is elsewhere: every call goes on from there, or ends where it cannot.
    pub(in crate::agent) fn move_calls(&mut self, now: Now, to: IpAddr) {
        let open: Vec<CallId> = self.calls.open.iter().copied().collect();
        for id in open {
            let Some(calling) = self.calls.all.get_mut(&id) else { continue };
            if calling.through.is_some() || calling.is_tunnel() {
                let failure = moved_away(&calling.call.peer);
                self.end_call(now, id, CallState::Failed(failure));
                continue;
            }
            if calling.is_by_tcp() && calling.media_open {
                let failure = moved_by_tcp(&calling.call.peer);
                self.end_call(now, id, CallState::Failed(failure));
                continue;
            }
            match (calling.call.state.clone(), calling.media_open) {
                (CallState::Active, _) => {
                    calling.renewal.opens_beside = true;
                    let gathering = self.gathering_beside(id);
                    self.effect(Effect::OpenMediaBeside { call: id, local: to, gathering });
                }
                (_, true) => {
                    let failure = moved_before(&calling.call.peer);
                    self.end_call(now, id, CallState::Failed(failure));
                }
                // Its media is opened there when it is time.
                (_, false) => {}
            }
        }
    }

    /// The socket at the new address is bound: the peer learns of it.
    pub(super) fn handle_media_beside(&mut self, now: Now, id: CallId, result: Result<SocketAddr, Failure>) {
        let session = self.calls.all.get(&id).filter(|calling| calling.is_open()).and_then(|calling| calling.session);
        match (result, session) {
            (Ok(local), Some(_)) => self.want_rekey(now, id, (Why::Moved, local)),
            (Ok(_), None) => {}
            (Err(failure), _) => self.end_call(now, id, CallState::Failed(failure)),
        }
    }
}

fn moved_before(peer: &str) -> Failure {
    let message = format!("this device went to another address before {peer} had answered");
    Failure::new(FailureKind::Failed, "moved-before", message, peer, "call again")
}

fn notice(call: &Call, moved: &Moved) -> Failure {
    let Moved { by_peer, from, to, scope, advice } = moved;
    let Call { id, peer, bundle, .. } = call;
    let who = if *by_peer { peer } else { "you" };
    let verb = if *by_peer { "is" } else { "are" };
    let place = match scope {
        Scope::Private => "a private address",
        Scope::Public => "external",
        Scope::Unknown => "nobody knows where",
    };
    let message =
        format!("call {id} with {peer}: {who} {verb} at {to} now, {place} (before: {from}); it runs under {bundle}");
    let next = match advice.verdict {
        Verdict::BelowAdvice => {
            format!("we advise {}: `sottovoce tighten {id}`, and the call goes on under it", advice.least)
        }
        Verdict::Enough => "that is what we advise there".to_owned(),
        // Whose keys are not approved is nobody to whom a policy could be proposed.
        Verdict::MoreThanNeeded if !call.known => {
            format!("that is more than needed: we advise {} there; nothing changes by itself", advice.least)
        }
        Verdict::MoreThanNeeded => format!(
            "that is more than needed: we advise {} there; `sottovoce relax {id}` proposes that to {peer}, whose user decides; nothing \
             changes by itself",
            advice.least
        ),
    };
    Failure::new(FailureKind::Failed, "call-moved", message, id.to_string(), next)
}
