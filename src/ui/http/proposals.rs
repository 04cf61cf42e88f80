use axum::extract::State;
use axum::Json;

use super::asks::WaitQuery;
use super::error::Refusal;
use super::extract::{Asked, Id};
use crate::app::control::view::{ErrorBody, ProposalList, ProposalView};
use crate::app::control::Control;

/// Looser policies that were proposed, by you and to you.
#[utoipa::path(get, path = "/v1/proposals", operation_id = "proposal-list", tag = "reviews",
    responses((status = 200, body = ProposalList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<ProposalList>, Refusal> {
    Ok(Json(control.proposals().await?))
}

/// One proposal; with `wait` once it has its end.
#[utoipa::path(get, path = "/v1/proposals/{id}", operation_id = "proposal-show", tag = "reviews",
    params(("id" = String, Path, description = "`n1`"), WaitQuery),
    responses((status = 200, body = ProposalView), (status = "default", body = ErrorBody)))]
pub async fn one(
    State(control): State<Control>,
    Id(id): Id,
    Asked(wait): Asked<WaitQuery>,
) -> Result<Json<ProposalView>, Refusal> {
    Ok(Json(control.proposal(&id, &wait.into()).await?))
}

/// Takes back a proposal of yours that waits; or what you agreed to with a peer that has not used it yet.
#[utoipa::path(delete, path = "/v1/proposals/{id}", operation_id = "proposal-cancel", tag = "reviews",
    params(("id" = String, Path, description = "`n1`, or the peer, `sip:bob@192.168.1.2`, percent-encoded")),
    responses((status = 200, body = ProposalList), (status = "default", body = ErrorBody)))]
pub async fn cancel(State(control): State<Control>, Id(id): Id) -> Result<Json<ProposalList>, Refusal> {
    Ok(Json(control.proposal_cancel(&id).await?))
}
