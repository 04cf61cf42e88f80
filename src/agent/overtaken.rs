//! A peer's newer statement takes the place of the older one in every open question: what it said earlier must not come
//! back as the newest, and whoever waited for the older question waits for the newer.

use super::reviews::{Reviewing, Reviews};
use super::{Agent, AskState, CallState, ReviewState};
use crate::policy::ReviewKind;
use crate::vocab::{AskId, CallId, Failure, FailureKind, Now, ReviewId};

impl Agent {
    /// Closes the open reviews of what the same device said before, or said as it says now.
    pub(super) fn overtake_reviews(&mut self, new: ReviewId) {
        let Some(newer) = self.reviews.all.get(&new) else { return };
        let older = |one: &&Reviewing| one.is_open() && one.open.id != new && one.is_older_than(newer);
        let older: Vec<ReviewId> = self.reviews.all.values().filter(older).map(|one| one.open.id).collect();
        for old in older {
            if let Some(reviewing) = self.reviews.all.get_mut(&old) {
                reviewing.newer = Some(new);
            }
            self.set_review(old, ReviewState::Stale);
            for ask in self.asks_at(old) {
                if let Some(asking) = self.asks.all.get_mut(&ask) {
                    asking.ask.review = Some(new);
                }
                self.set_ask(ask, AskState::Reviewing(new));
            }
            self.calls_at(old).into_iter().for_each(|call| self.call_waits_for_review(call, new));
        }
    }

    /// Refuses to go on with a review of what the device has said otherwise since.
    pub(super) fn refuse_overtaken(&mut self, now: Now, id: ReviewId) -> Result<(), Failure> {
        let Some(reviewing) = self.reviews.all.get(&id) else { return Ok(()) };
        let counts = |one: &&Reviewing| !matches!(one.open.state, ReviewState::Refused { .. } | ReviewState::Stale);
        let newer =
            |one: &&Reviewing| one.statement().version > reviewing.statement().version && reviewing.is_older_than(one);
        let all = self.reviews.all.values().filter(counts).filter(newer);
        let Some(new) = all.max_by_key(|one| (one.statement().version, one.open.id)).map(|one| one.open.id) else {
            return Ok(());
        };
        let failure = overtaken(id, new);
        if let Some(reviewing) = self.reviews.all.get_mut(&id) {
            reviewing.newer = Some(new);
        }
        self.set_review(id, ReviewState::Stale);
        self.settle_waiters(now, id, Err(failure.clone()));
        Err(failure)
    }

    /// The asks that wait for this review.
    pub(super) fn asks_at(&self, id: ReviewId) -> Vec<AskId> {
        let at = self.asks.all.values().filter(|asking| asking.ask.state == AskState::Reviewing(id));
        at.map(|asking| asking.ask.id).collect()
    }

    /// The calls that wait for this review.
    pub(super) fn calls_at(&self, id: ReviewId) -> Vec<CallId> {
        self.calls().filter(|call| call.state == CallState::Reviewing(id)).map(|call| call.id).collect()
    }

    /// Somebody else than an ask, or than a call and its ask, waits for it.
    pub(super) fn is_waited_for(&self, id: ReviewId, but: (Option<AskId>, Option<CallId>)) -> bool {
        let own = |ask: &AskId| {
            but.0 == Some(*ask) || (but.1.is_some() && self.asks.all.get(ask).and_then(|asking| asking.call) == but.1)
        };
        self.asks_at(id).iter().any(|ask| !own(ask)) || self.calls_at(id).iter().any(|call| but.1 != Some(*call))
    }
}

impl Reviews {
    /// The review that stands in the place of this one by now. Each has a newer statement than the one before, or was put later.
    pub(super) fn newest_after(&self, id: ReviewId) -> Option<ReviewId> {
        let newer = |id: &ReviewId| self.all.get(id).and_then(|reviewing| reviewing.newer);
        std::iter::successors(newer(&id), newer).take(self.all.len()).last()
    }

    /// Why another review took the place of this one.
    pub(super) fn why_overtaken(&self, id: ReviewId) -> String {
        match self.all.get(&id).and_then(|reviewing| reviewing.newer) {
            Some(_) => format!("the peer has said something newer since review {id} was put"),
            None => format!("your entries changed since review {id} was put"),
        }
    }
}

impl Reviewing {
    /// Both put what one device says of itself, and the other has it as new or newer.
    fn is_older_than(&self, other: &Self) -> bool {
        let (own, others) = (self.statement(), other.statement());
        let of_itself = |one: &Self| one.open.review.kind == ReviewKind::Statement;
        of_itself(self)
            && of_itself(other)
            && (&own.entity, &own.device, own.purpose) == (&others.entity, &others.device, others.purpose)
            && (own.signing_key, own.agreement_key) == (others.signing_key, others.agreement_key)
            && own.version <= others.version
    }
}

pub(super) fn overtaken(id: ReviewId, next: ReviewId) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "review-stale",
        format!("the peer has said something newer since review {id} was put"),
        id.to_string(),
        format!("look at review {next}, which takes its place"),
    )
}
