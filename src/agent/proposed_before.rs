//! A proposal of ours outlives the process: what our user wanted of a peer is kept until its user has answered, and taken up again
//! after a restart.
//!
//! | step | carries |
//! | --- | --- |
//! | `propose` -> `StoreOp::KeepProposal` | whom, what, until when |
//! | start -> `take_up_proposals` -> `begin_ask` | the peer is asked again, and its review answered as it was |
//! | `propose` again | the same policies and name have the same hash: the peer knows them again, and its answer is the same |
//! | any end but a yes, or the registration of what was agreed -> `StoreOp::ForgetProposal` | |
//!
//! Until then the tighter policy holds, as without any proposal.

use std::time::Duration;

use super::negotiate::PATIENCE;
use super::{Agent, AskRequest, Event, StoreOp};
use crate::policy::{Answer, Intent, Wanted};
use crate::vocab::{AskId, Device, Entity, Failure, FailureKind, Mono, Now, ReviewId, Wall};

/// After so long a peer that could not be asked is asked again.
const PAUSE: Duration = Duration::from_secs(15);

/// A proposal of ours that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptProposal {
    pub entity: Entity,
    pub device: Device,
    /// Whom our user named, in a form that can be asked again.
    pub peer: String,
    pub account: Option<Entity>,
    /// The author's name for it.
    pub name: String,
    /// What is proposed: rules, or entries.
    pub answer: Answer,
    pub note: Option<String>,
    /// Without an answer until then it is given up.
    pub deadline: Wall,
}

/// One of before the restart, until it is proposed again.
pub struct Resuming {
    pub kept: KeptProposal,
    ask: Option<AskId>,
    /// When the peer is asked, if it is not being asked.
    pub next: Option<Mono>,
}

impl Agent {
    /// By the agent that stays; a command without one asks nobody by itself.
    pub(super) fn take_up_proposals(&mut self, now: Now, kept: Vec<KeptProposal>) {
        if !self.config.stays {
            return;
        }
        self.negotiations.resuming =
            kept.into_iter().map(|kept| Resuming { kept, ask: None, next: Some(now.mono) }).collect();
        self.handle_resuming_timeout(now);
    }

    pub(super) fn handle_resuming_timeout(&mut self, now: Now) {
        let over = |resuming: &Resuming| resuming.kept.deadline <= now.wall && resuming.next.is_some();
        let (over, rest): (Vec<Resuming>, Vec<Resuming>) =
            std::mem::take(&mut self.negotiations.resuming).into_iter().partition(over);
        self.negotiations.resuming = rest;
        for Resuming { kept, .. } in over {
            self.event(Event::Notice(expired(&kept.entity)));
            self.forget_kept(&kept.entity, &kept.device);
        }
        for at in 0..self.negotiations.resuming.len() {
            let due = |resuming: &&mut Resuming| resuming.next.is_some_and(|next| next <= now.mono);
            let Some(resuming) = self.negotiations.resuming.get_mut(at).filter(due) else { continue };
            resuming.next = Some(now.mono + PAUSE);
            let (request, device) = (request(&resuming.kept), resuming.kept.device.clone());
            let Ok(ask) = self.begin_ask(now, request, None) else { continue };
            self.asks.only(ask, device);
            if let Some(resuming) = self.negotiations.resuming.get_mut(at) {
                (resuming.ask, resuming.next) = (Some(ask), None);
            }
        }
    }

    /// The peer could not be asked, or says something that our user has not seen: once more, or never.
    pub(super) fn resuming_ended(&mut self, now: Now, ask: AskId, failed: bool) {
        let Some(at) = self.negotiations.resuming.iter().position(|resuming| resuming.ask == Some(ask)) else { return };
        if failed {
            if let Some(resuming) = self.negotiations.resuming.get_mut(at) {
                (resuming.ask, resuming.next) = (None, Some(now.mono + PAUSE));
            }
            return;
        }
        let Resuming { kept, .. } = self.negotiations.resuming.remove(at);
        self.forget_kept(&kept.entity, &kept.device);
    }

    /// It is proposed again: under which name, and how long it may still take.
    pub(super) fn resumed(&mut self, now: Now, entity: &Entity, device: &Device) -> Option<(String, Duration)> {
        let of = |resuming: &Resuming| (&resuming.kept.entity, &resuming.kept.device) == (entity, device);
        let at = self.negotiations.resuming.iter().position(of)?;
        let Resuming { kept, .. } = self.negotiations.resuming.remove(at);
        Some((kept.name, kept.deadline.since(now.wall).min(PATIENCE)))
    }

    /// So that it is proposed again after a restart.
    pub(super) fn keep_proposed(&mut self, review: ReviewId, (name, answer): (&str, &Answer), deadline: Wall) {
        let Some(reviewing) = self.reviews.all.get(&review) else { return };
        let (entity, device) = (reviewing.statement().entity.clone(), reviewing.statement().device.clone());
        let Answer::Propose { answer, note } = answer else { return };
        if !matches!(**answer, Answer::Rules(_) | Answer::Edit(_)) {
            return;
        }
        let target = reviewing.opening().ask.and_then(|ask| self.asks.all.get(&ask)).map(|asking| &asking.target);
        let kept = KeptProposal {
            peer: target.map_or_else(|| entity.to_string(), |target| target.typed()),
            account: target.and_then(|target| target.account.clone()),
            entity,
            device,
            name: name.to_owned(),
            answer: (**answer).clone(),
            note: note.clone(),
            deadline,
        };
        self.keep(StoreOp::KeepProposal(Box::new(kept)));
    }

    pub(super) fn forget_kept(&mut self, entity: &Entity, device: &Device) {
        self.keep(StoreOp::ForgetProposal { entity: entity.clone(), device: device.clone() });
    }
}

fn request(kept: &KeptProposal) -> AskRequest {
    AskRequest {
        peer: kept.peer.clone(),
        wanted: Wanted::BOTH,
        answer: Some(Answer::Propose { answer: Box::new(kept.answer.clone()), note: kept.note.clone() }),
        accept_key: None,
        intent: Intent::default(),
        account: kept.account.clone(),
    }
}

fn expired(entity: &Entity) -> Failure {
    let message = format!("{entity} did not answer the proposal of a looser policy that you made before the restart");
    let next = "what was in force stays in force; propose it again when its agent runs";
    Failure::new(FailureKind::RefusedByUser, "proposal-expired", message, entity.as_str(), next)
}
