use axum::extract::State;
use axum::http::StatusCode;
use axum::Json;

use super::asks::WaitQuery;
use super::error::Refusal;
use super::extract::{Asked, Body, Id};
use crate::app::control::request::AccountBody;
use crate::app::control::view::{AccountList, AccountView, ErrorBody};
use crate::app::control::Control;

/// Every account, and whether it is registered.
#[utoipa::path(get, path = "/v1/accounts", operation_id = "account-list", tag = "accounts",
    responses((status = 200, body = AccountList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<AccountList>, Refusal> {
    Ok(Json(control.accounts().await?))
}

/// Adds an account, which registers at once and after every start. Its password is kept encrypted, and never told.
#[utoipa::path(post, path = "/v1/accounts", operation_id = "account-add", tag = "accounts", request_body = AccountBody,
    responses((status = 201, body = AccountView), (status = "default", body = ErrorBody)))]
pub async fn add(
    State(control): State<Control>,
    Body(body): Body<AccountBody>,
) -> Result<(StatusCode, Json<AccountView>), Refusal> {
    Ok((StatusCode::CREATED, Json(control.account_add(&body).await?)))
}

/// One account; with `wait` once its registrar has spoken.
#[utoipa::path(get, path = "/v1/accounts/{entity}", operation_id = "account-show", tag = "accounts",
    params(("entity" = String, Path, description = "`sip:alice@example.org`, percent-encoded"), WaitQuery),
    responses((status = 200, body = AccountView), (status = "default", body = ErrorBody)))]
pub async fn one(
    State(control): State<Control>,
    Id(entity): Id,
    Asked(wait): Asked<WaitQuery>,
) -> Result<Json<AccountView>, Refusal> {
    Ok(Json(control.account(&entity, &wait.into()).await?))
}

/// Removes an account that was added, with its password, and takes its registration and publication back.
#[utoipa::path(delete, path = "/v1/accounts/{entity}", operation_id = "account-remove", tag = "accounts",
    params(("entity" = String, Path, description = "`sip:alice@example.org`, percent-encoded")),
    responses((status = 200, body = AccountList), (status = "default", body = ErrorBody)))]
pub async fn remove(State(control): State<Control>, Id(entity): Id) -> Result<Json<AccountList>, Refusal> {
    Ok(Json(control.account_remove(&entity).await?))
}
