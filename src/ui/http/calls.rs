use axum::extract::State;
use axum::http::StatusCode;
use axum::Json;

use super::asks::WaitQuery;
use super::error::Refusal;
use super::extract::{Asked, Body, Id};
use crate::app::control::request::{
    CallBody, ConferenceBody, DigitsBody, RecordingBody, RelaxBody, TightenBody, TransferBody,
};
use crate::app::control::view::{
    AskView, CallList, CallView, ConferenceView, DigitsView, ErrorBody, HoldView, TransferView,
};
use crate::app::control::Control;

/// Every call, oldest first.
#[utoipa::path(get, path = "/v1/calls", operation_id = "calls", tag = "calls",
    responses((status = 200, body = CallList)))]
pub async fn list(State(control): State<Control>) -> Result<Json<CallList>, Refusal> {
    Ok(Json(control.calls().await?))
}

/// Calls a peer; without an approved policy the ask and its review come first.
#[utoipa::path(post, path = "/v1/calls", operation_id = "call", tag = "calls", request_body = CallBody,
    responses((status = 201, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn start(
    State(control): State<Control>,
    Body(body): Body<CallBody>,
) -> Result<(StatusCode, Json<CallView>), Refusal> {
    Ok((StatusCode::CREATED, Json(control.call(&body).await?)))
}

/// One call; with `wait` once it is set up, needs somebody or is over; with `while=rekeying` once it goes on under the keys that we asked for.
#[utoipa::path(get, path = "/v1/calls/{id}", operation_id = "call-show", tag = "calls",
    params(("id" = String, Path, description = "`c1`"), WaitQuery),
    responses((status = 200, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn one(
    State(control): State<Control>,
    Id(id): Id,
    Asked(wait): Asked<WaitQuery>,
) -> Result<Json<CallView>, Refusal> {
    Ok(Json(control.call_view(&id, &wait.into()).await?))
}

/// Answers an incoming call, or places one that the peer of another call wants.
#[utoipa::path(post, path = "/v1/calls/{id}/answer", operation_id = "answer", tag = "calls",
    params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn answer(State(control): State<Control>, Id(id): Id) -> Result<Json<CallView>, Refusal> {
    Ok(Json(control.answer_call(&id).await?))
}

/// Rejects an incoming call, or one that the peer of another call wants.
#[utoipa::path(post, path = "/v1/calls/{id}/reject", operation_id = "reject", tag = "calls",
    params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn reject(State(control): State<Control>, Id(id): Id) -> Result<Json<CallView>, Refusal> {
    Ok(Json(control.reject_call(&id).await?))
}

/// Holds a call: nothing is heard and nothing is said until it is taken up again.
#[utoipa::path(post, path = "/v1/calls/{id}/hold", operation_id = "hold", tag = "calls",
    params(("id" = String, Path, description = "`c1`")),
    responses((status = 202, body = HoldView), (status = "default", body = ErrorBody)))]
pub async fn hold(State(control): State<Control>, Id(id): Id) -> Result<(StatusCode, Json<HoldView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(control.hold(&id, true).await?)))
}

/// Takes a call up again that was held.
#[utoipa::path(post, path = "/v1/calls/{id}/resume", operation_id = "resume", tag = "calls",
    params(("id" = String, Path, description = "`c1`")),
    responses((status = 202, body = HoldView), (status = "default", body = ErrorBody)))]
pub async fn resume(State(control): State<Control>, Id(id): Id) -> Result<(StatusCode, Json<HoldView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(control.hold(&id, false).await?)))
}

/// You hear on in a call and are not heard.
#[utoipa::path(post, path = "/v1/calls/{id}/mute", operation_id = "mute", tag = "calls",
    params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn mute(State(control): State<Control>, Id(id): Id) -> Result<Json<CallView>, Refusal> {
    Ok(Json(control.mute(&id, true).await?))
}

/// You are heard again.
#[utoipa::path(delete, path = "/v1/calls/{id}/mute", operation_id = "unmute", tag = "calls",
    params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn unmute(State(control): State<Control>, Id(id): Id) -> Result<Json<CallView>, Refusal> {
    Ok(Json(control.mute(&id, false).await?))
}

/// What became of holding a call, or of taking it up again; with `wait` once that is known.
#[utoipa::path(get, path = "/v1/calls/{id}/hold", operation_id = "hold-show", tag = "calls",
    params(("id" = String, Path, description = "`c1`"), WaitQuery),
    responses((status = 200, body = HoldView), (status = "default", body = ErrorBody)))]
pub async fn held(
    State(control): State<Control>,
    Id(id): Id,
    Asked(wait): Asked<WaitQuery>,
) -> Result<Json<HoldView>, Refusal> {
    Ok(Json(control.hold_view(&id, &wait.into()).await?))
}

/// Protects a running call better: tighter rules for its peer, and new keys.
#[utoipa::path(post, path = "/v1/calls/{id}/tighten", operation_id = "tighten", tag = "calls",
    request_body = TightenBody, params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn tighten(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<TightenBody>,
) -> Result<Json<CallView>, Refusal> {
    Ok(Json(control.tighten(&id, &body).await?))
}

/// Protects a running call less, if the peer agrees: it is asked, and by a proposal its user where it asks for more. What becomes of it
/// is told by the ask; when that is registered the call goes on under it.
#[utoipa::path(post, path = "/v1/calls/{id}/relax", operation_id = "relax", tag = "calls",
    request_body = RelaxBody, params(("id" = String, Path, description = "`c1`")),
    responses((status = 202, body = AskView), (status = "default", body = ErrorBody)))]
pub async fn relax(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<RelaxBody>,
) -> Result<(StatusCode, Json<AskView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(control.relax(&id, &body).await?)))
}

/// Asks the peer of a call to call somebody else.
#[utoipa::path(post, path = "/v1/calls/{id}/transfer", operation_id = "transfer", tag = "calls",
    request_body = TransferBody, params(("id" = String, Path, description = "`c1`")),
    responses((status = 202, body = TransferView), (status = "default", body = ErrorBody)))]
pub async fn transfer(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<TransferBody>,
) -> Result<(StatusCode, Json<TransferView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(control.transfer(&id, &body).await?)))
}

/// What became of a call's transfer; with `wait` once that is known.
#[utoipa::path(get, path = "/v1/calls/{id}/transfer", operation_id = "transfer-show", tag = "calls",
    params(("id" = String, Path, description = "`c1`"), WaitQuery),
    responses((status = 200, body = TransferView), (status = "default", body = ErrorBody)))]
pub async fn transferred(
    State(control): State<Control>,
    Id(id): Id,
    Asked(wait): Asked<WaitQuery>,
) -> Result<Json<TransferView>, Refusal> {
    Ok(Json(control.transfer_view(&id, &wait.into()).await?))
}

/// Records both sides of a call into a file.
#[utoipa::path(post, path = "/v1/calls/{id}/recording", operation_id = "record", tag = "calls",
    request_body = RecordingBody, params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn record(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<RecordingBody>,
) -> Result<Json<CallView>, Refusal> {
    Ok(Json(control.record(&id, &body).await?))
}

/// Ends that recording; the file is whole when the call does not name it any more.
#[utoipa::path(delete, path = "/v1/calls/{id}/recording", operation_id = "record-stop", tag = "calls",
    params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = CallView), (status = "default", body = ErrorBody)))]
pub async fn stop_recording(State(control): State<Control>, Id(id): Id) -> Result<Json<CallView>, Refusal> {
    Ok(Json(control.stop_recording(&id).await?))
}

/// Puts two calls together: their peers hear you and each other.
#[utoipa::path(post, path = "/v1/calls/{id}/conference", operation_id = "conference", tag = "calls",
    request_body = ConferenceBody, params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = ConferenceView), (status = "default", body = ErrorBody)))]
pub async fn confer(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<ConferenceBody>,
) -> Result<Json<ConferenceView>, Refusal> {
    Ok(Json(control.confer(&id, &body).await?))
}

/// Presses keys of the telephone in a call, one after the other.
#[utoipa::path(post, path = "/v1/calls/{id}/digits", operation_id = "digits", tag = "calls",
    request_body = DigitsBody, params(("id" = String, Path, description = "`c1`")),
    responses((status = 202, body = DigitsView), (status = "default", body = ErrorBody)))]
pub async fn dial(
    State(control): State<Control>,
    Id(id): Id,
    Body(body): Body<DigitsBody>,
) -> Result<(StatusCode, Json<DigitsView>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(control.dial(&id, &body).await?)))
}

/// Ends one call.
#[utoipa::path(delete, path = "/v1/calls/{id}", operation_id = "hangup", tag = "calls",
    params(("id" = String, Path, description = "`c1`")),
    responses((status = 200, body = CallList), (status = "default", body = ErrorBody)))]
pub async fn hangup(State(control): State<Control>, Id(id): Id) -> Result<Json<CallList>, Refusal> {
    Ok(Json(control.hangup(Some(&id)).await?))
}

/// Ends every call.
#[utoipa::path(delete, path = "/v1/calls", operation_id = "hangup-all", tag = "calls",
    responses((status = 200, body = CallList), (status = "default", body = ErrorBody)))]
pub async fn hangup_all(State(control): State<Control>) -> Result<Json<CallList>, Refusal> {
    Ok(Json(control.hangup(None).await?))
}
