//! A stranger who would have our sound, or our requests, sent to somebody who never asked for them.

use sottovoce::agent::{CallState, Command};
use sottovoce::sip::{Message, Received, Response, Transport};

use crate::bench::{Bench, Letter, ALICE, BOB};
use crate::common::config::{account, agent};
use crate::documents::with_body;

const SOMEBODY: &str = "192.168.1.77";

/// Bob, who knows nobody, and the INVITE of Alice on its way to him.
fn invited() -> (Bench, Letter) {
    let mut bench = Bench::new("none");
    bench.call();
    let invite = bench.hold("INVITE");
    (bench, invite)
}

fn calls_of_bob(bench: &Bench) -> usize {
    bench.nodes[BOB].agent.calls().count()
}

/// The session description may name the address that he calls from while the key agreement names another.
#[test]
fn sound_goes_to_where_a_stranger_calls_from() {
    for (described, from, taken) in [
        ("192.168.1.1", "192.168.1.1", 1),
        (SOMEBODY, "192.168.1.1", 0),
        ("192.168.1.1", SOMEBODY, 0),
        (SOMEBODY, SOMEBODY, 0),
    ] {
        let (mut bench, mut invite) = invited();
        invite.from.remote.set_ip(from.parse().unwrap());
        let bytes = with_body(&invite, |body| body.replace("c=IN IP4 192.168.1.1", &format!("c=IN IP4 {described}")));
        bench.deliver(&invite, &bytes);
        assert_eq!(calls_of_bob(&bench), taken, "described {described}, from {from}");
    }
}

/// Anybody can write a second Via: only who comes by a proxy of ours is let through, to be heard first; and then protected.
#[test]
fn a_stranger_is_heard_elsewhere_only_by_a_proxy_of_ours_and_protected() {
    const PROXY: &str = "192.168.1.9";
    for (action, from, registered, taken) in [
        ("ipsec esp/transport//require", PROXY, true, 1),
        ("ipsec esp/transport//require", PROXY, false, 0),
        ("ipsec esp/transport//require", SOMEBODY, true, 0),
        ("none", PROXY, true, 0),
    ] {
        let mut bob = agent("bob", "192.168.1.2", action);
        bob.accounts = vec![account(&bob.entity, PROXY)];
        let mut bench = Bench::with(bob);
        if registered {
            register(&mut bench, PROXY);
        }
        bench.call();
        let mut invite = bench.hold("INVITE");
        invite.from.remote.set_ip(from.parse().unwrap());
        let text = String::from_utf8(invite.bytes.clone()).unwrap();
        let via = format!("Via: SIP/2.0/UDP {from}:5060;branch=z9hG4bK-mine\r\nVia:");
        let relayed = text.replacen("Via:", &via, 1);
        assert_ne!(relayed, text);
        bench.deliver(&invite, relayed.as_bytes());
        assert_eq!(calls_of_bob(&bench), taken, "{action} from {from}");
    }
}

/// The proxy takes Bob's registration.
fn register(bench: &mut Bench, proxy: &str) {
    let now = bench.now;
    let sent = bench.nodes[BOB].drain(now);
    let register = sent.iter().find(|sent| sent.bytes.starts_with(b"REGISTER ")).expect("he registers");
    let Ok(Message::Request(request)) = Message::parse(&register.bytes) else { panic!() };
    let from = Received {
        transport: Transport::Udp,
        local: "192.168.1.2:5060".parse().unwrap(),
        remote: format!("{proxy}:5060").parse().unwrap(),
        connection: None,
    };
    let accepted = Response::to(&request, 200, "OK").to_bytes();
    bench.nodes[BOB].agent.handle_message(now, from, &accepted);
}

#[test]
fn requests_go_to_where_a_stranger_calls_from() {
    let (mut bench, invite) = invited();
    let text = String::from_utf8(invite.bytes.clone()).unwrap();
    let contact = text.lines().find(|line| line.starts_with("Contact:")).unwrap();
    let aimed = text.replace(contact, &format!("Contact: <sip:m@{SOMEBODY}:7777;transport=tcp>"));
    bench.deliver(&invite, aimed.as_bytes());
    bench.settle();
    let call = bench.nodes[BOB].agent.calls().last().unwrap();
    assert_eq!(call.state, CallState::Active);
    let now = bench.now;
    bench.nodes[BOB].agent.command(now, Command::Hangup { call: None }).unwrap();
    bench.collect(BOB);
    let bye = bench.flying.iter().find(|letter| letter.is("BYE")).expect("it went to Alice, or nobody");
    assert_eq!(bye.to, ALICE);
}

/// However many strangers call, from however many addresses.
#[test]
fn strangers_leave_places_for_calls_of_the_user() {
    let mut bench = Bench::new("none");
    for number in 1..=40 {
        let mut stranger = Bench::of_stranger(number);
        stranger.call();
        let invite = stranger.hold("INVITE");
        bench.deliver(&invite, &invite.bytes);
    }
    let open = bench.nodes[BOB].agent.calls().filter(|call| !matches!(call.state, CallState::Failed(_)));
    assert_eq!(open.count(), 16);
}

/// Who wrote somebody else's address into his INVITE does not see the answer, and cannot acknowledge it.
#[test]
fn a_strangers_sound_begins_when_he_has_acknowledged() {
    let (mut bench, invite) = invited();
    bench.deliver(&invite, &invite.bytes);
    let ok = bench.hold("SIP/2.0 200");
    let state = |bench: &Bench| bench.nodes[BOB].agent.calls().last().unwrap().state.clone();
    assert_eq!(state(&bench), CallState::Incoming, "no stream yet");
    bench.deliver(&ok, &ok.bytes);
    bench.settle();
    assert_eq!(state(&bench), CallState::Active);
}
