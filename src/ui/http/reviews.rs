use axum::extract::State;
use axum::Json;

use super::asks::WaitQuery;
use super::error::Refusal;
use super::extract::{Asked, Body, Id};
use crate::app::control::request::{AnswerBody, WeighBody};
use crate::app::control::view::{ErrorBody, ReviewList, ReviewView, WeighedView};
use crate::app::control::Control;

/// Every review, oldest first.
#[utoipa::path(get, path = "/v1/reviews", operation_id = "review-list", tag = "reviews",
    responses((status = 200, body = ReviewList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<ReviewList>, Refusal> {
    Ok(Json(control.reviews().await?))
}

/// One review; with `wait` once it has its end.
#[utoipa::path(get, path = "/v1/reviews/{id}", operation_id = "review-show", tag = "reviews",
    params(("id" = String, Path, description = "`r1`"), WaitQuery),
    responses((status = 200, body = ReviewView), (status = "default", body = ErrorBody)))]
pub async fn one(
    State(control): State<Control>,
    Id(id): Id,
    Asked(wait): Asked<WaitQuery>,
) -> Result<Json<ReviewView>, Refusal> {
    Ok(Json(control.review(&id, &wait.into()).await?))
}

/// Answers a review; the answer comes when it is durable.
#[utoipa::path(post, path = "/v1/reviews/{id}/answer", operation_id = "review-answer", tag = "reviews",
    params(("id" = String, Path, description = "`r1`")), request_body = AnswerBody,
    responses((status = 200, body = ReviewView), (status = "default", body = ErrorBody)))]
pub async fn answer(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<AnswerBody>,
) -> Result<Json<ReviewView>, Refusal> {
    Ok(Json(control.answer_review(&id, &body).await?))
}

/// What an answer would mean, before it is given: while it is typed.
#[utoipa::path(post, path = "/v1/reviews/{id}/weigh", operation_id = "review-weigh", tag = "reviews",
    params(("id" = String, Path, description = "`r1`")), request_body = WeighBody,
    responses((status = 200, body = WeighedView), (status = "default", body = ErrorBody)))]
pub async fn weigh(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<WeighBody>,
) -> Result<Json<WeighedView>, Refusal> {
    Ok(Json(control.weigh(&id, &body).await?))
}
