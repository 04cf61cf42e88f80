//! The question put to the user, and what the answer sets going.
//!
//! | step | carries |
//! | --- | --- |
//! | `open_review` | statement -> `policy::Review` -> review id |
//! | `Command::AnswerReview` -> `answer_review` | `policy::Decision` |
//! | `StoreOp::Register` -> `Stored::Registered` | approved entries, pin, audit row, generation |
//! | `handle_registered` | `Effect::SetSpd`, the ask and the call that wait |

use std::net::IpAddr;
use std::time::Duration;

use super::book::Standing;
use super::negotiate::{CounterState, Negotiated, ProposalState};
use super::reopened::another_policy;
use super::review_failures::{
    answered_already, impossible, looser, no_peer_address, no_such_review, refused, stale, unreadable,
};
use super::reviews::{Opening, Reviewing};
use super::ruling::some_port;
use super::waiting::Waiting;
use super::{Agent, AskState, AuditRow, Effect, Event, OpenReview, ReviewState, StoreOp, Stored};
use crate::policy::{
    Answer, Approved, Circumstances, Decision, Entry, KeyState, Review, ReviewInput, ReviewKind, Rule, Statement, Upper,
};
use crate::vocab::{Deadline, Failure, FailureKind, Generation, Now, ReviewId};

/// Reviews that are remembered after their end.
const MAX_KEPT: usize = 256;

impl Agent {
    pub(super) fn open_review(&mut self, now: Now, opening: Opening) -> Result<ReviewId, Failure> {
        let review = self.make_review(now, &opening)?;
        self.reviews.last += 1;
        let id = ReviewId(self.reviews.last);
        self.keep(StoreOp::CountReview(id));
        let limit = self.review_patience(now, &opening);
        let deadline = now.mono + limit;
        let open = OpenReview {
            id,
            ask: opening.ask,
            review,
            ours: Some(opening.ours.clone()).filter(|ours| *ours != self.config.entity),
            presence: opening.record.clone(),
            opened: now.wall,
            deadline: now.wall.saturating_add(limit),
            rule: None,
            state: ReviewState::Pending,
            missing: opening.missing.iter().map(Rule::to_string).collect(),
            note: opening.note.clone(),
            proposal: opening.proposal,
            group: self.group_named_of(&opening.statement.entity),
        };
        self.reviews.all.insert(id, Reviewing { open, opening, deadline, answered_by: "", newer: None });
        self.overtake_reviews(id);
        self.forget_old_reviews();
        self.count("reviews_opened");
        self.event(Event::ReviewChanged(id));
        Ok(id)
    }

    /// What the user began himself is no disturbance.
    fn review_patience(&mut self, now: Now, opening: &Opening) -> Duration {
        let known = matches!(opening.key_state, KeyState::Pinned | KeyState::Verified);
        let begun = opening.ask.is_some() || opening.call.is_some();
        let known = Some(&opening.statement.entity).filter(|_| known);
        let quiet = self.quiet_until(now, known).filter(|_| !begun);
        self.put_off(now, quiet, self.config.prompts.review_limit)
    }

    pub(super) fn make_review(&self, now: Now, opening: &Opening) -> Result<Review, Failure> {
        let statement = &opening.statement;
        let subject = statement.entity.as_str();
        let peer = self.peer_address(&opening.record).ok_or_else(|| no_peer_address(subject))?;
        let input = ReviewInput {
            kind: opening.kind,
            statement: statement.clone(),
            provenance: opening.provenance,
            key_state: opening.key_state,
            wanted_presence: opening.wanted_presence,
            circumstances: self.circumstances(opening),
            own_environment: self.own.environment(),
            own_address: self.config.media_address,
            peer_address: peer,
            gateways: self.gateways(peer),
            current: self.ruling_entries(now, statement, peer, Upper::Udp),
            by_tcp: self.ruling_entries(now, statement, peer, Upper::Tcp),
            generation: self.book.generation(),
            default_level: self.config.default_level,
        };
        Review::new(input).map_err(|why| unreadable(subject, &why.to_string()))
    }

    fn circumstances(&self, opening: &Opening) -> Circumstances {
        let proven = matches!(opening.key_state, KeyState::Pinned | KeyState::Verified);
        Circumstances { relation: self.relation_of(&opening.statement.entity, proven), intent: opening.intent }
    }

    /// Our own entries for this peer's media by this transport, out then in.
    fn ruling_entries(&self, now: Now, statement: &Statement, peer: IpAddr, upper: Upper) -> Vec<Entry> {
        let device = Some((&statement.entity, &statement.device));
        let ends = (some_port(self.config.media_address), some_port(peer));
        let (out, inbound) = self.entries_by(now, device, ends, upper);
        vec![out, inbound]
    }

    pub(super) fn answer_review(
        &mut self,
        now: Now,
        id: ReviewId,
        answer: Answer,
        by: &'static str,
    ) -> Result<(), Failure> {
        self.take_proposal_of(now, id, &answer);
        // A refusal is the same against any entries, and must not put a new question.
        let is_open = self.reviews.all.get(&id).is_some_and(Reviewing::is_open);
        if answer != Answer::Refuse || !is_open {
            self.refresh_review(now, id)?;
        }
        let Some(reviewing) = self.reviews.all.get(&id) else { return Err(no_such_review(id)) };
        let subject = reviewing.opening.statement.entity.to_string();
        let decision = reviewing.open.review.answer(&answer, now.wall).map_err(|why| impossible(&subject, &why))?;
        match decision {
            Decision::Approved(approved) if reviewing.open.review.kind == ReviewKind::Proposal => {
                self.accept_proposal(now, id, approved, by, None);
            }
            Decision::Approved(approved) => self.register(now, id, approved, by),
            Decision::Countered { approved, note } => self.accept_proposal(now, id, approved, by, Some(note)),
            Decision::Looser { fields } => return Err(self.refuse_looser(id, &subject, fields)),
            Decision::Proposed(proposed) => return self.propose(now, id, answer, &proposed, by),
            Decision::Refused => self.refuse_review(now, id, by),
        }
        Ok(())
    }

    /// An approval that was given before a call was refused must not loosen what was approved earlier: anybody on the way
    /// can refuse a call, and the honest peer may then ask for less than our user demanded.
    pub(super) fn never_looser(&self, id: ReviewId, answer: Answer) -> Answer {
        if let Answer::Propose { answer, note } = answer {
            return Answer::Propose { answer: Box::new(self.never_looser(id, *answer)), note };
        }
        match (self.reviews.all.get(&id), &answer) {
            (Some(reviewing), Answer::Approve) => {
                let review = &reviewing.open.review;
                let known = !matches!(review.key_state, KeyState::New);
                if known {
                    review.tightened_to(&review.missing_rules())
                } else {
                    answer
                }
            }
            _ => answer,
        }
    }

    /// An answer counts only against the entries in force: a review that they have changed is put anew.
    pub(super) fn refresh_review(&mut self, now: Now, id: ReviewId) -> Result<(), Failure> {
        let Some(reviewing) = self.reviews.all.get(&id) else { return Err(no_such_review(id)) };
        if !reviewing.is_open() {
            return Err(answered_already(reviewing, self.reviews.newest_after(id)));
        }
        self.refuse_overtaken(now, id)?;
        self.judge_keys_anew(now, id)?;
        let Some(reviewing) = self.reviews.all.get(&id) else { return Err(no_such_review(id)) };
        if reviewing.open.review.generation == self.book.generation() {
            return Ok(());
        }
        let opening = reviewing.opening.clone();
        let before = reviewing.open.review.current.clone();
        let fresh = self.make_review(now, &opening)?;
        if fresh.current == before {
            if let Some(reviewing) = self.reviews.all.get_mut(&id) {
                reviewing.open.review = fresh;
            }
            return Ok(());
        }
        self.set_review(id, ReviewState::Stale);
        let next = self.open_review(now, opening)?;
        self.follow_review(next);
        Err(stale(id, next))
    }

    /// Nobody should study what is no longer so. That a key has changed is for whoever answers to hear.
    pub(super) fn put_reviews_anew(&mut self, now: Now) {
        let standing = |reviewing: &Reviewing| self.standing_now(&reviewing.opening.statement);
        let fit = |r: &&Reviewing| r.is_open() && !matches!(standing(r), Standing::Changed(_) | Standing::Impostor);
        let open: Vec<ReviewId> = self.reviews.all.values().filter(fit).map(|r| r.open.id).collect();
        for id in open {
            // Its failure is what an answer to it would meet; who waits for the review was told.
            let _ = self.refresh_review(now, id);
        }
    }

    /// Another review may have pinned keys since this one was put: what was new then can be a changed key by now, and
    /// one that the user accepted took the place of a pin that is no more.
    pub(super) fn judge_keys_anew(&mut self, now: Now, id: ReviewId) -> Result<(), Failure> {
        let Some(reviewing) = self.reviews.all.get(&id) else { return Err(no_such_review(id)) };
        let standing = self.standing_now(&reviewing.opening.statement);
        let Some(reviewing) = self.reviews.all.get_mut(&id) else { return Err(no_such_review(id)) };
        let statement = &reviewing.opening.statement;
        let keys = (statement.signing_key, statement.agreement_key);
        let state = super::ask_answer::key_state(standing);
        let print = crate::keys::fingerprint(&keys.0, &keys.1);
        let alarm = match standing {
            Standing::Changed(pinned) if reviewing.opening.key_state != state => {
                Some(super::document::key_changed(&statement.entity, pinned, print))
            }
            Standing::Impostor => Some(super::built_in::impostor(&statement.entity, print)),
            _ => None,
        };
        match alarm {
            Some(failure) => {
                self.audit(now, "key-changed", &failure.subject, &failure.message);
                let by = "the agent, for its key is not the one that is pinned by now";
                self.set_answered(id, ReviewState::Refused { by }, by);
                self.settle_waiters(now, id, Err(failure.clone()));
                Err(failure)
            }
            None => {
                reviewing.opening.key_state = state;
                reviewing.open.review.key_state = state;
                Ok(())
            }
        }
    }

    fn standing_now(&self, statement: &Statement) -> Standing {
        let keys = (statement.signing_key, statement.agreement_key);
        self.book.standing(&statement.entity, &statement.device, keys, crate::presence::vouched(statement))
    }

    pub(super) fn register(&mut self, now: Now, id: ReviewId, approved: Approved, by: &'static str) {
        let Some(reviewing) = self.reviews.all.get(&id) else { return };
        let replace_keys = reviewing.opening.replaces_keys();
        let entries = approved.entries().iter().map(Entry::to_setkey).collect::<Vec<_>>().join(" ");
        let intent = reviewing.opening.intent;
        let rule = reviewing.open.rule.as_ref().map(|rule| format!(" {rule}")).unwrap_or_default();
        let keys = reviewing.opening.replacement().map(|words| format!(", {words}")).unwrap_or_default();
        let audit = AuditRow {
            at: now.wall,
            kind: "approved",
            subject: reviewing.opening.statement.entity.to_string(),
            detail: format!("review {id} answered by {by}{rule}{keys}; {intent}: {entries}"),
        };
        let effect = self.expect(Waiting::Review { review: id, approved: approved.clone(), replace_keys });
        self.effect(Effect::Store {
            id: effect,
            op: StoreOp::Register { approved, default: false, replace_keys, audit },
        });
        self.set_answered(id, ReviewState::Storing, by);
    }

    /// The store has answered: only now is the entry enforced.
    pub(super) fn handle_registered(
        &mut self,
        now: Now,
        id: ReviewId,
        approved: &Approved,
        replace_keys: bool,
        result: Result<Stored, Failure>,
    ) {
        match result {
            Ok(Stored::Registered { generation, entries }) => {
                self.book.register(approved, false, entries, generation);
                if let Some(peer) = approved.peer() {
                    let print = crate::keys::fingerprint(&peer.signing_key, &peer.agreement_key);
                    self.book.pin_approved(peer, print, replace_keys, now.wall);
                }
                self.remember_reviewed(id);
                self.keep_contact(id);
                self.policy_changed(now, generation);
                self.finish_review(now, id, generation);
                self.tell_of_agreement(id);
                if let Some(peer) = approved.peer().filter(|_| self.was_agreed(id)) {
                    self.forget_kept(&peer.entity, &peer.device);
                    self.loosen_calls(now, (&peer.entity, &peer.device));
                }
            }
            Ok(_) => {}
            Err(failure) => {
                self.set_review(id, ReviewState::Failed(failure.clone()));
                self.settle_waiters(now, id, Err(failure));
            }
        }
    }

    /// The peer's user said yes to what was registered by this review; or it was put for the sake of a running call, and the peer asks
    /// for no more than that itself.
    fn was_agreed(&self, id: ReviewId) -> bool {
        let Some(reviewing) = self.reviews.all.get(&id) else { return false };
        let ask = reviewing.opening.ask.and_then(|ask| self.asks.all.get(&ask));
        if ask.is_some_and(|asking| asking.relaxes.is_some()) {
            return true;
        }
        let proposal = reviewing.open.proposal.and_then(|proposal| self.negotiations.all.get(&proposal));
        let agreed =
            |one: &Negotiated| one.outgoing && matches!(one.state, ProposalState::Accepted | ProposalState::Countered);
        proposal.is_some_and(agreed)
    }

    /// The statement that was approved is the one whose hash a call bears, and whose version counts.
    fn remember_reviewed(&mut self, id: ReviewId) {
        let Some(reviewing) = self.reviews.all.get(&id) else { return };
        let statement = reviewing.opening.said.as_ref().unwrap_or(&reviewing.opening.statement).clone();
        let Some(mut pin) = self.book.pin(&statement.entity, &statement.device).cloned() else { return };
        pin.statement = Some(crate::presence::statement_hash(&statement));
        pin.saw(&statement);
        self.keep_pin(pin);
    }

    /// Who is approved must be reachable: where only the policy was asked, its signed contact makes a row of its own.
    fn keep_contact(&mut self, id: ReviewId) {
        let Some(reviewing) = self.reviews.all.get(&id) else { return };
        let record = reviewing.opening.record.clone();
        if self.book.presence(&record.entity, &record.device).is_some() {
            return;
        }
        self.book.put_presence(record.clone());
        let effect = self.expect(Waiting::Nobody);
        self.effect(Effect::Store {
            id: effect,
            op: StoreOp::RememberPresence { record: Box::new(record), document: Vec::new() },
        });
    }

    fn finish_review(&mut self, now: Now, id: ReviewId, generation: Generation) {
        let by = self.reviews.all.get(&id).map_or("", |reviewing| reviewing.answered_by);
        self.set_review(id, ReviewState::Registered { generation, by });
        self.settle_waiters(now, id, Ok(generation));
    }

    fn refuse_review(&mut self, now: Now, id: ReviewId, by: &'static str) {
        let Some(reviewing) = self.reviews.all.get(&id) else { return };
        let subject = reviewing.opening.statement.entity.to_string();
        self.audit(now, "refused", &subject, &format!("review {id} refused by {by}"));
        self.set_answered(id, ReviewState::Refused { by }, by);
        self.settle_waiters(now, id, Err(refused(&subject)));
        self.refuse_proposal(now, id);
    }

    fn refuse_looser(&mut self, id: ReviewId, subject: &str, fields: Vec<String>) -> Failure {
        let named = fields.join("; ");
        let kind = self.reviews.all.get(&id).map_or(ReviewKind::Statement, |reviewing| reviewing.open.review.kind);
        self.set_review(id, ReviewState::Looser { fields });
        if kind != ReviewKind::Statement {
            return another_policy(id, subject, &named);
        }
        looser(id, subject, &named)
    }

    /// Tells the ask and the call that waited for this review.
    pub(super) fn settle_waiters(&mut self, now: Now, id: ReviewId, outcome: Result<Generation, Failure>) {
        let Some(reviewing) = self.reviews.all.get(&id) else { return };
        let (ask, call) = (reviewing.opening.ask, reviewing.opening.call);
        let (mut asks, mut calls) = (self.asks_at(id), self.calls_at(id));
        asks.extend(ask.filter(|ask| self.ask_is_open(*ask) && !asks.contains(ask)));
        calls.extend(call.filter(|call| !calls.contains(call)));
        for ask in asks {
            let state = match &outcome {
                Ok(generation) => AskState::Registered { generation: *generation },
                Err(failure) if failure.kind == FailureKind::RefusedByUser => AskState::Refused,
                Err(failure) => AskState::Failed(failure.clone()),
            };
            self.set_ask(ask, state);
        }
        calls.into_iter().for_each(|call| self.review_settled_for_call(now, call, outcome.clone()));
    }

    /// Ask and call wait for another review than before.
    pub(super) fn follow_review(&mut self, new: ReviewId) {
        let Some(reviewing) = self.reviews.all.get(&new) else { return };
        if let Some(proposal) = reviewing.opening.proposal {
            self.answered_counter(proposal, CounterState::Put(new));
            self.consider_in(proposal, new);
        }
        let Some(reviewing) = self.reviews.all.get(&new) else { return };
        let (ask, call) = (reviewing.opening.ask, reviewing.opening.call);
        if let Some(ask) = ask {
            if let Some(asking) = self.asks.all.get_mut(&ask) {
                asking.ask.review = Some(new);
            }
            self.set_ask(ask, AskState::Reviewing(new));
        }
        if let Some(call) = call {
            self.call_waits_for_review(call, new);
        }
    }

    pub(super) fn handle_review_timeout(&mut self, now: Now) {
        let due = |reviewing: &&Reviewing| reviewing.is_open() && reviewing.deadline <= now.mono;
        let due: Vec<ReviewId> = self.reviews.all.values().filter(due).map(|r| r.open.id).collect();
        due.into_iter().for_each(|id| self.refuse_review(now, id, "no answer in time"));
    }

    pub(super) fn review_deadline(&self) -> Option<Deadline> {
        let open = self.reviews.all.values().filter(|reviewing| reviewing.is_open());
        open.map(|reviewing| Deadline { at: reviewing.deadline, why: "review unanswered" }).min()
    }

    pub(super) fn set_answered(&mut self, id: ReviewId, state: ReviewState, by: &'static str) {
        if let Some(reviewing) = self.reviews.all.get_mut(&id) {
            reviewing.answered_by = by;
        }
        self.set_review(id, state);
    }

    pub(super) fn set_review(&mut self, id: ReviewId, state: ReviewState) {
        if let Some(reviewing) = self.reviews.all.get_mut(&id) {
            reviewing.open.state = state;
            let counters = reviewing.open.proposal.filter(|_| reviewing.open.review.kind == ReviewKind::Counter);
            let ended = match reviewing.open.state {
                ReviewState::Registered { .. } => Some(CounterState::Used),
                ReviewState::Refused { .. } => Some(CounterState::Lapsed),
                _ => None,
            };
            let goes_on = matches!(reviewing.open.state, ReviewState::Proposed { .. } | ReviewState::Storing);
            if !reviewing.is_open() && !goes_on {
                self.reviews.ended.push(id);
            }
            if let (Some(proposal), Some(state)) = (counters, ended) {
                self.answered_counter(proposal, state);
            }
            self.event(Event::ReviewChanged(id));
        }
    }

    fn forget_old_reviews(&mut self) {
        while self.reviews.all.len() > MAX_KEPT {
            let over = |r: &&Reviewing| !r.is_open() && !matches!(r.open.state, ReviewState::Proposed { .. });
            let Some(id) = self.reviews.all.values().find(over).map(|r| r.open.id) else { return };
            self.reviews.all.remove(&id);
        }
    }
}
