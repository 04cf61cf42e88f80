//! A review whose answer waits for the peer, and what becomes of it then: `propose` sends it there and back.

use super::negotiate::PATIENCE;
use super::{Agent, AskState, CallState, ReviewState};
use crate::policy::{Answer, Decision};
use crate::vocab::{Failure, FailureKind, Now, ProposalId, ReviewId};

impl Agent {
    /// The same answer, held against the entries of now. Those that ruled the peer then must rule it still.
    pub(super) fn judge_again(&mut self, now: Now, id: ReviewId, answer: &Answer) -> Result<Decision, Failure> {
        self.judge_keys_anew(now, id)?;
        let Some(reviewing) = self.reviews.all.get(&id) else { return Err(super::review_failures::no_such_review(id)) };
        let fresh = self.make_review(now, reviewing.opening())?;
        if fresh.current != reviewing.open.review.current {
            return Err(super::review_failures::stale(id, id));
        }
        let decision = fresh.answer(answer, now.wall);
        if let Some(reviewing) = self.reviews.all.get_mut(&id) {
            reviewing.open.review = fresh;
        }
        decision.map_err(|why| why.failure(&id.to_string()))
    }

    /// A refusal of what waits for the peer takes the proposal back first.
    pub(super) fn take_proposal_of(&mut self, now: Now, id: ReviewId, answer: &Answer) {
        let state = self.reviews.all.get(&id).map(|reviewing| &reviewing.open.state);
        if let (Some(ReviewState::Proposed { proposal }), Answer::Refuse) = (state, answer) {
            // It has just ended otherwise: then there is nothing to take back.
            let _ = self.cancel_proposal(now, *proposal);
        }
    }

    /// Who waits for the review hears that the peer's user is asked.
    pub(super) fn tell_waiters(&mut self, now: Now, id: ReviewId, proposal: ProposalId) {
        let minutes = PATIENCE.as_secs() / 60;
        let what =
            format!("less than the peer asks: its user is asked by proposal {proposal}, and has {minutes} minutes");
        self.step_waiters(now, id, what);
    }

    pub(super) fn step_waiters(&mut self, now: Now, id: ReviewId, what: String) {
        let ask = self.reviews.all.get(&id).and_then(|reviewing| reviewing.opening().ask);
        if let Some(ask) = ask.filter(|ask| self.ask_is_open(*ask)) {
            self.step(now, ask, what);
        }
    }

    /// Nothing was agreed. Whoever had only this answer to give is told; whoever sits before the review may give another.
    pub(super) fn reopen_review(&mut self, now: Now, id: ReviewId, failure: Failure) {
        let Some(reviewing) = self.reviews.all.get_mut(&id) else { return };
        if !matches!(reviewing.open.state, ReviewState::Proposed { .. }) {
            return;
        }
        reviewing.deadline = now.mono + PATIENCE;
        reviewing.open.deadline = now.wall.saturating_add(PATIENCE);
        let (ask, call) = (reviewing.opening().ask, reviewing.opening().call);
        self.set_review(id, ReviewState::Declined(failure.clone()));
        let asking = ask.and_then(|ask| self.ask(ask)).map(|ask| (ask.id, ask.state.clone()));
        match (asking, call) {
            (Some((ask, AskState::Asking)), _) => self.fail_ask(now, ask, failure),
            (None, Some(call)) if !self.call_waits_at(call, id) => {
                self.end_call(now, call, CallState::Failed(failure));
            }
            _ => {}
        }
    }

    /// Somebody sits before this review.
    fn call_waits_at(&self, call: crate::vocab::CallId, id: ReviewId) -> bool {
        self.call(call).is_some_and(|call| call.state == CallState::Reviewing(id))
    }

    /// It was opened for nothing.
    pub(super) fn drop_review(&mut self, id: ReviewId) {
        self.reviews.all.remove(&id);
        self.event(super::Event::ReviewChanged(id));
    }

    /// The proposal is put in another review than before.
    pub(super) fn consider_in(&mut self, proposal: ProposalId, review: ReviewId) {
        if let Some(considering) = self.negotiations.theirs.get_mut(&proposal) {
            considering.review = review;
            if let Some(one) = self.negotiations.all.get_mut(&proposal) {
                one.review = Some(review);
            }
        }
    }
}

pub(super) fn another_policy(id: ReviewId, subject: &str, named: &str) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "another-policy",
        format!("this is another policy than the one that {subject} proposes: {named}"),
        subject,
        format!(
            "accept review {id} as it is, refuse it, or let the peer's user be told with --propose what you would accept; it is still \
             open, and nothing was changed"
        ),
    )
}
