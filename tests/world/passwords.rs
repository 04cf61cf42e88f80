//! A server that asks for a password in every way there is, and reckons by itself whether it was proven (RFC 7616 section 3.4,
//! RFC 8760 section 2.1).

use std::collections::BTreeMap;
use std::time::Duration;

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};
use sottovoce::agent::{AccountConfig, AccountState, AgentConfig, PublicationState};
use sottovoce::sip::{Message, Request};
use sottovoce::vocab::{Entity, Redacted};

use crate::common::config::{account as account_at, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const SERVER: &str = "192.168.1.9";
const REALM: &str = "example.org";
const PASSWORD: &str = "a:b \"c\"";
const MINUTE: Duration = Duration::from_secs(60);

/// What an Authorization header says, without the quotes.
fn proof(request: &Request) -> Option<BTreeMap<String, String>> {
    let value = request.headers().first("Authorization")?.strip_prefix("Digest ")?;
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.replace('"', "")));
    value.split(", ").map(pair).collect()
}

fn hash(algorithm: &str, text: &[u8]) -> String {
    match algorithm.trim_end_matches("-sess") {
        "MD5" => hex::encode(Md5::digest(text)),
        "SHA-256" => hex::encode(Sha256::digest(text)),
        "SHA-512-256" => hex::encode(Sha512_256::digest(text)),
        other => panic!("{other} was not asked for"),
    }
}

/// Written from RFC 7616 section 3.4 alone; nothing of it is ours.
fn is_right(request: &Request) -> bool {
    let Some(said) = proof(request) else { return false };
    let value = |name: &str| said.get(name).map(String::as_str).unwrap_or_default();
    let algorithm = if value("algorithm").is_empty() { "MD5" } else { value("algorithm") };
    let h = |text: &str| hash(algorithm, text.as_bytes());
    let user = "somebody";
    let named = if value("userhash") == "true" { h(&format!("{user}:{REALM}")) } else { user.to_owned() };
    let mut secret = h(&format!("{user}:{REALM}:{PASSWORD}"));
    if algorithm.ends_with("-sess") {
        secret = h(&format!("{secret}:{}:{}", value("nonce"), value("cnonce")));
    }
    let mut what = format!("{}:{}", request.method(), request.uri());
    if value("qop") == "auth-int" {
        what += &format!(":{}", hash(algorithm, request.body()));
    }
    let fresh = match value("qop") {
        "" => value("nonce").to_owned(),
        qop => format!("{}:{}:{}:{qop}", value("nonce"), value("nc"), value("cnonce")),
    };
    let right = h(&format!("{secret}:{fresh}:{}", h(&what)));
    value("username") == named
        && value("realm") == REALM
        && value("uri") == request.uri().to_string()
        && value("response") == right
}

fn asking(asks: &str) -> World {
    let mut world = World::new(5, Link::GOOD);
    let mut server = Server::new(SERVER);
    server.challenges = true;
    server.asks = format!("Digest realm=\"{REALM}\", nonce=\"NONCE\", {asks}");
    server.believes = is_right;
    world.server = Some(server);
    let entity = Entity::parse("sip:alice@example.org").unwrap();
    let account = AccountConfig { password: Some(Redacted(PASSWORD.into())), ..account_at(&entity, SERVER) };
    world.add("alice", AgentConfig { entity, accounts: vec![account], ..agent("alice", ALICE, "none") });
    world
}

fn stands(world: &World) -> bool {
    let account = world.nodes[0].agent.accounts().next().unwrap();
    matches!(account.state, AccountState::Registered { .. })
        && matches!(account.publication, PublicationState::Published { .. })
}

/// Every request of Alice's that has a proof, and the proof.
fn proven(world: &World) -> Vec<(Request, BTreeMap<String, String>)> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { from, bytes, .. } if from.ip().to_string() == ALICE => match Message::parse(bytes) {
            Ok(Message::Request(request)) => proof(&request).map(|proof| (request, proof)),
            _ => None,
        },
        _ => None,
    };
    world.wire.overheard.iter().filter_map(read).collect()
}

/// What the proofs say is what was asked for; each nonce is counted on, and a session keeps the cnonce that its key is bound to.
fn check(world: &World, algorithm: &str, qop: &str, userhash: bool) {
    let all = proven(world);
    let with_body =
        all.iter().filter(|(request, _)| request.method().as_str() == "PUBLISH" && !request.body().is_empty());
    assert!(with_body.count() >= 1, "PUBLISH with a body");
    let mut counts: BTreeMap<&str, (u32, &str)> = BTreeMap::new();
    for (_, said) in &all {
        let value = |name: &str| said.get(name).map(String::as_str).unwrap_or_default();
        assert_eq!((value("algorithm"), value("qop")), (algorithm, qop), "{said:?}");
        assert_eq!(said.contains_key("userhash"), userhash, "{said:?}");
        assert_eq!(value("username") == "somebody", !userhash, "{said:?}");
        if qop.is_empty() {
            continue;
        }
        let before = counts.entry(value("nonce")).or_insert((0, value("cnonce")));
        before.0 += 1;
        assert_eq!(value("nc"), format!("{:08x}", before.0), "{said:?}");
        assert!(!algorithm.ends_with("-sess") || value("cnonce") == before.1, "{said:?}");
    }
    assert!(qop.is_empty() || counts.values().any(|(count, _)| *count > 1), "one was used again: {counts:?}");
}

#[test]
fn a_password_is_proven_by_every_algorithm_over_whatever_it_is_to_cover() {
    for algorithm in ["MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess", "SHA-512-256-sess"] {
        for (offered, qop) in [("", ""), ("auth", "auth"), ("auth-int", "auth-int"), ("auth,auth-int", "auth-int")] {
            for userhash in [false, true] {
                let quality = if offered.is_empty() { String::new() } else { format!(", qop=\"{offered}\"") };
                let hashed = if userhash { ", userhash=true" } else { "" };
                let asks = format!("algorithm={algorithm}{quality}{hashed}");
                let mut world = asking(&asks);
                assert!(world.run_until(MINUTE, stands), "{asks}");
                world.run_for(3 * 60 * MINUTE);
                assert!(stands(&world), "{asks}");
                check(&world, algorithm, qop, userhash);
            }
        }
    }
}

/// So that the server is no judge who believes everybody.
#[test]
fn a_proof_over_another_body_method_or_address_is_not_believed() {
    let mut world = asking("algorithm=SHA-256-sess, qop=\"auth-int\", userhash=true");
    assert!(world.run_until(MINUTE, stands));
    let (publish, _) = proven(&world).into_iter().find(|(request, _)| request.method().as_str() == "PUBLISH").unwrap();
    assert!(is_right(&publish));
    let text = String::from_utf8(publish.to_bytes().to_vec()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap();
    let uri = publish.uri().to_string();
    for changed in [
        text.replace("presence xmlns", "presence  xmlns").replace(
            &format!("Content-Length: {}", publish.body().len()),
            &format!("Content-Length: {}", publish.body().len() + 1),
        ),
        text.replacen("PUBLISH", "SUBSCRIBE", 1).replace(" PUBLISH\r\n", " SUBSCRIBE\r\n"),
        text.replacen(&format!("PUBLISH {uri}"), "PUBLISH sip:bob@example.org", 1),
        text.replace("userhash=true", "userhash=false"),
        text.replace("nc=0000000", "nc=1000000"),
    ] {
        assert_ne!(changed, text, "{head}");
        let Ok(Message::Request(changed)) = Message::parse(changed.as_bytes()) else { panic!("{head}") };
        assert!(!is_right(&changed), "{head}");
    }
}
