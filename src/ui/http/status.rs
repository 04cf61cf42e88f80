use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::Json;

use super::error::Refusal;
use crate::app::control::view::{DoctorView, StatusView, StopView};
use crate::app::control::Control;

/// The running agent.
#[utoipa::path(get, path = "/v1/status", operation_id = "status", tag = "agent",
    responses((status = 200, body = StatusView)))]
pub async fn status(State(control): State<Control>) -> Result<Json<StatusView>, Refusal> {
    Ok(Json(control.status().await?))
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
