use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::Body;
use crate::app::control::request::{RevokeBody, VerifyBody, VouchBody, WordBody};
use crate::app::control::view::{ErrorBody, IdentityView, VouchView};
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

/// Signs for another device of the same user, whose `identity show` has the word `sv-device:...`; or, unconfirmed, reads it.
#[utoipa::path(post, path = "/v1/identity/vouch", operation_id = "identity-vouch", tag = "identity",
    request_body = VouchBody, responses((status = 200, body = VouchView), (status = "default", body = ErrorBody)))]
pub async fn vouch(State(control): State<Control>, Body(body): Body<VouchBody>) -> Result<Json<VouchView>, Refusal> {
    Ok(Json(control.identity_vouch(&body).await?))
}

/// Takes the word `sv-vouch:...` of an older device: this device's statements bear it from now on.
#[utoipa::path(post, path = "/v1/identity/take", operation_id = "identity-take", tag = "identity",
    request_body = WordBody, responses((status = 200, body = IdentityView), (status = "default", body = ErrorBody)))]
pub async fn take(State(control): State<Control>, Body(body): Body<WordBody>) -> Result<Json<IdentityView>, Refusal> {
    Ok(Json(control.identity_take(&body).await?))
}

/// Takes back the word of an older device.
#[utoipa::path(post, path = "/v1/identity/revoke", operation_id = "identity-revoke", tag = "identity",
    request_body = RevokeBody, responses((status = 200, body = IdentityView), (status = "default", body = ErrorBody)))]
pub async fn revoke(
    State(control): State<Control>,
    Body(body): Body<RevokeBody>,
) -> Result<Json<IdentityView>, Refusal> {
    Ok(Json(control.identity_revoke(&body).await?))
}
