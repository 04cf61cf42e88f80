use axum::body::Body;
use axum::http::{header, Method, Request, StatusCode};
use axum::Router;
use http_body_util::BodyExt;
use serde_json::{json, Value};
use tower::ServiceExt;

use super::guard::{guarded, Gate};
use super::{app, MAX_BODY};
use crate::agent::{
    Accepted, AskState, Call, CallState, Command, Event, Hold, HoldState, ReviewState, Transfer, TransferRequest,
    TransferState, TransferTo,
};
use crate::app::control::tests::{ask, call, presence, review, Cardboard};
use crate::app::control::{Control, Pages, Token};
use crate::vocab::{AskId, CallId, Failure, FailureKind, Generation};

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{:?} is no JSON", body)))
}

async fn get(router: &Router, path: &str) -> (StatusCode, Value) {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post(router: &Router, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    send(router, request.body(Body::from(body.to_string())).unwrap()).await
}

/// Holds a body against the published description; a field that the description does not know fails too.
fn conforms(body: &Value, schema: &str) {
    let mut description = serde_json::to_value(super::openapi()).unwrap();
    let mut components = description["components"].take();
    for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = json!(false);
        }
    }
    let whole = json!({"$ref": format!("#/components/schemas/{schema}"), "components": components});
    let validator = jsonschema::validator_for(&whole).unwrap();
    let problems: Vec<_> =
        validator.iter_errors(body).map(|error| format!("{} at {}", error, error.instance_path)).collect();
    assert!(problems.is_empty(), "{schema}: {problems:?}");
}

fn code(answer: &Value) -> &str {
    conforms(answer, "ErrorBody");
    let error = answer["error"].as_object().unwrap();
    for field in ["code", "message", "subject", "next"] {
        assert!(error[field].is_string(), "{answer}");
    }
    error["code"].as_str().unwrap()
}

#[tokio::test]
async fn an_ask_is_started_listed_shown_and_cancelled() {
    let (agent, control) = Cardboard::new();
    let door = app(control);
    agent.state().asks = vec![ask(AskState::Asking)];
    agent.state().answers.push_back(Ok(Accepted::Ask(AskId(1))));
    let (status, body) = post(&door, "/v1/asks", &json!({"peer": "192.168.1.2"})).await;
    assert_eq!((status, &body["state"]), (StatusCode::CREATED, &json!("asking")));
    assert_eq!(get(&door, "/v1/asks").await.1["asks"][0]["id"], "a1");
    agent.state().asks = vec![ask(AskState::Cancelled)];
    let (status, body) = get(&door, "/v1/asks/a1?wait=600").await;
    assert_eq!((status, &body["state"]), (StatusCode::OK, &json!("cancelled")));
    let cancel = Request::delete("/v1/asks/a1").body(Body::empty()).unwrap();
    assert_eq!(send(&door, cancel).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_review_is_answered_through_the_door() {
    let (agent, control) = Cardboard::new();
    let door = app(control);
    agent.state().reviews = vec![review(ReviewState::Registered { generation: Generation(5), by: "control" })];
    let answer = json!({"answer": "approve", "rules": "ipsec ah/transport//require esp/transport//require"});
    let (status, body) = post(&door, "/v1/reviews/r1/answer", &answer).await;
    assert_eq!((status, &body["generation"]), (StatusCode::OK, &json!(5)));
    let looser = Failure::new(FailureKind::RefusedByPolicy, "looser-than-asked", "no", "bob", "nothing");
    agent.state().answers.push_back(Err(looser));
    let (status, body) = post(&door, "/v1/reviews/r1/answer", &json!({"answer": "approve"})).await;
    assert_eq!((status, code(&body)), (StatusCode::CONFLICT, "looser-than-asked"));
    let (status, body) = post(&door, "/v1/reviews/r1/answer", &json!({"answer": "edit", "entries": "spdad"})).await;
    assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "bad-policy-text"));
}

#[tokio::test]
async fn every_failure_is_an_error_body_with_a_fitting_status() {
    let (agent, control) = Cardboard::new();
    let door = app(control);
    for (path, status, expected) in [
        ("/", StatusCode::NOT_FOUND, "no-such-path"),
        ("/v1/nothing", StatusCode::NOT_FOUND, "no-such-path"),
        ("/v1/asks/a9", StatusCode::NOT_FOUND, "no-such-ask"),
        ("/v1/asks/%ff", StatusCode::BAD_REQUEST, "bad-path"),
        ("/v1/reviews/zzz", StatusCode::NOT_FOUND, "no-such-review"),
        ("/v1/calls/c1", StatusCode::NOT_FOUND, "no-such-call"),
        ("/v1/calls/c1?wait=soon", StatusCode::BAD_REQUEST, "bad-query"),
        ("/v1/calls/c1?color=red", StatusCode::BAD_REQUEST, "bad-query"),
        ("/v1/policy/entries/e3", StatusCode::NOT_FOUND, "no-such-entry"),
        ("/v1/presence/sip:carol@h", StatusCode::NOT_FOUND, "no-such-presence"),
        ("/v1/stop", StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
    ] {
        let (found, body) = get(&door, path).await;
        assert_eq!((found, code(&body)), (status, expected), "{path}");
    }
    for (kind, status) in [
        (FailureKind::Failed, StatusCode::INTERNAL_SERVER_ERROR),
        (FailureKind::RefusedByPolicy, StatusCode::CONFLICT),
        (FailureKind::Trust, StatusCode::CONFLICT),
        (FailureKind::Unreachable, StatusCode::GATEWAY_TIMEOUT),
    ] {
        agent.state().answers.push_back(Err(Failure::new(kind, "x", "m", "s", "n")));
        let (found, body) = post(&door, "/v1/asks", &json!({"peer": "h"})).await;
        assert_eq!((found, body["error"]["message"].as_str()), (status, Some("m")));
    }
    // What a user can do something about is no fault of the agent.
    for (code, status) in [
        ("change-overtaken", StatusCode::CONFLICT),
        ("policy-stale", StatusCode::CONFLICT),
        ("review-closed", StatusCode::CONFLICT),
        ("policy-full", StatusCode::CONFLICT),
        ("too-many-asks", StatusCode::TOO_MANY_REQUESTS),
        ("disk-full", StatusCode::INSUFFICIENT_STORAGE),
        ("store-locked", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        agent.state().answers.push_back(Err(Failure::new(FailureKind::Failed, code, "m", "s", "n")));
        assert_eq!(post(&door, "/v1/asks", &json!({"peer": "h"})).await.0, status, "{code}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_json_and_of_known_fields() {
    let (agent, control) = Cardboard::new();
    let door = app(control);
    let raw = |kind: &str, body: String| {
        Request::post("/v1/asks").header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()
    };
    for (request, status, expected) in [
        (raw("text/plain", "{}".to_owned()), StatusCode::UNSUPPORTED_MEDIA_TYPE, "body-type"),
        (raw("application/json", "{".to_owned()), StatusCode::BAD_REQUEST, "bad-body"),
        (raw("application/json", "{\"peer\":\"h\",\"color\":1}".to_owned()), StatusCode::BAD_REQUEST, "bad-body"),
        (raw("application/json", " ".repeat(MAX_BODY + 1)), StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
    ] {
        let (found, body) = send(&door, request).await;
        assert_eq!((found, code(&body)), (status, expected));
    }
    assert!(agent.state().commands.is_empty());
}

#[tokio::test]
async fn the_rest_of_the_rooms_answer() {
    let (agent, control) = Cardboard::new();
    let door = app(control);
    agent.state().asks = vec![ask(AskState::Refused)];
    agent.state().calls = vec![call(CallState::Ended { reason: "bye".to_owned() })];
    agent.state().reviews = vec![review(ReviewState::Pending)];
    agent.state().presences = vec![presence("sip:bob@192.168.1.2")];
    for (path, schema) in [
        ("/v1/asks", "AskList"),
        ("/v1/asks/a1?wait=1", "AskView"),
        ("/v1/status", "StatusView"),
        ("/v1/calls", "CallList"),
        ("/v1/calls/c1?wait=1", "CallView"),
        ("/v1/reviews", "ReviewList"),
        ("/v1/reviews/r1", "ReviewView"),
        ("/v1/policy", "PolicyView"),
        ("/v1/policy/export", "ExportView"),
        ("/v1/policy/export?format=xfrm", "ExportView"),
        ("/v1/presence", "PresenceList"),
        ("/v1/presence/sip:bob@192.168.1.2", "PresenceList"),
        ("/v1/presence/sip%3Abob%40192.168.1.2", "PresenceList"),
        ("/v1/identity", "IdentityView"),
        ("/v1/history", "HistoryView"),
        ("/v1/audit?limit=5&before=3", "AuditView"),
    ] {
        let (status, body) = get(&door, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        conforms(&body, schema);
    }
    assert_eq!(get(&door, "/v1/openapi.json").await.1["openapi"], "3.1.0");
    assert_eq!(get(&door, "/v1/audit?before=3").await.1["rows"][0]["number"], 2);
    assert_eq!(get(&door, "/v1/audit").await.1["rows"][0]["subject"], "sip:bob@192.168.1.2\\u{1b}[2J");
    assert_eq!(post(&door, "/v1/stop", &json!({})).await.1, json!({"stopping": true}));
}

#[tokio::test]
async fn a_transfer_is_begun_and_looked_at() {
    let (agent, control) = Cardboard::new();
    let door = app(control);
    let transfer = Transfer { target: "sip:carol@h".into(), with: Some(CallId(2)), state: TransferState::Ringing };
    agent.state().calls = vec![Call { transfer: Some(transfer), ..call(CallState::Active) }];
    agent.state().answers.push_back(Ok(Accepted::Call(CallId(1))));
    let (status, body) = post(&door, "/v1/calls/c1/transfer", &json!({"call": "c2"})).await;
    assert_eq!((status, &body["state"], &body["to_call"]), (StatusCode::ACCEPTED, &json!("ringing"), &json!("c2")));
    conforms(&body, "TransferView");
    let asked = TransferRequest { call: CallId(1), to: TransferTo::Call(CallId(2)) };
    assert!(matches!(&agent.state().commands[..], [Command::Transfer(request)] if *request == asked));
    assert_eq!(get(&door, "/v1/calls/c1/transfer").await.1, body);
    for unclear in [json!({}), json!({"peer": "h", "call": "c2"})] {
        let (status, body) = post(&door, "/v1/calls/c1/transfer", &unclear).await;
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "transfer-unclear"));
    }
    agent.state().calls = vec![call(CallState::Active)];
    assert_eq!(code(&get(&door, "/v1/calls/c1/transfer").await.1), "no-such-transfer");
    assert_eq!(code(&get(&door, "/v1/calls/c9/transfer").await.1), "no-such-call");
}

#[tokio::test]
async fn a_call_is_held_taken_up_again_and_looked_at() {
    let (agent, control) = Cardboard::new();
    let door = app(control);
    let held = |wanted, state| vec![Call { hold: Some(Hold { wanted, state }), ..call(CallState::Active) }];
    for (verb, wanted) in [("hold", true), ("resume", false)] {
        agent.state().calls = held(wanted, HoldState::Done);
        agent.state().answers.push_back(Ok(Accepted::Call(CallId(1))));
        let (status, body) = post(&door, &format!("/v1/calls/c1/{verb}"), &json!({})).await;
        assert_eq!((status, &body["state"], &body["wanted"]), (StatusCode::ACCEPTED, &json!("done"), &json!(wanted)));
        conforms(&body, "HoldView");
        assert_eq!(get(&door, "/v1/calls/c1/hold").await.1, body);
        let asked = Command::Hold { call: CallId(1), wanted };
        assert_eq!(format!("{:?}", agent.state().commands.last().unwrap()), format!("{asked:?}"));
    }
    let failure = Failure::new(FailureKind::Failed, "hold-refused", "no", "c1", "talk on");
    agent.state().calls = held(true, HoldState::Failed(failure));
    let (_, body) = get(&door, "/v1/calls/c1/hold?wait=1").await;
    assert_eq!((&body["state"], &body["failure"]["code"]), (&json!("failed"), &json!("hold-refused")));
    agent.state().calls = vec![call(CallState::Active)];
    assert_eq!(code(&get(&door, "/v1/calls/c1/hold").await.1), "no-such-hold");
    assert_eq!(code(&get(&door, "/v1/calls/c9/hold").await.1), "no-such-call");
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let (_agent, control) = Cardboard::new();
    let response = app(control).oneshot(Request::get("/v1/metrics").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let expected = "# TYPE sottovoce_packets_dropped counter\n\
        sottovoce_packets_dropped{reason=\"auth-failed\"} 0\nsottovoce_packets_dropped{reason=\"replay\"} 3\n\
        # TYPE sottovoce_packets_sent counter\nsottovoce_packets_sent 7\n";
    assert_eq!(body, expected);
}

#[tokio::test]
async fn events_are_streamed_by_name_until_the_agent_stops() {
    let (agent, control) = Cardboard::new();
    agent.state().asks = vec![ask(AskState::Refused)];
    let response = app(control).oneshot(Request::get("/v1/events").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    agent.happen(Event::AskChanged(AskId(1)));
    agent.happen(Event::Stopped);
    let text = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let events: Vec<_> = text.trim_end().split("\n\n").collect();
    assert_eq!(events.len(), 2, "{text}");
    assert!(events[0].starts_with("event: ask\ndata: {") && events[0].contains("\"state\":\"refused\""), "{text}");
    assert_eq!(events[1], "event: stopped\ndata: {}");
}

fn gated(control: Control) -> (Router, Token) {
    gated_at(control, "127.0.0.1:8060")
}

fn gated_at(control: Control, bound: &str) -> (Router, Token) {
    let token = Token::new().unwrap();
    let address = bound.parse().unwrap();
    (guarded(app(control), Gate::tcp(token.clone(), Pages::nowhere(address), address)), token)
}

fn knock(token: Option<&str>, host: &str, origin: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().method(Method::GET).uri("/v1/status").header(header::HOST, host);
    for (name, value) in [(header::AUTHORIZATION, token), (header::ORIGIN, origin)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn only_the_token_opens_the_door() {
    let (_agent, control) = Cardboard::new();
    let (door, token) = gated(control);
    let host = "127.0.0.1:8060";
    let bearer = token.bearer();
    assert_eq!(send(&door, knock(Some(&bearer), host, None)).await.0, StatusCode::OK);
    let cut = &bearer[..bearer.len() - 1];
    for wrong in [None, Some("Bearer "), Some("Bearer x"), Some(cut), Some(&bearer[7..]), Some("Basic eDp4")] {
        let (status, body) = send(&door, knock(wrong, host, None)).await;
        assert_eq!((status, code(&body)), (StatusCode::UNAUTHORIZED, "not-authorized"), "{wrong:?}");
        let answer = door.clone().oneshot(knock(wrong, host, None)).await.unwrap();
        assert_eq!(answer.headers()[header::CONNECTION], "close", "it holds no connection either");
    }
}

#[tokio::test]
async fn a_name_or_a_page_of_somebody_else_is_refused_even_with_the_token() {
    let (_agent, control) = Cardboard::new();
    let (door, token) = gated(control);
    let bearer = token.bearer();
    for host in ["localhost:8060", "LOCALHOST:8060", "[::1]:8060"] {
        assert_eq!(send(&door, knock(Some(&bearer), host, None)).await.0, StatusCode::OK, "{host}");
    }
    for host in
        ["evil.example:8060", "127.0.0.1:80", "127.0.0.1", "localhost.evil.example:8060", "[::1]", "127.1:8060", ""]
    {
        let (status, body) = send(&door, knock(Some(&bearer), host, None)).await;
        assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "foreign-host"), "{host}");
    }
    for (origin, status) in [
        ("http://localhost:8060", StatusCode::OK),
        ("http://127.0.0.1:8060", StatusCode::OK),
        ("https://localhost:8060", StatusCode::FORBIDDEN),
        ("http://evil.example", StatusCode::FORBIDDEN),
        ("http://localhost:8061", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        let (found, _) = send(&door, knock(Some(&bearer), "localhost:8060", Some(origin))).await;
        assert_eq!(found, status, "{origin}");
    }
}

#[tokio::test]
async fn a_door_on_another_address_answers_to_it_only_when_it_is_a_loopback_address() {
    for (bound, host, status) in [
        ("127.7.7.3:8060", "127.7.7.3:8060", StatusCode::OK),
        ("127.7.7.3:8060", "localhost:8060", StatusCode::OK),
        ("127.7.7.3:8060", "127.7.7.3:8061", StatusCode::FORBIDDEN),
        ("127.7.7.3:8060", "127.7.7.3", StatusCode::FORBIDDEN),
        ("127.7.7.3:8060", "127.7.7.4:8060", StatusCode::FORBIDDEN),
        ("127.7.7.3:8060", "127.7.7.3.evil.example:8060", StatusCode::FORBIDDEN),
        ("127.0.0.1:8060", "127.7.7.3:8060", StatusCode::FORBIDDEN),
        ("0.0.0.0:8060", "0.0.0.0:8060", StatusCode::FORBIDDEN),
    ] {
        let (_agent, control) = Cardboard::new();
        let (door, token) = gated_at(control, bound);
        let origin = format!("http://{host}");
        let (found, _) = send(&door, knock(Some(&token.bearer()), host, Some(&origin))).await;
        assert_eq!(found, status, "{host} at {bound}");
    }
}

#[tokio::test]
async fn a_second_host_or_token_does_not_help() {
    let (_agent, control) = Cardboard::new();
    let (door, token) = gated(control);
    let mut two = knock(Some(&token.bearer()), "localhost:8060", None);
    two.headers_mut().append(header::HOST, "evil.example".parse().unwrap());
    assert_eq!(send(&door, two).await.0, StatusCode::FORBIDDEN);
    let mut two = knock(Some("Bearer x"), "localhost:8060", None);
    two.headers_mut().append(header::AUTHORIZATION, token.bearer().parse().unwrap());
    assert_eq!(send(&door, two).await.0, StatusCode::UNAUTHORIZED);
}
