//! Who may come in: whoever has the token, from this machine. A page of another site may neither send requests here
//! (Origin) nor reach us under a name of its own (Host, against DNS rebinding); there is no CORS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{header, HeaderMap};
use axum::middleware::{from_fn_with_state, Next};
use axum::response::{IntoResponse, Response};
use axum::Router;
use tokio::sync::Semaphore;

use super::error::{refusal, Refusal};
use crate::app::control::Token;
use crate::vocab::{Failure, FailureKind};

/// Requests at once; one more is refused with `door-busy`.
const MAX_REQUESTS: usize = 128;
/// What requests under way get when the agent stops.
pub const LAST_CALL: Duration = Duration::from_millis(200);

/// What one socket asks of a request.
#[derive(Clone)]
pub struct Gate {
    token: Token,
    /// What it listens on; `None` on the Unix socket, where a host's port means nothing.
    bound: Option<SocketAddr>,
    places: Arc<Semaphore>,
}

impl Gate {
    pub fn tcp(token: Token, bound: SocketAddr) -> Self {
        Self { token, bound: Some(bound), places: Arc::new(Semaphore::new(MAX_REQUESTS)) }
    }

    pub fn unix(token: Token) -> Self {
        Self { token, bound: None, places: Arc::new(Semaphore::new(MAX_REQUESTS)) }
    }

    fn admits(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.host(headers)?;
        self.origin(headers)?;
        let presented = single(headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        match presented {
            Some(presented) if self.token.is(presented.trim()) => Ok(()),
            _ => Err(refusal(
                "not-authorized",
                "the token is missing or wrong".to_owned(),
                "Authorization",
                "send `Authorization: Bearer TOKEN` with the content of control.token in the data directory",
            )),
        }
    }

    fn host(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if single(headers, header::HOST).is_some_and(|host| self.is_ours(host)) {
            return Ok(());
        }
        let message = "the Host header names no loopback address of this door".to_owned();
        Err(refusal(
            "foreign-host",
            message,
            "Host",
            "use http://localhost, or the loopback address that the door listens on, and its port",
        ))
    }

    /// No Origin comes from programs, our own from our pages.
    fn origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if !headers.contains_key(header::ORIGIN) {
            return Ok(());
        }
        let origin = single(headers, header::ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
        if origin.is_some_and(|host| self.is_ours(host)) {
            return Ok(());
        }
        let message = "the request comes from a page of another site".to_owned();
        Err(refusal("foreign-origin", message, "Origin", "open the agent's own page, or use the command line"))
    }

    /// `localhost:8060`, `127.0.0.1:8060`, `[::1]:8060`, and the loopback address that it listens on; without a port
    /// it is 80 (RFC 9110 section 4.2.1).
    fn is_ours(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse::<u16>().ok()),
            _ => (host, Some(80)),
        };
        let loopback = name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]";
        (loopback || self.is_bound(name)) && self.bound.is_none_or(|bound| port == Some(bound.port()))
    }

    /// The very address, as one writes it.
    fn is_bound(&self, name: &str) -> bool {
        self.bound.is_some_and(|bound| bound.ip().is_loopback() && bound.ip().to_string() == name)
    }
}

/// The router behind the gate.
pub fn guarded(router: Router, gate: Gate) -> Router {
    router.layer(from_fn_with_state(gate, pass))
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if let Err(refusal) = gate.admits(request.headers()) {
        // Who has no token must not keep a connection by asking again and again.
        return ([(header::CONNECTION, "close")], refusal).into_response();
    }
    let Ok(_place) = gate.places.try_acquire() else {
        return Refusal(busy()).into_response();
    };
    next.run(request).await
}

/// The value of a header that stands there exactly once.
fn single(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn busy() -> Failure {
    let message = format!("{MAX_REQUESTS} requests are under way already");
    Failure::new(FailureKind::Failed, "door-busy", message, "control door", "try again in a moment")
}
