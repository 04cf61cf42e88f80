//! Parts of a request, read so that what is wrong with them is told in our own form.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{header, HeaderMap};
use serde::de::DeserializeOwned;

use super::error::{refusal, shown, Refusal};

/// A JSON body.
pub struct Body<T>(pub T);

/// The one variable part of a path.
pub struct Id(pub String);

/// What stands behind the question mark.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            let message = "the body is not application/json".to_owned();
            return Err(refusal("body-type", message, "Content-Type", "send JSON, and say so in Content-Type"));
        }
        let octets = Bytes::from_request(request, state).await.map_err(|_| too_large())?;
        serde_json::from_slice(&octets).map(Self).map_err(|error| {
            let message = format!("the body cannot be read: {}", shown(&error.to_string()));
            refusal("bad-body", message, "body", "see /v1/openapi.json for what this path expects")
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| {
            let path = shown(parts.uri.path());
            refusal("bad-path", format!("{path} is no text"), &path, "Percent-encode it as UTF-8.")
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|error| {
            let message = format!("the query cannot be read: {}", shown(&error.body_text()));
            refusal("bad-query", message, "query", "see /v1/openapi.json for what this path expects")
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn too_large() -> Refusal {
    let message = format!("the body is longer than {} octets, or broke off", super::MAX_BODY);
    refusal("body-too-large", message, "body", "send less at once")
}
