//! A proposal of ours outlives the process: what our user wanted of a peer is kept until its user has answered, and taken up again
//! after a restart.
//!
//! | step | carries |
//! | --- | --- |
//! | `propose` -> `StoreOp::KeepProposal` | whom, what, until when |
//! | start -> `take_up_proposals` -> `begin_ask` | the peer is asked again |
//! | its review shows what it showed then -> `resume_proposal` | it is answered as it was; else our user is asked |
//! | `propose` again | the same policies and name have the same hash: the peer knows them again, and its answer is the same |
//! | any end but a yes, or the registration of what was agreed -> `StoreOp::ForgetProposal` | |
//!
//! Until then the tighter policy holds, as without any proposal.

use std::time::Duration;

use super::negotiate::PATIENCE;
use super::{Agent, AskRequest, Event, StoreOp};
use crate::keys::fingerprint;
use crate::policy::{Answer, Entry, Environment, Intent, Review, Surroundings, Wanted};
use crate::vocab::{shell_word, AskId, Device, Entity, Failure, FailureKind, Mono, Now, ReviewId, Wall};

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
    pub intent: Intent,
    /// What the review showed: for anything else our user has to answer anew.
    pub seen: String,
    /// Without an answer until then it is given up.
    pub deadline: Wall,
}

/// One of before the restart, until it is proposed again.
pub struct Resuming {
    pub kept: KeptProposal,
    ask: Option<AskId>,
    /// When the peer is asked, if it is not being asked.
    pub next: Option<Mono>,
    /// The user knows that the peer is away, and what goes on.
    told: bool,
}

impl Agent {
    /// By the agent that stays; a command without one asks nobody by itself.
    pub(super) fn take_up_proposals(&mut self, now: Now, kept: Vec<KeptProposal>) {
        if !self.config.stays {
            return;
        }
        self.negotiations.resuming =
            kept.into_iter().map(|kept| Resuming { kept, ask: None, next: Some(now.mono), told: false }).collect();
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

    /// The peer could not be asked: once more. With other keys than those that are pinned never, nor when our user has answered otherwise.
    pub(super) fn resuming_ended(&mut self, now: Now, ask: AskId, failure: Option<FailureKind>) {
        let Some(at) = self.negotiations.resuming.iter().position(|resuming| resuming.ask == Some(ask)) else { return };
        if failure.is_some_and(|kind| kind != FailureKind::Trust) {
            if let Some(resuming) = self.negotiations.resuming.get_mut(at) {
                (resuming.ask, resuming.next) = (None, Some(now.mono + PAUSE));
                if !std::mem::replace(&mut resuming.told, true) {
                    let notice = goes_on(&resuming.kept);
                    self.event(Event::Notice(notice));
                }
            }
            return;
        }
        let Resuming { kept, .. } = self.negotiations.resuming.remove(at);
        self.forget_kept(&kept.entity, &kept.device);
    }

    /// The review that an ask of ours has led to is answered as before the restart, if it shows what it showed then. `false`: it is not of
    /// such an ask, or our user has to answer it.
    pub(super) fn resume_proposal(&mut self, now: Now, ask: AskId, review: ReviewId) -> bool {
        let of = |resuming: &Resuming| resuming.ask == Some(ask);
        let Some(at) = self.negotiations.resuming.iter().position(of) else { return false };
        let shows = self.reviews.all.get(&review).map(|reviewing| shown(&reviewing.open.review));
        let Some(kept) = self.negotiations.resuming.get(at).map(|resuming| resuming.kept.clone()) else { return false };
        if shows.as_ref() == Some(&kept.seen) {
            let answer = Answer::Propose { answer: Box::new(kept.answer), note: kept.note };
            if let Err(failure) = self.answer_review(now, review, answer, "resumed") {
                self.fail_ask(now, ask, failure);
            }
            return true;
        }
        self.negotiations.resuming.remove(at);
        self.forget_kept(&kept.entity, &kept.device);
        let notice = otherwise_by_now(&kept.entity, review);
        self.audit(now, "not-resumed", kept.entity.as_str(), &notice.message);
        self.event(Event::Notice(notice));
        false
    }

    /// It is proposed again by this review: under which name, and how long it may still take.
    pub(super) fn resumed(&mut self, now: Now, review: ReviewId) -> Option<(String, Duration)> {
        let ask = self.reviews.all.get(&review)?.opening().ask?;
        let at = self.negotiations.resuming.iter().position(|resuming| resuming.ask == Some(ask))?;
        let Resuming { kept, .. } = self.negotiations.resuming.remove(at);
        Some((kept.name, kept.deadline.since(now.wall).min(PATIENCE)))
    }

    /// Our user takes back what was to be proposed again; `false`: there is no such thing for this entity.
    pub(super) fn forget_resuming(&mut self, now: Now, entity: &Entity) -> bool {
        let of = |resuming: &Resuming| resuming.kept.entity == *entity;
        let (of_it, rest): (Vec<Resuming>, Vec<Resuming>) =
            std::mem::take(&mut self.negotiations.resuming).into_iter().partition(of);
        self.negotiations.resuming = rest;
        for Resuming { kept, ask, .. } in &of_it {
            self.forget_kept(&kept.entity, &kept.device);
            if let Some(ask) = ask {
                let _ = self.cancel_ask(now, *ask);
            }
        }
        !of_it.is_empty()
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
            intent: reviewing.opening().intent,
            seen: shown(&reviewing.open.review),
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
        answer: None,
        accept_key: None,
        intent: kept.intent,
        account: kept.account.clone(),
    }
}

/// Whose keys, what they ask and we have, where both are, and what is advised: an answer stands for this, and nothing else.
fn shown(review: &Review) -> String {
    let place = |of: &Environment| format!("{} by {}", of.scope.name(), of.evidence.name());
    let theirs = match &review.surroundings {
        Surroundings::NotAsked => "not asked".to_owned(),
        Surroundings::Stated(environment) => place(environment),
        Surroundings::Withheld { .. } => "withheld".to_owned(),
    };
    let print = fingerprint(&review.statement.signing_key, &review.statement.agreement_key);
    let mut lines = vec![print.to_string(), theirs, place(&review.own_environment), review.advice.least.to_string()];
    lines.extend(review.current.iter().chain(&review.proposed).map(Entry::to_setkey));
    lines.join("\n")
}

fn goes_on(kept: &KeptProposal) -> Failure {
    let peer = &kept.entity;
    let message = format!("what you proposed to {peer} before the restart is proposed again when it answers");
    let next = format!("`sottovoce proposal cancel {}` takes it back", shell_word(peer.as_str()));
    Failure::new(FailureKind::RefusedByUser, "proposal-goes-on", message, peer.as_str(), next)
}

fn otherwise_by_now(entity: &Entity, review: ReviewId) -> Failure {
    let message = format!(
        "what you proposed to {entity} before the restart is not proposed again: its keys, what it asks, your entries for it or the place of \
         either of you are other than then"
    );
    let next = format!("answer it anew: `sottovoce review answer {review}`; until then what was in force stays");
    Failure::new(FailureKind::RefusedByUser, "proposal-not-resumed", message, entity.as_str(), next)
}

fn expired(entity: &Entity) -> Failure {
    let message = format!("{entity} did not answer the proposal of a looser policy that you made before the restart");
    let next = "what was in force stays in force; propose it again when its agent runs";
    Failure::new(FailureKind::RefusedByUser, "proposal-expired", message, entity.as_str(), next)
}
