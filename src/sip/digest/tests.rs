use super::*;
use crate::sip::{HeaderName, Headers, Method};
use crate::vocab::Redacted;

const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

fn login(user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), password: Redacted(password.to_owned()), realm: None }
}

/// Whose password does not matter here.
fn anybody() -> Login {
    login("dora", "hush")
}

fn challenged(challenges: &[&str]) -> Headers {
    let mut headers = Headers::default();
    challenges.iter().for_each(|value| headers.push(HeaderName::WWW_AUTHENTICATE, value).unwrap());
    headers
}

fn get() -> Method {
    Method::new("GET").unwrap()
}

/// The one answer to these challenges.
fn answer(challenges: &[&str], login: &Login, uri: &str, cnonce: &str) -> Credentials {
    let mut client = Client::default();
    client.challenged(login, &challenged(challenges), false).unwrap();
    let mut answers = client.answer(login, &Asked { method: &get(), uri, body: b"" }, cnonce);
    assert_eq!(answers.len(), 1);
    answers.remove(0).1
}

/// RFC 2617 section 3.5.
#[test]
fn the_example_of_rfc_2617() {
    let challenge = "Digest realm=\"testrealm@host.com\", qop=\"auth\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let answer = answer(&[challenge], &login("Mufasa", "Circle Of Life"), "/dir/index.html", "0a4f113b");
    assert_eq!(answer.response, "6629fae49393a05397450978507c4ef1");
    assert_eq!(answer.opaque.as_deref(), Some("5ccc069c403ebaf9f0171e9517f40e41"));
}

/// RFC 7616 section 3.9.1.
#[test]
fn the_examples_of_rfc_7616_and_the_strongest_first() {
    let with = |algorithm: &str| {
        format!("Digest realm=\"http-auth@example.org\", qop=\"auth\", algorithm={algorithm}, nonce=\"{NONCE}\", opaque=\"x\"")
    };
    let login = login("Mufasa", "Circle of Life");
    let (md5, sha) = (with("MD5"), with("SHA-256"));
    let respond = |challenges: &[&str]| answer(challenges, &login, "/dir/index.html", CNONCE);
    assert_eq!(respond(&[&md5]).response, "8ca523f5e9506fed4657c9700eebdbec");
    let strong = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    for both in [[md5.as_str(), &sha], [&sha, &md5]] {
        assert_eq!(respond(&both).response, strong);
    }
    let unknown = with("SHA-3-4096");
    assert_eq!(respond(&[&unknown, "Basic realm=\"a\"", &sha, "Negotiate", "Digest realm"]).response, strong);
}

/// RFC 7616 section 3.9.2, with the hashes of its erratum 4897.
#[test]
fn a_user_is_hashed_where_that_is_asked_for() {
    let challenge = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, userhash=true, \
        nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\"";
    let login = login("J\u{e4}s\u{f8}n Doe", "Secret, or not?");
    let answer = answer(&[challenge], &login, "/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
    assert_eq!(answer.username, "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
    assert_eq!(answer.response, "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    let text = answer.to_string();
    assert!(text.ends_with(", userhash=true") && text.contains(", algorithm=SHA-512-256, "), "{text}");
}

/// Values of a short Python script with hashlib, written from RFC 7616 section 3.4 alone.
#[test]
fn sessions_bodies_and_servers_of_before_qop() {
    let login = login("dora", "a:b \"c\"");
    let cases = [
        ("algorithm=MD5", "", "43d0aad634200373bc7b3b8d7a4e606d"),
        ("algorithm=SHA-256-sess", "auth", "a62a4295abd13a5b931cecb1f3a77d12c7559ff217e98f1c630eecb3ce2e0e42"),
        ("algorithm=SHA-512-256", "auth,auth-int", "a5b0d1d7e123d1dfc1ea1d5ae0339a13603dd41df78556b6c26b4eed62640326"),
    ];
    for (algorithm, qop, expected) in cases {
        let qop = if qop.is_empty() { String::new() } else { format!(", qop=\"{qop}\"") };
        let value = format!("Digest realm=\"r\", nonce=\"n\", {algorithm}{qop}");
        let mut client = Client::default();
        client.challenged(&anybody(), &challenged(&[&value]), false).unwrap();
        let asked = Asked { method: &Method::Publish, uri: "sip:example.org", body: b"<presence/>" };
        client.answer(&login, &asked, "first");
        let (_, second) = client.answer(&login, &asked, "second").remove(0);
        assert_eq!((second.response.as_str(), second.count), (expected, 2), "{algorithm}");
    }
}

#[test]
fn a_wrong_password_is_told_and_an_old_nonce_is_not_one() {
    let value = |nonce: &str, stale: bool| {
        let stale = if stale { ", stale=TRUE" } else { "" };
        challenged(&[&format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"{stale}")])
    };
    let mut client = Client::default();
    let asked = Asked { method: &Method::Register, uri: "sip:r", body: b"" };
    let send = |client: &mut Client| client.answer(&login("a", "b"), &asked, "c").remove(0).1.count;
    client.challenged(&anybody(), &value("1", false), false).unwrap();
    assert_eq!(send(&mut client), 1);
    let wrong = Err(Unanswerable::Wrong { realm: "r".into() });
    assert_eq!(client.challenged(&anybody(), &value("2", false), false), wrong);
    assert_eq!(client.challenged(&anybody(), &value("1", true), false), wrong, "the same nonce again");
    assert_eq!(client.challenged(&anybody(), &value("2", true), false), Ok(()));
    assert_eq!(send(&mut client), 1, "a new nonce is counted anew");
    client.accepted(&Headers::default());
    assert_eq!(send(&mut client), 2);
    client.accepted(&Headers::default());
    assert_eq!(client.challenged(&anybody(), &value("3", false), false), Ok(()), "some servers call nothing stale");
    // The server was started anew between two requests.
    send(&mut client);
    client.accepted(&Headers::default());
    send(&mut client);
    assert_eq!(client.challenged(&anybody(), &value("3", false), false), wrong, "the very nonce that it refuses");
    assert_eq!(client.challenged(&anybody(), &value("4", false), false), Ok(()));
    send(&mut client);
    assert_eq!(client.challenged(&anybody(), &value("5", false), false), wrong);
}

#[test]
fn a_proxy_and_a_server_are_answered_side_by_side() {
    let mut client = Client::default();
    client.challenged(&anybody(), &challenged(&["Digest realm=\"server\", nonce=\"1\""]), false).unwrap();
    let mut headers = Headers::default();
    for realm in ["one", "two"] {
        headers.push(HeaderName::PROXY_AUTHENTICATE, format!("Digest realm=\"{realm}\", nonce=\"2\"")).unwrap();
    }
    client.challenged(&anybody(), &headers, true).unwrap();
    let asked = Asked { method: &Method::Invite, uri: "sip:b@h", body: b"" };
    let answers = client.answer(&login("a", "b"), &asked, "c");
    let realms: Vec<_> = answers.iter().map(|(name, answer)| (name.as_str(), answer.realm.as_str())).collect();
    assert_eq!(realms, [("Authorization", "server"), ("Proxy-Authorization", "one"), ("Proxy-Authorization", "two")]);
}

#[test]
fn what_a_server_says_stays_within_its_quotes() {
    let value = r#"Digest realm="a\", uri=\"x", nonce="n", opaque="\\""#;
    let answer = answer(&[value], &login("us\"er", "p"), "/", "c");
    let text = answer.to_string();
    assert!(text.starts_with(r#"Digest username="us\"er", realm="a\", uri=\"x", nonce="n", uri="/""#), "{text}");
    assert!(!format!("{:?}", login("a", "hush")).contains("hush"));
}

#[test]
fn what_is_no_challenge_is_refused() {
    for bad in [
        "",
        "Digest",
        "Digest realm=\"a\"",
        "Digest nonce=\"a\"",
        "Digest realm=\"a\", nonce=\"b\", nonce=\"c\"",
        "Digest realm=\"a, nonce=\"b\"",
        "Digest realm=\"a\" nonce=\"b\"",
        "Digest realm=\"a\",, nonce=\"b\"",
    ] {
        assert!(Challenge::read(bad).is_err(), "{bad}");
    }
    for passed_over in ["Basic realm=\"a\"", "Digest realm=\"a\", nonce=\"b\", qop=\"auth-conf\""] {
        assert_eq!(Challenge::read(passed_over), Ok(None), "{passed_over}");
    }
    let many: Vec<String> = (0..9).map(|number| format!("Digest realm=\"{number}\", nonce=\"a\"")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(Client::default().challenged(&anybody(), &challenged(&many), false), Err(Unanswerable::TooManyRealms));
    assert_eq!(
        Client::default().challenged(&anybody(), &challenged(&["Basic realm=\"a\""]), false),
        Err(Unanswerable::Nothing)
    );
}

/// Anybody on the way can challenge, the peer included; he gets nothing that he could try passwords against.
#[test]
fn only_the_realm_of_the_password_is_answered() {
    let ours = Login { realm: Some("a.example".to_owned()), ..anybody() };
    let both = ["Digest realm=\"evil.example\", nonce=\"1\"", "Digest realm=\"a.example\", nonce=\"2\""];
    let mut client = Client::default();
    let other = Unanswerable::OtherRealm { theirs: "evil.example".into(), ours: "a.example".into() };
    assert_eq!(client.challenged(&ours, &challenged(&both[..1]), false), Err(other));
    let long = format!("Digest realm=\"{}\", nonce=\"1\"", "e".repeat(3000));
    let told = client.challenged(&ours, &challenged(&[&long]), false).unwrap_err().to_string();
    assert!(told.len() < 200 && told.contains("eee"), "{told}");
    client.challenged(&ours, &challenged(&both), false).unwrap();
    let answers = client.answer(&ours, &Asked { method: &get(), uri: "/", body: b"" }, CNONCE);
    let realms: Vec<&str> = answers.iter().map(|(_, credentials)| credentials.realm.as_str()).collect();
    assert_eq!(realms, ["a.example"]);
}

#[test]
fn the_nonce_that_a_server_wants_next_is_used_next() {
    let mut client = Client::default();
    client.challenged(&anybody(), &challenged(&["Digest realm=\"r\", nonce=\"1\", qop=\"auth\""]), false).unwrap();
    let asked = Asked { method: &Method::Register, uri: "sip:r", body: b"" };
    let send = |client: &mut Client| {
        let answer = client.answer(&anybody(), &asked, "c").remove(0).1;
        (answer.nonce, answer.count)
    };
    assert_eq!(send(&mut client), ("1".to_owned(), 1));
    let mut headers = Headers::default();
    headers.push(HeaderName::AUTHENTICATION_INFO, "nextnonce=\"2\"").unwrap();
    client.accepted(&headers);
    assert_eq!(send(&mut client), ("2".to_owned(), 1));
    client.accepted(&headers);
    assert_eq!(send(&mut client), ("2".to_owned(), 2), "the same again is counted on");
}
