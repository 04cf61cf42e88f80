use axum::extract::State;
use axum::http::StatusCode;
use axum::Json;

use super::asks::WaitQuery;
use super::error::Refusal;
use super::extract::{Asked, Body, Id};
use crate::app::control::request::TextBody;
use crate::app::control::view::{ErrorBody, TextList, TextView};
use crate::app::control::Control;

/// The last texts, ours and theirs.
#[utoipa::path(get, path = "/v1/messages", operation_id = "message-list", tag = "messages",
    responses((status = 200, body = TextList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<TextList>, Refusal> {
    Ok(Json(control.texts().await?))
}

/// Sends a short text.
#[utoipa::path(post, path = "/v1/messages", operation_id = "message", tag = "messages", request_body = TextBody,
    responses((status = 201, body = TextView), (status = "default", body = ErrorBody)))]
pub async fn send(
    State(control): State<Control>,
    Body(body): Body<TextBody>,
) -> Result<(StatusCode, Json<TextView>), Refusal> {
    Ok((StatusCode::CREATED, Json(control.send_text(&body).await?)))
}

/// One text; with `wait` once it is known what became of it.
#[utoipa::path(get, path = "/v1/messages/{id}", operation_id = "message-show", tag = "messages",
    params(("id" = String, Path, description = "`t1`"), WaitQuery),
    responses((status = 200, body = TextView), (status = "default", body = ErrorBody)))]
pub async fn one(
    State(control): State<Control>,
    Id(id): Id,
    Asked(wait): Asked<WaitQuery>,
) -> Result<Json<TextView>, Refusal> {
    Ok(Json(control.text(&id, &wait.into()).await?))
}
