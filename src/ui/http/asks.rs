use axum::extract::State;
use axum::http::StatusCode;
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Refusal;
use super::extract::{Asked, Body, Id};
use crate::app::control::request::AskBody;
use crate::app::control::view::{AskList, AskView, ErrorBody};
use crate::app::control::{Control, Wait};

/// A long poll.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WaitQuery {
    /// Answer at the latest after so many seconds, 600 at most; at once without it.
    #[serde(default)]
    wait: u32,
    /// Wait as long as the state is one of these, separated by commas; without it, as long as only the agent can do something.
    #[serde(default, rename = "while")]
    through: Option<String>,
}

impl From<WaitQuery> for Wait {
    fn from(query: WaitQuery) -> Self {
        let through = query.through.map(|states| states.split(',').map(str::to_owned).collect());
        Self { limit: std::time::Duration::from_secs(query.wait.into()), through }
    }
}

/// Every ask, oldest first.
#[utoipa::path(get, path = "/v1/asks", operation_id = "asks", tag = "asks", responses((status = 200, body = AskList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<AskList>, Refusal> {
    Ok(Json(control.asks().await?))
}

/// Asks a peer for its presence, its policy, or both.
#[utoipa::path(post, path = "/v1/asks", operation_id = "ask", tag = "asks", request_body = AskBody,
    responses((status = 201, body = AskView), (status = "default", body = ErrorBody)))]
pub async fn start(
    State(control): State<Control>,
    Body(body): Body<AskBody>,
) -> Result<(StatusCode, Json<AskView>), Refusal> {
    Ok((StatusCode::CREATED, Json(control.ask(&body).await?)))
}

/// One ask; with `wait` once it needs somebody or is settled.
#[utoipa::path(get, path = "/v1/asks/{id}", operation_id = "ask-show", tag = "asks",
    params(("id" = String, Path, description = "`a1`"), WaitQuery),
    responses((status = 200, body = AskView), (status = "default", body = ErrorBody)))]
pub async fn one(
    State(control): State<Control>,
    Id(id): Id,
    Asked(wait): Asked<WaitQuery>,
) -> Result<Json<AskView>, Refusal> {
    Ok(Json(control.ask_view(&id, &wait.into()).await?))
}

/// Gives an ask up.
#[utoipa::path(delete, path = "/v1/asks/{id}", operation_id = "ask-cancel", tag = "asks",
    params(("id" = String, Path, description = "`a1`")),
    responses((status = 200, body = AskView), (status = "default", body = ErrorBody)))]
pub async fn cancel(State(control): State<Control>, Id(id): Id) -> Result<Json<AskView>, Refusal> {
    Ok(Json(control.cancel_ask(&id).await?))
}
