use axum::extract::State;
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Refusal;
use super::extract::{Asked, Body};
use crate::app::control::request::{HistoryQuery, SeenBody};
use crate::app::control::view::{AuditView, ErrorBody, ForgottenView, HistoryView, MissedView};
use crate::app::control::Control;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Rows at most, up to 1,000; 100 without it.
    #[serde(default = "usual_limit")]
    limit: u32,
    /// Only rows older than the one of this number.
    #[serde(default)]
    before: Option<u64>,
}

fn usual_limit() -> u32 {
    100
}

/// Calls that ended and are meant, newest first.
#[utoipa::path(get, path = "/v1/history", operation_id = "history", tag = "records", params(HistoryQuery),
    responses((status = 200, body = HistoryView), (status = "default", body = ErrorBody)))]
pub async fn history(
    State(control): State<Control>,
    Asked(query): Asked<HistoryQuery>,
) -> Result<Json<HistoryView>, Refusal> {
    Ok(Json(control.history(&query).await?))
}

/// Forgets the calls that are meant; without another word of which, `all` has to be `true`. The audit table keeps what it has.
#[utoipa::path(delete, path = "/v1/history", operation_id = "history-forget", tag = "records", params(HistoryQuery),
    responses((status = 200, body = ForgottenView), (status = "default", body = ErrorBody)))]
pub async fn forget(
    State(control): State<Control>,
    Asked(query): Asked<HistoryQuery>,
) -> Result<Json<ForgottenView>, Refusal> {
    Ok(Json(control.forget_history(&query).await?))
}

/// The user has seen the history: its missed calls are told of no more.
#[utoipa::path(post, path = "/v1/history/seen", operation_id = "history-seen", tag = "records", request_body = SeenBody,
    responses((status = 200, body = MissedView), (status = "default", body = ErrorBody)))]
pub async fn seen(State(control): State<Control>, Body(body): Body<SeenBody>) -> Result<Json<MissedView>, Refusal> {
    Ok(Json(control.see_history(body.until).await?))
}

/// The append-only audit table, newest first.
#[utoipa::path(get, path = "/v1/audit", operation_id = "audit", tag = "records", params(AuditQuery),
    responses((status = 200, body = AuditView), (status = "default", body = ErrorBody)))]
pub async fn audit(
    State(control): State<Control>,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<AuditView>, Refusal> {
    Ok(Json(control.audit(query.limit, query.before).await?))
}
