use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::{Body, Id};
use crate::app::control::request::{ContactBody, ContactChangeBody, GroupBody, GroupChangeBody};
use crate::app::control::view::{ContactList, ContactView, ErrorBody, GroupList, GroupView};
use crate::app::control::Control;

/// Every contact, by name.
#[utoipa::path(get, path = "/v1/contacts", operation_id = "contact-list", tag = "contacts",
    responses((status = 200, body = ContactList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<ContactList>, Refusal> {
    Ok(Json(control.contacts().await?))
}

/// Saves somebody under a name.
#[utoipa::path(post, path = "/v1/contacts", operation_id = "contact-add", tag = "contacts", request_body = ContactBody,
    responses((status = 200, body = ContactView), (status = "default", body = ErrorBody)))]
pub async fn add(State(control): State<Control>, Body(body): Body<ContactBody>) -> Result<Json<ContactView>, Refusal> {
    Ok(Json(control.contact_add(&body).await?))
}

/// One contact.
#[utoipa::path(get, path = "/v1/contacts/{name}", operation_id = "contact-show", tag = "contacts",
    params(("name" = String, Path, description = "Its name or entity, percent-encoded")),
    responses((status = 200, body = ContactView), (status = "default", body = ErrorBody)))]
pub async fn one(State(control): State<Control>, Id(name): Id) -> Result<Json<ContactView>, Refusal> {
    Ok(Json(control.contact(&name).await?))
}

/// Changes a contact; a group is another for what is told and sent from now on.
#[utoipa::path(post, path = "/v1/contacts/{name}", operation_id = "contact-set", tag = "contacts",
    params(("name" = String, Path, description = "Its name or entity, percent-encoded")),
    request_body = ContactChangeBody,
    responses((status = 200, body = ContactView), (status = "default", body = ErrorBody)))]
pub async fn set(
    State(control): State<Control>,
    Id(name): Id,
    Body(body): Body<ContactChangeBody>,
) -> Result<Json<ContactView>, Refusal> {
    Ok(Json(control.contact_set(&name, &body).await?))
}

/// Forgets a contact. Its keys and its policy stay.
#[utoipa::path(delete, path = "/v1/contacts/{name}", operation_id = "contact-remove", tag = "contacts",
    params(("name" = String, Path, description = "Its name or entity, percent-encoded")),
    responses((status = 200, body = ContactList), (status = "default", body = ErrorBody)))]
pub async fn remove(State(control): State<Control>, Id(name): Id) -> Result<Json<ContactList>, Refusal> {
    Ok(Json(control.contact_remove(&name).await?))
}

/// Every group; `unknown`, everybody else, is the last one.
#[utoipa::path(get, path = "/v1/groups", operation_id = "group-list", tag = "contacts",
    responses((status = 200, body = GroupList)))]
pub async fn groups(State(control): State<Control>) -> Result<Json<GroupList>, Refusal> {
    Ok(Json(control.groups().await?))
}

/// Makes a further group.
#[utoipa::path(post, path = "/v1/groups", operation_id = "group-add", tag = "contacts", request_body = GroupBody,
    responses((status = 200, body = GroupView), (status = "default", body = ErrorBody)))]
pub async fn group_add(
    State(control): State<Control>,
    Body(body): Body<GroupBody>,
) -> Result<Json<GroupView>, Refusal> {
    Ok(Json(control.group_add(&body).await?))
}

/// Changes what a group says; those who follow you are told what they may know now at once.
#[utoipa::path(post, path = "/v1/groups/{name}", operation_id = "group-set", tag = "contacts",
    params(("name" = String, Path, description = "`friend`")), request_body = GroupChangeBody,
    responses((status = 200, body = GroupView), (status = "default", body = ErrorBody)))]
pub async fn group_set(
    State(control): State<Control>,
    Id(name): Id,
    Body(body): Body<GroupChangeBody>,
) -> Result<Json<GroupView>, Refusal> {
    Ok(Json(control.group_set(&name, &body).await?))
}

/// Removes a group that you made and that has no members.
#[utoipa::path(delete, path = "/v1/groups/{name}", operation_id = "group-remove", tag = "contacts",
    params(("name" = String, Path, description = "`work`")),
    responses((status = 200, body = GroupList), (status = "default", body = ErrorBody)))]
pub async fn group_remove(State(control): State<Control>, Id(name): Id) -> Result<Json<GroupList>, Refusal> {
    Ok(Json(control.group_remove(&name).await?))
}
