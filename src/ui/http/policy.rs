use axum::extract::State;
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Refusal;
use super::extract::{Asked, Body, Id};
use crate::app::control::request::{ExportFormat, PolicyBody, TestBody};
use crate::app::control::view::{EntryView, ErrorBody, ExportView, PolicyView, RegisteredView, TestView};
use crate::app::control::Control;

/// Every entry in force, in lookup order, the default last.
#[utoipa::path(get, path = "/v1/policy", operation_id = "policy-list", tag = "policy",
    responses((status = 200, body = PolicyView)))]
pub async fn list(State(control): State<Control>) -> Result<Json<PolicyView>, Refusal> {
    Ok(Json(control.policy().await?))
}

/// Adds entries of our own, those that are not there yet; the answer comes when they are durable.
#[utoipa::path(post, path = "/v1/policy", operation_id = "policy-add", tag = "policy", request_body = PolicyBody,
    responses((status = 200, body = RegisteredView), (status = "default", body = ErrorBody)))]
pub async fn add(
    State(control): State<Control>,
    Body(body): Body<PolicyBody>,
) -> Result<Json<RegisteredView>, Refusal> {
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
    request_body = PolicyBody, responses((status = 200, body = RegisteredView), (status = "default", body = ErrorBody)))]
pub async fn import(
    State(control): State<Control>,
    Body(body): Body<PolicyBody>,
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
