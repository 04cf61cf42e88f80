use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::{Body, Id};
use crate::app::control::request::NamesBody;
use crate::app::control::view::{ErrorBody, PresenceList, PresenceView};
use crate::app::control::Control;

/// Our own record first, then every device that we heard of.
#[utoipa::path(get, path = "/v1/presence", operation_id = "presence-list", tag = "presence",
    responses((status = 200, body = PresenceList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<PresenceList>, Refusal> {
    Ok(Json(control.presences().await?))
}

/// Sets our own user and place.
#[utoipa::path(post, path = "/v1/presence", operation_id = "presence-set", tag = "presence", request_body = NamesBody,
    responses((status = 200, body = PresenceView), (status = "default", body = ErrorBody)))]
pub async fn set(State(control): State<Control>, Body(body): Body<NamesBody>) -> Result<Json<PresenceView>, Refusal> {
    Ok(Json(control.presence_set(&body).await?))
}

/// Every device of one entity.
#[utoipa::path(get, path = "/v1/presence/{entity}", operation_id = "presence-show", tag = "presence",
    params(("entity" = String, Path, description = "`sip:bob@192.168.1.2`, percent-encoded")),
    responses((status = 200, body = PresenceList), (status = "default", body = ErrorBody)))]
pub async fn one(State(control): State<Control>, Id(entity): Id) -> Result<Json<PresenceList>, Refusal> {
    Ok(Json(control.presence(&entity).await?))
}

/// Gives a peer's user and place names of our own.
#[utoipa::path(post, path = "/v1/presence/{entity}", operation_id = "presence-rename", tag = "presence",
    params(("entity" = String, Path, description = "`sip:bob@192.168.1.2`, percent-encoded")), request_body = NamesBody,
    responses((status = 200, body = PresenceList), (status = "default", body = ErrorBody)))]
pub async fn rename(
    State(control): State<Control>,
    Id(entity): Id,
    Body(body): Body<NamesBody>,
) -> Result<Json<PresenceList>, Refusal> {
    Ok(Json(control.presence_rename(&entity, &body).await?))
}

/// Forgets a peer's records.
#[utoipa::path(delete, path = "/v1/presence/{entity}", operation_id = "presence-remove", tag = "presence",
    params(("entity" = String, Path, description = "`sip:bob@192.168.1.2`, percent-encoded")),
    responses((status = 200, body = PresenceList), (status = "default", body = ErrorBody)))]
pub async fn remove(State(control): State<Control>, Id(entity): Id) -> Result<Json<PresenceList>, Refusal> {
    Ok(Json(control.presence_remove(&entity).await?))
}
