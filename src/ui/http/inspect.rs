use axum::extract::State;
use axum::Json;

use super::error::Refusal;
use super::extract::{Body, Id};
use crate::app::control::request::InspectBody;
use crate::app::control::view::{ErrorBody, InspectView};
use crate::app::control::Control;

/// What messages or documents say, and what is wrong with them.
#[utoipa::path(post, path = "/v1/inspect/{kind}", operation_id = "inspect", tag = "inspect",
    params(("kind" = String, Path, description = "`sip`, `pidf` or `sdp`")), request_body = InspectBody,
    responses((status = 200, body = InspectView), (status = "default", body = ErrorBody)))]
pub async fn inspect(
    State(control): State<Control>,
    Id(kind): Id,
    Body(body): Body<InspectBody>,
) -> Result<Json<InspectView>, Refusal> {
    Ok(Json(control.inspect(&kind, &body)?))
}
