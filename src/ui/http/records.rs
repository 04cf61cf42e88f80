use axum::extract::State;
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Refusal;
use super::extract::Asked;
use crate::app::control::view::{AuditView, ErrorBody, HistoryView};
use crate::app::control::Control;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// Rows at most, up to 1,000; 100 without it.
    #[serde(default = "usual_limit")]
    limit: u32,
}

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

/// Calls that ended, newest first.
#[utoipa::path(get, path = "/v1/history", operation_id = "history", tag = "records", params(HistoryQuery),
    responses((status = 200, body = HistoryView), (status = "default", body = ErrorBody)))]
pub async fn history(
    State(control): State<Control>,
    Asked(query): Asked<HistoryQuery>,
) -> Result<Json<HistoryView>, Refusal> {
    Ok(Json(control.history(query.limit).await?))
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
