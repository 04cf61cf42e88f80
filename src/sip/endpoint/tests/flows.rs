//! The flow to a registrar: what stands there of us, what goes along it, how it is kept (RFC 3327, 3581, 3608, 5626, 6223).

use std::net::SocketAddr;
use std::time::Duration;

use super::wire::{address, header, invite, subscribe, World, ALICE, BOB};
use crate::sip::endpoint::{EndpointEvent, Invite, Publish, Register, Subscribe, Text};
use crate::sip::headers::{NameAddr, Via};
use crate::sip::stun::{self, Stun};
use crate::sip::{keep_alive, Body, Host, Method, Received, RegistrationId, Response, Transport, Uri};

const OWN: &str = "<sip:alice@192.168.1.1:5060>;+sip.instance=\"<urn:x-test:0>\"";
const TLS: &str = "sip:b.example;transport=tls";
const TCP: &str = "sip:b.example;transport=tcp";
const UDP: &str = "sip:b.example";

/// Alice registers at Bob's address, where a test answers by hand.
fn registering(registrar: &str, number: u32) -> (World, RegistrationId) {
    let mut world = World::perfect();
    world.mute = [true, true];
    let id = register(&mut world, registrar, number);
    (world, id)
}

fn register(world: &mut World, registrar: &str, number: u32) -> RegistrationId {
    let what = Register {
        aor: NameAddr::new(Uri::parse("sip:alice@b.example").unwrap()),
        registrar: Uri::parse(registrar).unwrap(),
        remote: address(BOB),
        domain: (registrar == TLS).then(|| Host::parse("b.example").unwrap()),
        login: None,
        expires: Duration::from_secs(3600),
        number,
    };
    world.at(ALICE, |end, now| end.register(now, what))
}

/// The newest REGISTER is answered by a registrar that saw it come from there.
fn answer_seen(world: &mut World, seen: &str, headers: &[(&str, &str)]) {
    let request = world.request(&Method::Register);
    let mut response = Response::to(&request, 200, "OK");
    let mut via = response.headers().typed::<Via>().unwrap().unwrap();
    let seen: SocketAddr = seen.parse().unwrap();
    via.set_received(seen.ip());
    via.set_rport(seen.port());
    response.headers_mut().set_first("Via", via).unwrap();
    for (name, value) in headers {
        response.headers_mut().push(*name, *value).unwrap();
    }
    world.inject(ALICE, &response.to_bytes());
}

fn contacts(world: &World) -> Vec<String> {
    world.request(&Method::Register).headers().all("Contact").iter().map(ToString::to_string).collect()
}

/// How many, those that were sent again for want of an answer not counted.
fn registers(world: &World) -> u32 {
    header(&world.request(&Method::Register), "CSeq").trim_end_matches(" REGISTER").parse().unwrap()
}

/// Until so many are sent, and not answered yet.
fn run_until_register(world: &mut World, number: u32) {
    while registers(world) < number {
        world.run_for(Duration::from_secs(1));
    }
    assert_eq!(registers(world), number);
}

type Facts = (bool, Option<SocketAddr>, Vec<String>);

fn registered(world: &World) -> Vec<Facts> {
    let facts = |event: &EndpointEvent| match event {
        EndpointEvent::Registered { outbound, seen, path, .. } => Some((*outbound, *seen, path.clone())),
        _ => None,
    };
    world.events[ALICE].iter().filter_map(facts).collect()
}

fn call(world: &mut World) -> crate::sip::Request {
    let target = Uri::parse("sip:carol@b.example").unwrap();
    world.at(ALICE, |end, now| end.invite(now, Invite { target, ..invite() }));
    world.request(&Method::Invite)
}

#[test]
fn a_contact_behind_a_nat_is_registered_again_as_the_registrar_sees_it_and_once() {
    let (mut world, _) = registering(UDP, 1);
    assert_eq!(contacts(&world), [format!("{OWN};reg-id=1")]);
    answer_seen(&mut world, "203.0.113.7:40001", &[]);
    let mapped = "<sip:alice@203.0.113.7:40001>;+sip.instance=\"<urn:x-test:0>\";reg-id=1";
    assert_eq!(contacts(&world), [mapped, "<sip:alice@192.168.1.1:5060>;expires=0"]);
    assert_eq!(registered(&world), [], "what stands is to be replaced first");
    // This NAT has a port for each packet.
    answer_seen(&mut world, "203.0.113.7:40002", &[("Contact", "<sip:alice@203.0.113.7:40001>;expires=600")]);
    assert_eq!((registers(&world), registered(&world).len()), (2, 1));
    assert_eq!(registered(&world)[0].1, "203.0.113.7:40001".parse().ok());
    assert!(header(&call(&mut world), "Contact").starts_with("<sip:alice@203.0.113.7:40001>"));
    run_until_register(&mut world, 3);
    assert_eq!(contacts(&world), [mapped]);
    answer_seen(&mut world, "203.0.113.7:40002", &[]);
    assert_eq!(contacts(&world)[1], "<sip:alice@203.0.113.7:40001>;expires=0", "once after each refresh");
    answer_seen(&mut world, "203.0.113.7:40003", &[]);
    assert_eq!(registers(&world), 4);
}

#[test]
fn who_sees_us_where_we_are_or_where_nobody_can_be_changes_nothing() {
    for seen in
        ["192.168.1.1:5060", "0.0.0.0:5060", "203.0.113.7:0", "224.0.0.1:9", "127.0.0.1:5060", "[2001:db8::1]:9"]
    {
        let (mut world, _) = registering(UDP, 1);
        answer_seen(&mut world, seen, &[]);
        assert_eq!((registers(&world), registered(&world).len()), (1, 1), "{seen}");
        assert_eq!(registered(&world)[0].1, None);
    }
    let (mut world, _) = registering(TCP, 1);
    answer_seen(&mut world, "203.0.113.7:40001", &[]);
    assert_eq!(registers(&world), 1, "the port of a connection is nothing to be called at");
}

#[test]
fn a_nat_that_went_away_is_followed_too() {
    let (mut world, _) = registering(UDP, 1);
    answer_seen(&mut world, "203.0.113.7:40001", &[]);
    answer_seen(&mut world, "203.0.113.7:40001", &[]);
    run_until_register(&mut world, 3);
    answer_seen(&mut world, "192.168.1.1:5060", &[]);
    assert_eq!(contacts(&world), [format!("{OWN};reg-id=1"), "<sip:alice@203.0.113.7:40001>;expires=0".to_owned()]);
}

/// RFC 5626 sections 4.2.1 and 4.3.
#[test]
fn where_outbound_is_granted_the_contact_stays_and_dialogs_ask_for_the_flow() {
    let (mut world, _) = registering(UDP, 2);
    let request = world.request(&Method::Register);
    assert!(header(&request, "Supported").ends_with("gruu, path, outbound"), "{}", header(&request, "Supported"));
    let bound = [
        "<sip:alice@192.168.1.1:5060>;+sip.instance=\"<urn:x-test:0>\";reg-id=1;expires=99",
        "<sip:alice@192.168.1.1:5060>;+sip.instance=\"<urn:x-test:0>\";reg-id=2;expires=1000",
    ];
    let headers =
        [("Require", "outbound"), ("Contact", bound[0]), ("Contact", bound[1]), ("Path", "<sip:edge.example;lr;ob>")];
    answer_seen(&mut world, "203.0.113.7:40001", &headers);
    assert_eq!(registered(&world), [(true, None, vec!["<sip:edge.example;lr;ob>".to_owned()])]);
    let Some(EndpointEvent::Registered { expires, .. }) = world.events[ALICE].last() else { panic!() };
    assert_eq!(expires.as_secs(), 1000, "of this flow");
    assert!(header(&call(&mut world), "Contact").starts_with("<sip:alice@192.168.1.1:5060;ob>"));
    let elsewhere = Subscribe { target: Uri::parse("sip:x@192.168.1.9").unwrap(), ..subscribe(0) };
    world.at(ALICE, |end, now| end.subscribe(now, elsewhere));
    assert!(header(&world.request(&Method::Subscribe), "Contact").starts_with("<sip:alice@192.168.1.1:5060>"));
}

/// RFC 5626 section 11.6.
#[test]
fn a_first_hop_without_outbound_gets_an_ordinary_registration() {
    let (mut world, _) = registering(UDP, 1);
    world.reply(&Method::Register, 439, &[]);
    let again = world.request(&Method::Register);
    assert_eq!(contacts(&world), [OWN]);
    assert!(!header(&again, "Supported").contains("outbound"), "{}", header(&again, "Supported"));
    world.reply(&Method::Register, 439, &[]);
    assert!(matches!(world.events[ALICE].last(), Some(EndpointEvent::RegistrationFailed { .. })), "and no third time");
}

/// RFC 3608 section 5. It begins where we are registered, whatever address the first proxy has.
#[test]
fn requests_to_the_domain_follow_its_service_route_and_others_do_not() {
    let route = "<sip:192.0.2.77;lr>, <sip:home.b.example;lr>";
    let (mut world, _) = registering(UDP, 1);
    world.reply(&Method::Register, 200, &[("Service-Route", route)]);
    let routes = |request: &crate::sip::Request| request.headers().all("Route").join(", ");
    assert_eq!(routes(&call(&mut world)), route);
    let target = Uri::parse("sip:carol@b.example").unwrap();
    let text = Text {
        target: target.clone(),
        remote: address(BOB),
        tcp: false,
        domain: None,
        text: "x".to_owned(),
        from: None,
        login: None,
        resumes: None,
    };
    world.at(ALICE, |end, now| end.message(now, text));
    let publish = Publish {
        presentity: NameAddr::new(target.clone()),
        target: target.clone(),
        remote: address(BOB),
        tcp: false,
        domain: None,
        event: "presence".to_owned(),
        expires: Duration::from_secs(60),
        body: Body::new("text/plain", "x"),
        login: None,
    };
    world.at(ALICE, |end, now| end.publish(now, publish));
    world.at(ALICE, |end, now| end.subscribe(now, Subscribe { target, ..subscribe(0) }));
    for method in [Method::Message, Method::Publish, Method::Subscribe] {
        assert_eq!(routes(&world.request(&method)), route, "{method}");
    }
    assert!(world.sent.iter().all(|sent| sent.remote == address(BOB)));
    world.at(ALICE, |end, now| end.subscribe(now, subscribe(0)));
    assert_eq!(routes(&world.request(&Method::Subscribe)), "", "Bob's address is no name of the domain");
    world.run_for(Duration::from_secs(3600));
    assert_eq!(routes(&world.request(&Method::Register)), "", "REGISTER is what it came from");
}

#[test]
fn a_service_route_that_leads_nowhere_is_not_followed() {
    let long = ["<sip:p.example;lr>"; 9].join(", ");
    for route in
        ["<sip:strict.example>", "<tel:+4930;lr>", "nonsense", "<sip:p.example;lr>, <sip:strict.example>", &long]
    {
        let (mut world, _) = registering(UDP, 1);
        world.reply(&Method::Register, 200, &[("Service-Route", route)]);
        assert_eq!(call(&mut world).headers().all("Route").len(), 0, "{route}");
    }
}

fn pings(world: &World) -> Vec<u64> {
    let pings = world.sent.iter().zip(&world.log).filter(|(sent, _)| sent.bytes == keep_alive::PING);
    pings.map(|(_, entry)| entry.0).collect()
}

#[test]
fn by_udp_empty_lines_keep_the_way_open_where_nothing_better_is_agreed_upon() {
    let (mut world, _) = registering(UDP, 1);
    assert!(header(&world.request(&Method::Register), "Via").ends_with(";keep"), "RFC 6223 section 4");
    world.run_for(Duration::from_secs(20));
    answer_seen(&mut world, "192.168.1.1:5060", &[]);
    world.run_for(Duration::from_secs(300));
    let times = pings(&world);
    assert!((10..=12).contains(&times.len()), "{times:?}");
    for pair in [20_000].iter().chain(&times).zip(&times) {
        assert!((24_000..=29_000).contains(&(pair.1 - pair.0)), "{times:?}");
    }
    assert_eq!(registers(&world), 1);
}

/// Alice's newest Binding request.
fn binding(world: &World) -> Option<stun::TransactionId> {
    world.sent.iter().rev().find_map(|sent| match Stun::read(&sent.bytes) {
        Some(Stun::Request { id, .. }) => Some(id),
        _ => None,
    })
}

#[test]
fn by_udp_stun_is_used_where_it_is_agreed_upon_and_another_address_is_a_new_flow() {
    let agreed = |world: &mut World| match world.now.0.is_zero() {
        true => answer_seen(world, "192.168.1.1:5060", &[("Require", "outbound")]),
        false => answer_seen(world, "192.168.1.1:5060", &[("Flow-Timer", "29")]),
    };
    let (mut world, _) = registering(UDP, 1);
    agreed(&mut world);
    for _ in 0..3 {
        world.run_for(Duration::from_secs(29));
        let id = binding(&world).unwrap();
        world.inject(ALICE, &stun::success(id, "203.0.113.7:40001".parse().unwrap()));
    }
    assert_eq!((registers(&world), pings(&world)), (1, vec![]));
    world.run_for(Duration::from_secs(29));
    world.inject(ALICE, &stun::success(binding(&world).unwrap(), "203.0.113.7:40002".parse().unwrap()));
    world.run_for(Duration::from_secs(6));
    assert_eq!((registers(&world), world.ends[ALICE].counters().flows_failed), (2, 1));
    agreed(&mut world);
    // Nobody answers any more: seven requests in 31.5 s, 8 s for the last one, then up to 5 s.
    world.run_for(Duration::from_secs(29 + 40 + 6));
    assert_eq!((registers(&world), world.ends[ALICE].counters().flows_failed), (3, 2));
}

/// A value is the server's; without one it is our own parameter that came back.
#[test]
fn the_keep_parameter_agrees_on_stun_when_it_has_a_value() {
    for (value, stun) in [(Some("0"), true), (Some("30"), true), (None, false)] {
        let (mut world, _) = registering(UDP, 1);
        let mut response = Response::to(&world.request(&Method::Register), 200, "OK");
        let mut via = response.headers().typed::<Via>().unwrap().unwrap();
        via.params.set("keep", value);
        response.headers_mut().set_first("Via", via).unwrap();
        world.inject(ALICE, &response.to_bytes());
        world.run_for(Duration::from_secs(31));
        assert_eq!((binding(&world).is_some(), pings(&world).is_empty()), (stun, stun), "{value:?}");
    }
}

fn pong(world: &mut World, transport: Transport) {
    let from = Received { transport, local: address(ALICE), remote: address(BOB), connection: None };
    world.at(ALICE, |end, now| end.handle_message(now, from, keep_alive::PONG));
}

/// RFC 5626 section 4.4.1.
#[test]
fn a_connection_whose_other_end_stops_answering_is_closed_and_another_one_registered() {
    for (registrar, transport) in [(TCP, Transport::Tcp), (TLS, Transport::Tls)] {
        let (mut world, _) = registering(registrar, 1);
        world.reply(&Method::Register, 200, &[]);
        for _ in 0..20 {
            let before = pings(&world).len();
            while pings(&world).len() == before {
                world.run_for(Duration::from_secs(1));
            }
            pong(&mut world, transport);
        }
        assert_eq!(registers(&world), 1, "pings keep it open, and nothing else is said");
        let kept = world.sent.last().unwrap();
        assert_eq!((kept.transport, kept.remote, kept.domain.is_some()), (transport, address(BOB), registrar == TLS));
        assert_eq!(world.ends[ALICE].poll_hangup(), None);
        world.run_for(Duration::from_secs(120 + 9));
        while world.ends[ALICE].counters().flows_failed == 0 {
            world.run_for(Duration::from_secs(1));
        }
        assert_eq!(world.ends[ALICE].poll_hangup(), Some((transport, address(BOB))));
        world.run_for(Duration::from_secs(6));
        assert_eq!(registers(&world), 2);
    }
}

#[test]
fn a_server_that_said_that_it_answers_is_held_to_it() {
    let (mut world, _) = registering(TCP, 1);
    world.reply(&Method::Register, 200, &[("Flow-Timer", "120")]);
    world.run_for(Duration::from_secs(120 + 10));
    assert_eq!(pings(&world).len(), 1);
    assert!((96_000..=120_000).contains(&pings(&world)[0]), "{:?}", pings(&world));
    assert_eq!(world.ends[ALICE].poll_hangup(), Some((Transport::Tcp, address(BOB))));
}

#[test]
fn a_ping_that_finds_no_connection_registers_anew() {
    let (mut world, _) = registering(TCP, 1);
    world.reply(&Method::Register, 200, &[]);
    world.run_for(Duration::from_secs(40));
    let ping = world.sent.last().unwrap().clone();
    assert_eq!(ping.bytes, keep_alive::PING);
    world.at(ALICE, |end, now| end.handle_transport_failure(now, &ping, "gone"));
    world.run_for(Duration::from_secs(6));
    assert_eq!(registers(&world), 2);
}

/// RFC 5626 section 4.5: nobody hurries while calls still come by the other one.
#[test]
fn a_flow_beside_another_waits_longer() {
    for (beside, least, most) in [(true, 45, 90), (false, 15, 30)] {
        let (mut world, _) = registering(UDP, 1);
        if beside {
            world.reply(&Method::Register, 200, &[]);
        }
        register(&mut world, UDP, 2);
        world.reply(&Method::Register, 503, &[]);
        let Some(EndpointEvent::RegistrationFailed { again, .. }) = world.events[ALICE].last() else { panic!() };
        assert!((least * 1000..=most * 1000).contains(&again.as_millis()), "{again:?}");
    }
}

/// RFC 5626 section 8, for whoever keeps a flow to us; not for many at once.
#[test]
fn binding_requests_are_answered_and_not_without_limit() {
    let mut world = World::perfect();
    world.mute = [true, true];
    let remote: SocketAddr = "192.0.2.9:4000".parse().unwrap();
    for number in 0..30 {
        world.inject_from(ALICE, remote, &stun::request([number; 12]));
    }
    assert_eq!(world.sent.len(), 20);
    // And that is no reason to leave others alone.
    world.inject_from(ALICE, "192.0.2.10:4000".parse().unwrap(), &stun::request([98; 12]));
    assert_eq!(world.sent.len(), 21);
    let first = &world.sent[0];
    assert_eq!((first.remote, Stun::read(&first.bytes)), (remote, Some(Stun::Success([0; 12], Some(remote)))));
    world.run_for(Duration::from_secs(1));
    world.inject_from(ALICE, remote, &stun::request([99; 12]));
    world.inject_from(ALICE, remote, &stun::success([99; 12], remote));
    assert_eq!((world.sent.len(), world.ends[ALICE].counters().garbage), (22, 0));
}

/// RFC 7118 section 5.
#[test]
fn by_websocket_we_are_nowhere_and_whatever_goes_to_the_server_goes_on_it() {
    for (domain, transport) in [(None, Transport::Ws), (Host::parse("b.example"), Transport::Wss)] {
        let mut world = World::perfect();
        world.mute = [true, true];
        let what = Register {
            aor: NameAddr::new(Uri::parse("sip:alice@b.example").unwrap()),
            registrar: Uri::parse("sip:b.example;transport=ws").unwrap(),
            remote: address(BOB),
            domain: domain.clone(),
            login: None,
            expires: Duration::from_secs(3600),
            number: 1,
        };
        world.at(ALICE, |end, now| end.register(now, what));
        let request = world.request(&Method::Register);
        let via = request.headers().typed::<Via>().unwrap().unwrap();
        let host = via.host.to_string();
        assert!(host.ends_with(".invalid") && via.port.is_none(), "{via}");
        assert_eq!(via.transport.known(), Some(transport));
        let contact = format!("<sip:alice@{host};transport=ws>");
        assert!(contacts(&world)[0].starts_with(&contact), "{:?}", contacts(&world));
        let bound = format!("{contact};expires=600");
        answer_seen(&mut world, "203.0.113.7:40001", &[("Contact", &bound)]);
        assert_eq!((registers(&world), registered(&world)[0].1), (1, None));
        let target = Uri::parse("sip:carol@b.example").unwrap();
        let call = Invite { target, domain: domain.clone(), ..invite() };
        world.at(ALICE, |end, now| end.invite(now, call));
        assert!(header(&world.request(&Method::Invite), "Contact").starts_with(&contact));
        assert!(world.sent.iter().all(|sent| (sent.transport, &sent.domain) == (transport, &domain)));
        let elsewhere = Subscribe { target: Uri::parse("sip:x@192.168.1.9").unwrap(), ..subscribe(0) };
        world.at(ALICE, |end, now| end.subscribe(now, elsewhere));
        assert_eq!(world.sent.last().unwrap().transport, Transport::Udp);
        let secret = Subscribe { target: Uri::parse("sips:carol@b.example").unwrap(), ..subscribe(0) };
        world.at(ALICE, |end, now| end.subscribe(now, secret));
        assert!(world.sent.last().unwrap().transport.is_secure(), "never in clear");
        world.run_for(Duration::from_secs(96));
        assert_eq!(world.times(ALICE, "REGISTER"), [0, 95_000], "no pong came");
    }
}
