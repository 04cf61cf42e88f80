use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::{Body, Id};
use crate::app::control::request::{WatchBody, WatcherBody};
use crate::app::control::view::{ErrorBody, WatchList, WatcherList};
use crate::app::control::Control;

/// Whom you follow, and how that stands.
#[utoipa::path(get, path = "/v1/watches", operation_id = "watch-list", tag = "presence",
    responses((status = 200, body = WatchList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<WatchList>, Refusal> {
    Ok(Json(control.watches().await?))
}

/// Follows a peer: what changes there is told, and another policy becomes a review.
#[utoipa::path(post, path = "/v1/watches", operation_id = "watch-start", tag = "presence", request_body = WatchBody,
    responses((status = 200, body = WatchList), (status = "default", body = ErrorBody)))]
pub async fn start(State(control): State<Control>, Body(body): Body<WatchBody>) -> Result<Json<WatchList>, Refusal> {
    Ok(Json(control.watch(&body).await?))
}

/// Follows a peer no longer.
#[utoipa::path(delete, path = "/v1/watches/{peer}", operation_id = "watch-end", tag = "presence",
    params(("peer" = String, Path, description = "`sip:bob@192.168.1.2`, percent-encoded")),
    responses((status = 200, body = WatchList), (status = "default", body = ErrorBody)))]
pub async fn end(State(control): State<Control>, Id(peer): Id) -> Result<Json<WatchList>, Refusal> {
    Ok(Json(control.unwatch(&peer).await?))
}

/// Who follows you.
#[utoipa::path(get, path = "/v1/watchers", operation_id = "watcher-list", tag = "presence",
    responses((status = 200, body = WatcherList)))]
pub async fn watchers(State(control): State<Control>) -> Result<Json<WatcherList>, Refusal> {
    Ok(Json(control.watchers().await?))
}

/// Says what a watcher is told from now on: by its number, the beginning of its key, or a contact or entity whose keys are pinned.
#[utoipa::path(post, path = "/v1/watchers/{whom}", operation_id = "watcher-answer", tag = "presence",
    params(("whom" = String, Path, description = "`w1`, percent-encoded")), request_body = WatcherBody,
    responses((status = 200, body = WatcherList), (status = "default", body = ErrorBody)))]
pub async fn answer(
    State(control): State<Control>,
    Id(whom): Id,
    Body(body): Body<WatcherBody>,
) -> Result<Json<WatcherList>, Refusal> {
    Ok(Json(control.watcher_answer(&whom, &body).await?))
}

/// Takes an answer back: the group decides again, or the configuration.
#[utoipa::path(delete, path = "/v1/watchers/{whom}", operation_id = "watcher-forget", tag = "presence",
    params(("whom" = String, Path, description = "`w1`, percent-encoded")),
    responses((status = 200, body = WatcherList), (status = "default", body = ErrorBody)))]
pub async fn forget(State(control): State<Control>, Id(whom): Id) -> Result<Json<WatcherList>, Refusal> {
    Ok(Json(control.watcher_forget(&whom).await?))
}
