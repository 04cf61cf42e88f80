//! A request by another name of ours than the usual one: From, and P-Preferred-Identity where we are registered.

use std::time::Duration;

use super::wire::{address, header, invite, subscribe, uri, World, ALICE, BOB};
use crate::sip::endpoint::{EndpointEvent, Invite, Register, Subscribe, Text};
use crate::sip::headers::NameAddr;
use crate::sip::{Method, Request, Uri};

const OTHER: &str = "sip:al@b.example";

fn other() -> Option<NameAddr> {
    Some(NameAddr::new(Uri::parse(OTHER).unwrap()).with_display("Al"))
}

fn registered() -> World {
    let mut world = World::perfect();
    world.mute = [false, true];
    let what = Register {
        aor: NameAddr::new(Uri::parse(OTHER).unwrap()),
        registrar: Uri::parse("sip:b.example").unwrap(),
        remote: address(BOB),
        domain: None,
        login: None,
        expires: Duration::from_secs(3600),
        number: 1,
    };
    world.at(ALICE, |end, now| end.register(now, what));
    world.reply(&Method::Register, 200, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::Registered { .. })));
    world
}

fn all_three(world: &mut World, from: Option<NameAddr>) -> [Request; 3] {
    let (call, ask) = (Invite { from: from.clone(), ..invite() }, Subscribe { from: from.clone(), ..subscribe(60) });
    let text = Text {
        target: uri(BOB),
        remote: address(BOB),
        tcp: false,
        domain: None,
        text: "x".to_owned(),
        from,
        login: None,
        resumes: None,
    };
    world.at(ALICE, |end, now| end.invite(now, call));
    world.at(ALICE, |end, now| end.subscribe(now, ask));
    world.at(ALICE, |end, now| end.message(now, text));
    [Method::Invite, Method::Subscribe, Method::Message].map(|method| world.request(&method))
}

#[test]
fn a_server_where_we_are_registered_is_told_which_name_to_show() {
    let mut world = registered();
    for request in all_three(&mut world, other()) {
        assert!(header(&request, "From").starts_with(&format!("\"Al\" <{OTHER}>;tag=")), "{request:?}");
        assert_eq!(header(&request, "P-Preferred-Identity"), format!("<{OTHER}>"), "without what is for people");
    }
    for request in all_three(&mut world, None) {
        assert!(!header(&request, "From").contains(OTHER), "{request:?}");
        assert!(!request.headers().has("P-Preferred-Identity"), "the usual name needs no word");
    }
}

#[test]
fn nobody_else_is_told_it() {
    let mut world = World::perfect();
    world.mute = [false, true];
    for request in all_three(&mut world, other()) {
        assert!(header(&request, "From").contains(OTHER), "{request:?}");
        assert!(!request.headers().has("P-Preferred-Identity"), "{request:?}");
    }
}
