//! The control door, as programs and pages of others find it.

use crate::process::Home;

#[test]
fn only_who_has_the_token_and_comes_from_here_gets_in() {
    let mut alice = Home::new("alice", "none");
    let status = alice.start();
    let port = status["control"].as_str().unwrap().rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let (host, bearer) = (format!("127.0.0.1:{port}"), format!("Bearer {}", alice.token()));
    let token = ("Authorization", bearer.as_str());
    let ask = |headers: &[(&str, &str)]| alice.http("GET /v1/status", headers).0;
    assert_eq!(ask(&[("Host", &host), token]), 200);
    assert_eq!(ask(&[("Host", &host)]), 401);
    assert_eq!(ask(&[("Host", &host), ("Authorization", "Bearer wrong")]), 401);
    assert_eq!(ask(&[("Host", "evil.example"), token]), 403);
    assert_eq!(ask(&[token]), 403);
    assert_eq!(ask(&[("Host", &host), token, ("Origin", "http://evil.example")]), 403);
    assert_eq!(ask(&[("Host", &host), token, ("Origin", &format!("http://{host}"))]), 200);
    let (code, body) = alice.http("GET /v1/openapi.json", &[("Host", &host), token]);
    assert_eq!(code, 200);
    assert!(body.contains("\"openapi\""));
    let (code, body) = alice.http("GET /v1/metrics", &[("Host", &host), token]);
    assert!(code == 200 && body.contains("sottovoce_"), "{code} {body}");
}

#[test]
fn the_token_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let mut alice = Home::new("alice", "none");
    alice.start();
    let mode = |name: &str| std::fs::metadata(alice.data().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("control.token"), mode("identity.key"), mode(".")), (0o600, 0o600, 0o700));
}
