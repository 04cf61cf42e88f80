use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::Body;
use crate::app::control::request::DevicesBody;
use crate::app::control::view::{DeviceTrialNowView, DeviceTrialView, DevicesView, ErrorBody};
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

/// Plays a tone and chirps on the output, listens at the input, and tells what was heard after some seven seconds.
#[utoipa::path(post, path = "/v1/devices/test", operation_id = "devices-test", tag = "devices",
    responses((status = 200, body = DeviceTrialView), (status = "default", body = ErrorBody)))]
pub async fn test(State(control): State<Control>) -> Result<Json<DeviceTrialView>, Refusal> {
    Ok(Json(control.try_devices().await?))
}

/// What the input gives just now, while that goes on.
#[utoipa::path(get, path = "/v1/devices/test", operation_id = "devices-test-now", tag = "devices",
    responses((status = 200, body = DeviceTrialNowView)))]
pub async fn test_now(State(control): State<Control>) -> Json<DeviceTrialNowView> {
    Json(control.device_trial())
}
