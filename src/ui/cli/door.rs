//! The control door's client: the agent that runs on the data directory, or the same router called in process.

use std::time::Duration;

use axum::body::Body;
use axum::http::{header, Method, Request, StatusCode};
use axum::Router;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::Serialize;
use tower::ServiceExt;

use crate::app::control::view::{ErrorBody, ErrorKind, ErrorView};
use crate::app::control::{dial, Dialed, Options, Running};
use crate::ui::http;
use crate::vocab::Failure;

/// Longest answer that is read, in octets: a million entries take some 250 MB.
const MAX_ANSWER: usize = 512 << 20;

/// Between two looks whether an agent is gone.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

pub enum Door {
    /// Another process's agent.
    Theirs { options: Options },
    /// An agent of our own, for as long as this command takes.
    Ours { router: Box<Router>, running: Box<Running> },
}

/// What the door answered, when it was no error.
pub struct Reply {
    body: Vec<u8>,
}

impl Door {
    /// Reaches the running agent, or starts one here.
    pub async fn open(options: &Options) -> Result<Self, ErrorView> {
        if dial(&options.places).await.map_err(view)?.is_some() {
            return Ok(Self::Theirs { options: options.clone() });
        }
        let running = crate::app::control::start(options).await.map_err(view)?;
        let router = Box::new(http::app(running.control.clone()));
        Ok(Self::Ours { router, running: Box::new(running) })
    }

    /// Reaches the running agent only.
    pub async fn open_running(options: &Options) -> Result<Self, ErrorView> {
        match dial(&options.places).await.map_err(view)? {
            Some(_) => Ok(Self::Theirs { options: options.clone() }),
            None => Err(nobody_runs()),
        }
    }

    /// The agent ends with this command.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Ours { .. })
    }

    /// Waits until the other process's agent answers no more; `false` if it still does after `limit`.
    pub async fn gone_within(&self, limit: Duration) -> bool {
        let Self::Theirs { options } = self else { return true };
        let gone = async {
            while !matches!(dial(&options.places).await, Ok(None)) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(limit, gone).await.is_ok()
    }

    pub fn notices(&self) -> &[String] {
        match self {
            Self::Ours { running, .. } => &running.notices,
            Self::Theirs { .. } => &[],
        }
    }

    /// Says goodbye to every peer, when the agent is our own.
    pub async fn close(self) {
        if let Self::Ours { running, .. } = self {
            running.stop().await;
        }
    }

    pub async fn get(&self, path: &str) -> Result<Reply, ErrorView> {
        self.send(Method::GET, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Result<Reply, ErrorView> {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn post(&self, path: &str, body: &impl Serialize) -> Result<Reply, ErrorView> {
        self.send(Method::POST, path, Some(json(body)?)).await
    }

    pub async fn post_empty(&self, path: &str) -> Result<Reply, ErrorView> {
        self.send(Method::POST, path, None).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Reply, ErrorView> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, Body::from);
        let (status, body) = match self {
            Self::Ours { router, .. } => {
                let request = request.body(body).map_err(|_| bad_request(path))?;
                let answer = router.as_ref().clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                (answer.status(), read(answer.into_body()).await?)
            }
            Self::Theirs { options } => {
                let dialed = dial(&options.places).await.map_err(view)?.ok_or_else(nobody_runs)?;
                let request = request.header(header::AUTHORIZATION, dialed.token.bearer());
                ask(dialed, request.body(body).map_err(|_| bad_request(path))?).await?
            }
        };
        if status.is_success() {
            return Ok(Reply { body });
        }
        Err(serde_json::from_slice::<ErrorBody>(&body).map_or_else(|_| strange(status), |body| body.error))
    }
}

impl Reply {
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub fn view<T: DeserializeOwned>(&self) -> Result<T, ErrorView> {
        serde_json::from_slice(&self.body).map_err(|_| strange(StatusCode::OK))
    }
}

/// One path segment, percent-encoded (RFC 3986 section 2.1).
pub fn segment(text: &str) -> String {
    let mut out = String::new();
    for octet in text.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(octet)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

async fn ask(dialed: Dialed, request: Request<Body>) -> Result<(StatusCode, Vec<u8>), ErrorView> {
    let lost = |_| gone();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(dialed.stream)).await.map_err(lost)?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(lost)?;
    let status = answer.status();
    Ok((status, read(Body::new(answer.into_body())).await?))
}

async fn read(body: Body) -> Result<Vec<u8>, ErrorView> {
    let limited = http_body_util::Limited::new(body, MAX_ANSWER);
    limited.collect().await.map(|all| all.to_bytes().to_vec()).map_err(|_| gone())
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, ErrorView> {
    serde_json::to_vec(body).map_err(|_| bad_request("body"))
}

pub fn view(failure: Failure) -> ErrorView {
    ErrorView::from(&failure)
}

fn nobody_runs() -> ErrorView {
    let message = "no agent runs on this data directory".to_owned();
    error(
        "no-agent",
        message,
        "data directory".into(),
        "start it with `sottovoce run`, or name another one with --data-dir",
    )
}

fn gone() -> ErrorView {
    error(
        "agent-gone",
        "the agent went away".into(),
        "control door".into(),
        "see its log, start it again, and repeat the command",
    )
}

fn strange(status: StatusCode) -> ErrorView {
    let message = format!("the agent answered {status} in a form that this command does not read");
    error(
        "another-version",
        message,
        "control door".into(),
        "the running agent may be of another version: stop it and start this one",
    )
}

fn bad_request(what: &str) -> ErrorView {
    error("bad-request", format!("{what} cannot be sent"), what.into(), "write it as --help shows")
}

fn error(code: &str, message: String, subject: String, next: &str) -> ErrorView {
    ErrorView { code: code.into(), message, subject, next: next.into(), kind: ErrorKind::Failed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(segment("sip:bob@h/../x?y#z"), "sip%3Abob%40h%2F..%2Fx%3Fy%23z");
    }
}
