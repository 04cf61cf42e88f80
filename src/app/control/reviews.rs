use super::view::{ReviewList, ReviewStateView, ReviewView};
use super::wait::STORE_LIMIT;
use super::{answer, failures, request::AnswerBody, Control, Wait};
use crate::agent::Command;
use crate::vocab::{Failure, FailureKind, ReviewId};

impl Control {
    pub async fn reviews(&self) -> Result<ReviewList, Failure> {
        self.look(|known| ReviewList { reviews: known.reviews().into_iter().map(ReviewView::from).collect() }).await
    }

    /// One review, once it has its end, or after the wait.
    pub async fn review(&self, id: &str, wait: &Wait) -> Result<ReviewView, Failure> {
        let number = review_id(id)?;
        let read = move |known: &dyn super::brain::Known| known.review(number).map(ReviewView::from);
        let usual = ["pending", "looser", "storing"];
        let found = self.until(wait.limit, read, |review| wait.is_over(&review.state, &usual)).await?;
        found.ok_or_else(|| no_review(id))
    }

    /// Answers a review, and comes back when the answer is durable. A looser answer is a failure; the review stays open.
    pub async fn answer_review(&self, id: &str, body: &AnswerBody) -> Result<ReviewView, Failure> {
        let (answer, by) = answer::answer(body)?;
        let review = review_id(id)?;
        self.brain.command(Command::AnswerReview { review, answer, by }).await?;
        let storing = Wait { limit: STORE_LIMIT, through: Some(vec!["storing".to_owned()]) };
        settled(self.review(id, &storing).await?)
    }
}

/// Registered and refused are what a user can want; all else is a failure.
fn settled(view: ReviewView) -> Result<ReviewView, Failure> {
    match view.state {
        ReviewStateView::Registered | ReviewStateView::Refused => Ok(view),
        ReviewStateView::Looser => Err(looser(&view)),
        ReviewStateView::Stale => Err(stale(&view)),
        ReviewStateView::Failed => Err(not_registered(&view)),
        ReviewStateView::Pending | ReviewStateView::Storing => Err(failures::silent("registering")),
    }
}

fn looser(view: &ReviewView) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "looser-than-asked",
        format!("the answer is looser than {} asks: {}", view.presence.entity, view.looser.join("; ")),
        &view.id,
        "nothing was registered; approve it as it is, tighten these fields, or refuse",
    )
}

fn stale(view: &ReviewView) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "review-stale",
        "the policy database changed after this review was made",
        &view.id,
        format!("nothing was registered; ask again: `sottovoce ask {}`", view.presence.entity),
    )
}

/// The agent's own failure, carried over from its view: its code is lost, the rest is whole.
fn not_registered(view: &ReviewView) -> Failure {
    match &view.failure {
        Some(error) => Failure::new(error.kind.into(), "not-registered", &error.message, &error.subject, &error.next),
        None => failures::silent("registering"),
    }
}

fn review_id(id: &str) -> Result<ReviewId, Failure> {
    ReviewId::parse(id).ok_or_else(|| no_review(id))
}

fn no_review(id: &str) -> Failure {
    failures::no_such("no-such-review", "review", id, "review list")
}
