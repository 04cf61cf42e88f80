//! A telephone that nobody here knows calls by the proxy of our account, and says where it is: nothing goes there before it was heard from there.

use std::sync::Arc;
use std::time::Duration;

use sottovoce::agent::{AccountConfig, AgentConfig, CallState, SrtpKeying};
use sottovoce::policy::{both_directions, setkey};

use crate::common::config::{account, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;
use crate::telephone::{answer, body, tag, the_call, BOB};

const SERVER: &str = "192.0.2.9";
/// Where it says that it is. Somebody else may be there.
const THERE: &str = "198.51.100.9";
const SECOND: Duration = Duration::from_secs(1);
const FINGERPRINT: &str = "a=fingerprint:sha-256 ";

fn bob(upper: &str, action: &str) -> World {
    let mut world = World::new(5, Link::GOOD);
    world.server = Some(Server::new(SERVER));
    let entity = sottovoce::vocab::Entity::parse("sip:bob@example.org").unwrap();
    let account = AccountConfig { publish: false, ..account(&entity, SERVER) };
    let entries = setkey::parse(&format!("spdadd any any {upper} -P out {action};")).unwrap();
    let config = AgentConfig {
        accounts: vec![account],
        sdes_without_tls: true,
        srtp_keys: vec![SrtpKeying::Dtls, SrtpKeying::Sdes],
        dtls: sottovoce::io::dtls_identity().map(Arc::new),
        default_policy: both_directions(entries),
        ..agent("bob", BOB, action)
    };
    world.add("bob", config);
    world.run_for(2 * SECOND);
    world
}

fn offer(media: &str) -> String {
    format!(
        "v=0\r\no=phone 1 1 IN IP4 {THERE}\r\ns=-\r\nc=IN IP4 {THERE}\r\nt=0 0\r\nm=audio 30022 {media}\
         a=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\na=sendrecv\r\n"
    )
}

/// A request that the server passes on.
fn passed_on(world: &mut World, method: &str, to: &str, body: &str) {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let text = format!(
        "{method} sip:bob@{BOB} SIP/2.0\r\nVia: SIP/2.0/UDP {SERVER}:5060;branch=z9hG4bK{method}p\r\n\
         Via: SIP/2.0/UDP {THERE}:5060;branch=z9hG4bK{method}\r\nRecord-Route: <sip:{SERVER};lr>\r\nMax-Forwards: 69\r\n\
         From: <sip:phone@example.com>;tag=p\r\nTo: <sip:bob@example.org>{to}\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:phone@{THERE}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (from, to) = (format!("{SERVER}:5060").parse().unwrap(), format!("{BOB}:5060").parse().unwrap());
    world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes: text.into_bytes() });
    world.run_for(SECOND);
}

/// What our answer says, and that nothing was said to that place two seconds after.
fn answered(upper: &str, action: &str, media: &str) -> (World, String) {
    let mut world = bob(upper, action);
    passed_on(&mut world, "INVITE", "", &offer(media));
    let said = body(&answer(&world, 200));
    let tag = tag(&world);
    passed_on(&mut world, "ACK", &tag, "");
    world.run_for(2 * SECOND);
    assert_eq!(the_call(&world).state, CallState::Active, "{media}");
    assert_eq!(world.wire.seen, Vec::<Vec<u8>>::new(), "{media}");
    assert!(world.nodes[0].media.values().all(|media| media.connected.is_none()), "{media}");
    (world, said)
}

fn refused(upper: &str, action: &str, media: &str) -> String {
    let mut world = bob(upper, action);
    passed_on(&mut world, "INVITE", "", &offer(media));
    assert!(world.nodes[0].agent.calls().next().is_none() && world.wire.seen.is_empty(), "{media}");
    answer(&world, 488).headers().first("Warning").unwrap().to_owned()
}

#[test]
fn it_opens_the_connection_and_we_open_none_to_where_it_says() {
    let lines = |setup: &str| format!("TCP/RTP/AVP 0\r\na=setup:{setup}\r\na=connection:new\r\n");
    assert!(refused("tcp", "none", &lines("passive")).contains("opens the connection"));
    for setup in ["actpass", "active"] {
        let (_, said) = answered("tcp", "none", &lines(setup));
        assert!(said.contains("a=setup:passive\r\na=connection:new\r\n"), "{setup}: {said}");
    }
}

#[test]
fn it_begins_the_handshake_and_we_begin_none_at_where_it_says() {
    let print = ["AB"; 32].join(":");
    let lines = |setup: &str| format!("UDP/TLS/RTP/SAVP 0\r\n{FINGERPRINT}{print}\r\na=setup:{setup}\r\n");
    let must = "ipsec srtp/transport//require";
    assert!(refused("udp", must, &lines("passive")).contains("not a=setup:passive"));
    for setup in ["actpass", "active"] {
        let (_, said) = answered("udp", must, &lines(setup));
        assert!(said.contains("a=setup:passive\r\n"), "{setup}: {said}");
    }
}
