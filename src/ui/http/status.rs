use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::Json;

use super::error::Refusal;
use super::extract::Body;
use crate::app::control::request::DoNotDisturbBody;
use crate::app::control::view::{DoctorView, ErrorBody, StatusView, StopView};
use crate::app::control::Control;

/// The running agent.
#[utoipa::path(get, path = "/v1/status", operation_id = "status", tag = "agent",
    responses((status = 200, body = StatusView)))]
pub async fn status(State(control): State<Control>) -> Result<Json<StatusView>, Refusal> {
    Ok(Json(control.status().await?))
}

/// Nothing rings, and what needs an answer waits, for so long; members of groups that ring in quiet hours excepted.
#[utoipa::path(post, path = "/v1/do-not-disturb", operation_id = "do-not-disturb", tag = "agent",
    request_body = DoNotDisturbBody, responses((status = 200, body = StatusView), (status = "default", body = ErrorBody)))]
pub async fn do_not_disturb(
    State(control): State<Control>,
    Body(body): Body<DoNotDisturbBody>,
) -> Result<Json<StatusView>, Refusal> {
    Ok(Json(control.do_not_disturb(&body).await?))
}

/// What the agent depends on, looked at one by one.
#[utoipa::path(get, path = "/v1/doctor", operation_id = "doctor", tag = "agent",
    responses((status = 200, body = DoctorView)))]
pub async fn doctor(State(control): State<Control>) -> Json<DoctorView> {
    Json(control.doctor().await)
}

/// Says goodbye to every peer and ends the agent; answers at once.
#[utoipa::path(post, path = "/v1/stop", operation_id = "stop", tag = "agent",
    responses((status = 200, body = StopView)))]
pub async fn stop(State(control): State<Control>) -> Json<StopView> {
    Json(control.stop())
}

/// Counters in Prometheus' text format.
#[utoipa::path(get, path = "/v1/metrics", operation_id = "metrics", tag = "agent",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(State(control): State<Control>) -> Result<impl IntoResponse, Refusal> {
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], control.metrics().await?))
}
