use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::Body;
use crate::app::control::request::DevicesBody;
use crate::app::control::view::{DevicesView, ErrorBody};
use crate::app::control::Control;

/// The machine's sound devices, and which of them calls use.
#[utoipa::path(get, path = "/v1/devices", operation_id = "devices", tag = "devices",
    responses((status = 200, body = DevicesView), (status = "default", body = ErrorBody)))]
pub async fn list(State(control): State<Control>) -> Result<Json<DevicesView>, Refusal> {
    Ok(Json(control.devices().await?))
}

/// Has calls use other devices or gains, at once and after a restart; those too that run, unless they play or record a file.
#[utoipa::path(post, path = "/v1/devices", operation_id = "devices-use", tag = "devices", request_body = DevicesBody,
    responses((status = 200, body = DevicesView), (status = "default", body = ErrorBody)))]
pub async fn choose(
    State(control): State<Control>,
    Body(body): Body<DevicesBody>,
) -> Result<Json<DevicesView>, Refusal> {
    Ok(Json(control.use_devices(&body).await?))
}
