//! Every answer that is not a success has an [`ErrorBody`], also those that no handler of ours gave.

use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::Json;

use crate::app::control::view::ErrorBody;
use crate::vocab::{escape, Failure, FailureKind};

/// A failure on its way out.
#[derive(Debug)]
pub struct Refusal(pub Failure);

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (status(&self.0), Json(ErrorBody::from(&self.0))).into_response()
    }
}

/// What cannot be done as things are now, by no fault of the agent: its user looks again, and does something else.
const OVERTAKEN: [&str; 8] = [
    "agreement-lapsed",
    "call-gone",
    "change-overtaken",
    "no-peer-address",
    "policy-full",
    "policy-stale",
    "review-closed",
    "review-stale",
];

/// The HTTP status that fits a failure.
fn status(failure: &Failure) -> StatusCode {
    match failure.code {
        code if code.starts_with("no-such-") => StatusCode::NOT_FOUND,
        "agent-silent" | "agent-stopped" | "agent-stops" | "door-busy" | "store-busy" | "store-closed"
        | "store-locked" => StatusCode::SERVICE_UNAVAILABLE,
        "body-too-large" => StatusCode::PAYLOAD_TOO_LARGE,
        "body-type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "foreign-host" | "foreign-origin" => StatusCode::FORBIDDEN,
        "method-not-allowed" => StatusCode::METHOD_NOT_ALLOWED,
        "not-authorized" => StatusCode::UNAUTHORIZED,
        "disk-full" => StatusCode::INSUFFICIENT_STORAGE,
        "too-many-asks" | "too-many-calls" | "too-many-texts" | "too-many-watches" => StatusCode::TOO_MANY_REQUESTS,
        code if OVERTAKEN.contains(&code) => StatusCode::CONFLICT,
        _ => match failure.kind {
            FailureKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            FailureKind::RefusedByPolicy | FailureKind::RefusedByUser | FailureKind::Trust => StatusCode::CONFLICT,
            FailureKind::Unreachable => StatusCode::GATEWAY_TIMEOUT,
            FailureKind::Usage => StatusCode::BAD_REQUEST,
        },
    }
}

pub async fn no_such_path(uri: Uri) -> Refusal {
    let path = shown(uri.path());
    let next = "see /v1/openapi.json for the paths there are";
    refusal("no-such-path", format!("there is no {path}"), &path, next)
}

pub async fn no_such_method(method: Method, uri: Uri) -> Refusal {
    let path = shown(uri.path());
    let message = format!("{} is not allowed on {path}", shown(method.as_str()));
    refusal("method-not-allowed", message, &path, "see /v1/openapi.json for the methods there are")
}

/// A request that is wrong in itself.
pub fn refusal(code: &'static str, message: String, subject: &str, next: &str) -> Refusal {
    Refusal(Failure::new(FailureKind::Usage, code, message, subject, next))
}

/// What a client sent, short and safe to print.
pub fn shown(text: &str) -> String {
    escape(&text.chars().take(200).collect::<String>())
}
