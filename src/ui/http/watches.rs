use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::{Body, Id};
use crate::app::control::request::WatchBody;
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
