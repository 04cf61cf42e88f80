use axum::extract::State;
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Refusal;
use super::extract::{Asked, Body, Id};
use crate::app::control::request::{
    AddBody, ExpiryBody, ExportFormat, ImportBody, PolicyBody, PolicyFilter, TestBody, UndoBody,
};
use crate::app::control::view::{
    EntryView, ErrorBody, ExportView, PolicyHistoryView, PolicyView, RegisteredView, TestView,
};
use crate::app::control::Control;

/// Every entry, or those that the filter lets through, in lookup order; without a filter the default stands last.
#[utoipa::path(get, path = "/v1/policy", operation_id = "policy-list", tag = "policy", params(PolicyFilter),
    responses((status = 200, body = PolicyView), (status = "default", body = ErrorBody)))]
pub async fn list(
    State(control): State<Control>,
    Asked(filter): Asked<PolicyFilter>,
) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy_listed(&filter).await?))
}

/// Adds entries of our own, those that are not there yet; the answer comes when they are durable.
#[utoipa::path(post, path = "/v1/policy", operation_id = "policy-add", tag = "policy", request_body = AddBody,
    responses((status = 200, body = RegisteredView), (status = "default", body = ErrorBody)))]
pub async fn add(State(control): State<Control>, Body(body): Body<AddBody>) -> Result<Json<RegisteredView>, Refusal> {
    Ok(Json(control.policy_add(&body).await?))
}

/// Sets the default for everybody else.
#[utoipa::path(post, path = "/v1/policy/default", operation_id = "policy-default", tag = "policy",
    request_body = PolicyBody, responses((status = 200, body = RegisteredView), (status = "default", body = ErrorBody)))]
pub async fn default(
    State(control): State<Control>,
    Body(body): Body<PolicyBody>,
) -> Result<Json<RegisteredView>, Refusal> {
    Ok(Json(control.policy_default(&body).await?))
}

/// Forgets the default that was set: the configuration's is in force again.
#[utoipa::path(delete, path = "/v1/policy/default", operation_id = "policy-default-remove", tag = "policy",
    responses((status = 200, body = PolicyView), (status = "default", body = ErrorBody)))]
pub async fn default_remove(State(control): State<Control>) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy_default_remove().await?))
}

/// Reads exported entries back: adds those that are not there yet. The default stays as it is.
#[utoipa::path(post, path = "/v1/policy/import", operation_id = "policy-import", tag = "policy",
    request_body = ImportBody, responses((status = 200, body = RegisteredView), (status = "default", body = ErrorBody)))]
pub async fn import(
    State(control): State<Control>,
    Body(body): Body<ImportBody>,
) -> Result<Json<RegisteredView>, Refusal> {
    Ok(Json(control.policy_import(&body).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// setkey's without it.
    #[serde(default)]
    format: ExportFormat,
}

/// Every entry in one of several languages.
#[utoipa::path(get, path = "/v1/policy/export", operation_id = "policy-export", tag = "policy", params(ExportQuery),
    responses((status = 200, body = ExportView), (status = "default", body = ErrorBody)))]
pub async fn export(
    State(control): State<Control>,
    Asked(query): Asked<ExportQuery>,
) -> Result<Json<ExportView>, Refusal> {
    Ok(Json(control.policy_export(query.format).await?))
}

/// The entry that would rule a packet, and why.
#[utoipa::path(post, path = "/v1/policy/test", operation_id = "policy-test", tag = "policy", request_body = TestBody,
    responses((status = 200, body = TestView), (status = "default", body = ErrorBody)))]
pub async fn test(State(control): State<Control>, Body(body): Body<TestBody>) -> Result<Json<TestView>, Refusal> {
    Ok(Json(control.policy_test(&body).await?))
}

/// One entry.
#[utoipa::path(get, path = "/v1/policy/entries/{id}", operation_id = "policy-show", tag = "policy",
    params(("id" = String, Path, description = "`e1`")),
    responses((status = 200, body = EntryView), (status = "default", body = ErrorBody)))]
pub async fn one(State(control): State<Control>, Id(id): Id) -> Result<Json<EntryView>, Refusal> {
    Ok(Json(control.policy_entry(&id).await?))
}

/// Removes one entry, both directions; the answer comes when that is durable.
#[utoipa::path(delete, path = "/v1/policy/entries/{id}", operation_id = "policy-remove", tag = "policy",
    params(("id" = String, Path, description = "`e1`")),
    responses((status = 200, body = PolicyView), (status = "default", body = ErrorBody)))]
pub async fn remove(State(control): State<Control>, Id(id): Id) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy_remove(&id).await?))
}

/// Puts `spdadd` lines in the place of an entry and its other direction. Refused when a peer that agreed to the entry would
/// discard what they protect less.
#[utoipa::path(post, path = "/v1/policy/entries/{id}", operation_id = "policy-edit", tag = "policy",
    params(("id" = String, Path, description = "`e1`")), request_body = PolicyBody,
    responses((status = 200, body = PolicyView), (status = "default", body = ErrorBody)))]
pub async fn edit(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<PolicyBody>,
) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy_edit(&id, &body).await?))
}

/// Keeps an entry, both directions, and enforces it no longer.
#[utoipa::path(post, path = "/v1/policy/entries/{id}/disable", operation_id = "policy-disable", tag = "policy",
    params(("id" = String, Path, description = "`e1`")),
    responses((status = 200, body = PolicyView), (status = "default", body = ErrorBody)))]
pub async fn disable(State(control): State<Control>, Id(id): Id) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy_enable(&id, false).await?))
}

/// Enforces an entry again that was disabled, both directions.
#[utoipa::path(post, path = "/v1/policy/entries/{id}/enable", operation_id = "policy-enable", tag = "policy",
    params(("id" = String, Path, description = "`e1`")),
    responses((status = 200, body = PolicyView), (status = "default", body = ErrorBody)))]
pub async fn enable(State(control): State<Control>, Id(id): Id) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy_enable(&id, true).await?))
}

/// Gives an entry, both directions, an end, or takes it away.
#[utoipa::path(post, path = "/v1/policy/entries/{id}/expiry", operation_id = "policy-expire", tag = "policy",
    params(("id" = String, Path, description = "`e1`")), request_body = ExpiryBody,
    responses((status = 200, body = PolicyView), (status = "default", body = ErrorBody)))]
pub async fn expire(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<ExpiryBody>,
) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy_expire(&id, &body).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// Changes at most, up to 1,000; 50 without it.
    #[serde(default = "usual_limit")]
    limit: u32,
    /// Those that touched this entry, `e1`.
    #[serde(default)]
    entry: Option<String>,
}

fn usual_limit() -> u32 {
    50
}

/// What was changed, when and by whom, the newest first.
#[utoipa::path(get, path = "/v1/policy/history", operation_id = "policy-history", tag = "policy", params(HistoryQuery),
    responses((status = 200, body = PolicyHistoryView), (status = "default", body = ErrorBody)))]
pub async fn history(
    State(control): State<Control>,
    Asked(query): Asked<HistoryQuery>,
) -> Result<Json<PolicyHistoryView>, Refusal> {
    Ok(Json(control.policy_history(query.limit, query.entry.as_deref()).await?))
}

/// Brings back the state before a change, or before the last one. That is a change too, and can be taken back.
#[utoipa::path(post, path = "/v1/policy/undo", operation_id = "policy-undo", tag = "policy", request_body = UndoBody,
    responses((status = 200, body = PolicyView), (status = "default", body = ErrorBody)))]
pub async fn undo(State(control): State<Control>, Body(body): Body<UndoBody>) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy_undo(&body).await?))
}
