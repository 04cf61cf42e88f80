use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::Id;
use crate::app::control::view::{AccountList, AccountView, ErrorBody};
use crate::app::control::Control;

/// Every account, and whether it is registered.
#[utoipa::path(get, path = "/v1/accounts", operation_id = "account-list", tag = "accounts",
    responses((status = 200, body = AccountList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<AccountList>, Refusal> {
    Ok(Json(control.accounts().await?))
}

/// One account.
#[utoipa::path(get, path = "/v1/accounts/{entity}", operation_id = "account-show", tag = "accounts",
    params(("entity" = String, Path, description = "`sip:alice@example.org`, percent-encoded")),
    responses((status = 200, body = AccountView), (status = "default", body = ErrorBody)))]
pub async fn one(State(control): State<Control>, Id(entity): Id) -> Result<Json<AccountView>, Refusal> {
    Ok(Json(control.account(&entity).await?))
}
