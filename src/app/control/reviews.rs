use super::request::{AnswerBody, WeighBody};
use super::view::{ReviewList, ReviewStateView, ReviewView, WeighedView};
use super::wait::STORE_LIMIT;
use super::{answer, failures, Control, Wait};
use crate::agent::{Command, ReviewState};
use crate::vocab::{Failure, ReviewId};

impl Control {
    pub async fn reviews(&self) -> Result<ReviewList, Failure> {
        self.look(|known| ReviewList { reviews: known.reviews().into_iter().map(ReviewView::from).collect() }).await
    }

    /// One review, once it has its end, or after the wait.
    pub async fn review(&self, id: &str, wait: &Wait) -> Result<ReviewView, Failure> {
        let number = review_id(id)?;
        let read = move |known: &dyn super::brain::Known| known.review(number).map(ReviewView::from);
        let usual = ["pending", "looser", "declined", "proposed", "storing"];
        let found = self.until(wait.limit, read, |review| wait.is_over(&review.state, &usual)).await?;
        found.ok_or_else(|| no_review(id))
    }

    /// Answers a review, and comes back when the answer is durable, or the peer is being asked. A looser answer is a failure unless
    /// the peer is to be asked; the review stays open.
    pub async fn answer_review(&self, id: &str, body: &AnswerBody) -> Result<ReviewView, Failure> {
        let (answer, by) = answer::answer(body)?;
        let review = review_id(id)?;
        self.brain.command(Command::AnswerReview { review, answer, by }).await?;
        let storing = Wait { limit: STORE_LIMIT, through: Some(vec!["storing".to_owned()]) };
        let view = self.review(id, &storing).await?;
        match view.state {
            ReviewStateView::Proposed | ReviewStateView::Registered | ReviewStateView::Refused => Ok(view),
            _ => Err(self.why_not(review).await?),
        }
    }

    /// What an answer would mean, while it is typed. The review stays as it is.
    pub async fn weigh(&self, id: &str, body: &WeighBody) -> Result<WeighedView, Failure> {
        let (answer, review) = (answer::edit_answer(&body.entries)?, review_id(id)?);
        let now = self.clock.now().wall;
        let weighed = self.look(move |known| {
            let review = &known.review(review)?.review;
            Some(review.weigh(&answer, now).map_err(|error| error.failure(&review.statement.entity.to_string())))
        });
        let weighed = weighed.await?.ok_or_else(|| no_review(id))??;
        Ok(WeighedView::from(&weighed))
    }

    /// The agent's own failure to register, whole.
    async fn why_not(&self, review: ReviewId) -> Result<Failure, Failure> {
        let failure = self
            .look(move |known| match &known.review(review)?.state {
                ReviewState::Declined(failure) | ReviewState::Failed(failure) => Some(failure.clone()),
                _ => None,
            })
            .await?;
        Ok(failure.unwrap_or_else(|| failures::silent("registering")))
    }
}

fn review_id(id: &str) -> Result<ReviewId, Failure> {
    ReviewId::parse(id).ok_or_else(|| no_review(id))
}

fn no_review(id: &str) -> Failure {
    failures::no_such("no-such-review", "review", id, "review list")
}
