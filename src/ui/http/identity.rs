use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::Body;
use crate::app::control::request::VerifyBody;
use crate::app::control::view::{ErrorBody, IdentityView};
use crate::app::control::Control;

/// Who this device is, and whose keys are pinned.
#[utoipa::path(get, path = "/v1/identity", operation_id = "identity-show", tag = "identity",
    responses((status = 200, body = IdentityView)))]
pub async fn show(State(control): State<Control>) -> Result<Json<IdentityView>, Refusal> {
    Ok(Json(control.identity().await?))
}

/// The user compared the safety phrase, and it was the same on both screens.
#[utoipa::path(post, path = "/v1/identity/verify", operation_id = "identity-verify", tag = "identity",
    request_body = VerifyBody, responses((status = 200, body = IdentityView), (status = "default", body = ErrorBody)))]
pub async fn verify(
    State(control): State<Control>,
    Body(body): Body<VerifyBody>,
) -> Result<Json<IdentityView>, Refusal> {
    Ok(Json(control.identity_verify(&body).await?))
}
