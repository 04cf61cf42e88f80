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
use crate::app::control::{PageLine, Pages, Token};
use crate::vocab::{Failure, FailureKind};

/// Requests at once; one more is refused with `door-busy`.
const MAX_REQUESTS: usize = 128;
/// Requests at once of those who have no token; these take no places of the others.
const MAX_UNLOCKED: usize = 16;
/// What such a request may take, its body included.
const UNLOCKED_LIMIT: Duration = Duration::from_secs(2);
/// What requests under way get when the agent stops.
pub const LAST_CALL: Duration = Duration::from_millis(200);

/// What one socket asks of a request.
#[derive(Clone)]
pub struct Gate {
    token: Token,
    pages: Pages,
    /// What it listens on; `None` on the Unix socket, where a host's port means nothing.
    bound: Option<SocketAddr>,
    places: Arc<Semaphore>,
    unlocked: Arc<Semaphore>,
}

impl Gate {
    pub fn tcp(token: Token, pages: Pages, bound: SocketAddr) -> Self {
        Self { token, pages, bound: Some(bound), places: places(MAX_REQUESTS), unlocked: places(MAX_UNLOCKED) }
    }

    pub fn unix(token: Token, pages: Pages) -> Self {
        Self { token, pages, bound: None, places: places(MAX_REQUESTS), unlocked: places(MAX_UNLOCKED) }
    }

    /// By the token; or a page, for as long as its line stands.
    fn admits(&self, headers: &HeaderMap) -> Result<Option<PageLine>, Refusal> {
        self.is_from_here(headers)?;
        let presented = single(headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let presented = presented.unwrap_or_default().trim();
        if self.token.is(presented) {
            return Ok(None);
        }
        match self.pages.knows(presented) {
            Some(line) => Ok(Some(line)),
            None => Err(refusal(
                "not-authorized",
                "the token is missing or wrong".to_owned(),
                "Authorization",
                "send `Authorization: Bearer TOKEN` with the content of control.token in the data directory",
            )),
        }
    }

    /// Not from a page of another site.
    fn is_from_here(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.host(headers)?;
        self.origin(headers)
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

/// What anybody on this machine may see, who has no token yet: behind the gate's other checks.
pub fn unlocked(router: Router, gate: Gate) -> Router {
    router.layer(from_fn_with_state(gate, pass_without_token))
}

async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match gate.admits(request.headers()) {
        Err(refusal) => return closing(refusal),
        Ok(Some(line)) => drop(request.extensions_mut().insert(line)),
        Ok(None) => {}
    }
    let Ok(_place) = gate.places.try_acquire() else {
        return Refusal(busy(MAX_REQUESTS)).into_response();
    };
    kept_by_nobody(next.run(request).await)
}

async fn pass_without_token(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if let Err(refusal) = gate.is_from_here(request.headers()) {
        return closing(refusal);
    }
    let Ok(_place) = gate.unlocked.try_acquire() else {
        return closing(Refusal(busy(MAX_UNLOCKED)));
    };
    match tokio::time::timeout(UNLOCKED_LIMIT, next.run(request)).await {
        Ok(answer) => ([(header::CONNECTION, "close")], answer).into_response(),
        Err(_) => closing(Refusal(busy(MAX_UNLOCKED))),
    }
}

/// Who has no token must not keep a connection by asking again and again.
fn closing(refusal: Refusal) -> Response {
    ([(header::CONNECTION, "close")], refusal).into_response()
}

/// What is told to one who has the token stands in no cache.
fn kept_by_nobody(answer: Response) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
}

fn places(how_many: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(how_many))
}

/// The value of a header that stands there exactly once.
fn single(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn busy(most: usize) -> Failure {
    let message = format!("{most} requests are under way already");
    Failure::new(FailureKind::Failed, "door-busy", message, "control door", "try again in a moment")
}
