//! A proxy forked our INVITE, and two devices answered: the call is with the first, and the other is sent away (RFC 3261
//! section 13.2.2.4).

use std::net::SocketAddr;
use std::time::Duration;

use sottovoce::agent::CallState;
use sottovoce::sip::{HeaderName, Message, Request};
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: usize = 0;
const BOB: usize = 1;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const WINNER: &str = "192.168.1.2";
const LOSER: &str = "192.168.1.3";
const ESP: &str = "ipsec esp/transport//require";

fn calling() -> (World, CallId) {
    let mut world = World::new(1, Link::GOOD);
    world.add("alice", agent("alice", "192.168.1.1", ESP));
    world.add("bob", agent("bob", WINNER, ESP));
    let call = world.call(ALICE, "bob@192.168.1.2", Some("approve"), 3600);
    (world, call)
}

/// Bob's 200 to the INVITE, once it is on its way.
fn answer(world: &World) -> Option<Parcel> {
    let invited = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.starts_with("SIP/2.0 200") && text.contains(" INVITE\r\n")
    };
    let found = |parcel: &&Parcel| matches!(parcel, Parcel::Sip { bytes, .. } if invited(bytes));
    world.wire.overheard.iter().find(found).cloned()
}

/// The same of a device elsewhere: another tag and Contact, and all the rest is Bob's.
fn of_loser(winner: &Parcel) -> Parcel {
    let Parcel::Sip { stream, from, to, bytes } = winner.clone() else { unreachable!("an answer is SIP") };
    let Ok(Message::Response(mut response)) = Message::parse(&bytes) else { panic!("an answer") };
    let tagged = response.headers().first(HeaderName::TO).unwrap().replace(";tag=", ";tag=loser-");
    response.headers_mut().set(HeaderName::TO, &tagged).unwrap();
    response.headers_mut().set(HeaderName::CONTACT, format!("<sip:bob@{LOSER}:5060>")).unwrap();
    Parcel::Sip { stream, from, to, bytes: response.to_bytes().to_vec() }
}

/// Requests of Alice's with this method, and where they went; a request that came again counts once.
fn asked(world: &World, method: &str) -> Vec<(SocketAddr, Request)> {
    let read = |parcel: &Parcel| match parcel {
        Parcel::Sip { from, to, bytes, .. } if from.ip().to_string() == "192.168.1.1" => match Message::parse(bytes) {
            Ok(Message::Request(request)) if request.method().as_str() == method => Some((*to, request)),
            _ => None,
        },
        _ => None,
    };
    world.wire.overheard.iter().filter_map(read).collect()
}

fn said(request: &Request, name: HeaderName) -> &str {
    request.headers().first(name).unwrap()
}

fn is_for_loser((to, request): &(SocketAddr, Request)) -> bool {
    let tagged = said(request, HeaderName::TO).contains(";tag=loser-");
    assert_eq!(tagged, to.ip().to_string() == LOSER, "who is named is who is asked: {request:?}");
    assert_eq!(tagged, request.uri().to_string().contains(LOSER));
    tagged
}

fn active(world: &World, call: CallId) -> bool {
    let theirs = world.nodes[BOB].agent.calls().last();
    world.the_call(ALICE, call).state == CallState::Active && theirs.is_some_and(|c| c.state == CallState::Active)
}

/// Both talk and hear, and nothing has become of the call since the other device answered.
fn stands(world: &mut World, call: CallId) {
    let counted = |world: &World| {
        let theirs = world.nodes[BOB].agent.calls().last().unwrap();
        (world.the_call(ALICE, call).counters.received, theirs.counters.received)
    };
    let before = counted(world);
    world.run_for(2 * SECOND);
    let after = counted(world);
    assert!(active(world, call), "{:?}", world.the_call(ALICE, call));
    assert!(after.0 - before.0 >= 95 && after.1 - before.1 >= 95, "{before:?} {after:?}");
    assert_eq!(world.the_call(ALICE, call).counters.dropped.values().sum::<u64>(), 0);
}

/// The other answers right behind the first, or when the two already talk.
#[test]
fn the_first_answer_stands_and_the_second_is_acknowledged_and_sent_away() {
    for at_once in [true, false] {
        let (mut world, call) = calling();
        assert!(world.run_until(MINUTE, |world| answer(world).is_some()));
        let winner = answer(&world).unwrap();
        if !at_once {
            assert!(world.run_until(MINUTE, |world| active(world, call)));
            world.run_for(SECOND);
        }
        world.wire.send(world.now.mono, of_loser(&winner));
        assert!(world.run_until(MINUTE, |world| active(world, call)));
        stands(&mut world, call);
        let (lost, won): (Vec<_>, Vec<_>) = asked(&world, "ACK").into_iter().partition(is_for_loser);
        assert_eq!((lost.len(), won.len()), (1, 1), "every 2xx has its ACK");
        let number = said(&won[0].1, HeaderName::CSEQ);
        assert_eq!(said(&lost[0].1, HeaderName::CSEQ), number, "RFC 3261 section 13.2.2.4: that of the INVITE");
        let byes = asked(&world, "BYE");
        assert!(!byes.is_empty() && byes.iter().all(is_for_loser), "{byes:?}");
        assert!(byes.iter().all(|(_, bye)| said(bye, HeaderName::CSEQ) == said(&byes[0].1, HeaderName::CSEQ)));
    }
}

#[test]
fn an_answer_that_comes_again_is_acknowledged_again_and_its_sender_sent_away_once() {
    let (mut world, call) = calling();
    assert!(world.run_until(MINUTE, |world| active(world, call)));
    let winner = answer(&world).unwrap();
    world.wire.send(world.now.mono, of_loser(&winner));
    world.run_for(SECOND);
    let sent_away = asked(&world, "BYE").into_iter().map(|(_, bye)| said(&bye, HeaderName::CSEQ).to_owned());
    let numbers: Vec<String> = sent_away.collect();
    for times in 2..5 {
        world.wire.send(world.now.mono, winner.clone());
        world.wire.send(world.now.mono, of_loser(&winner));
        world.run_for(SECOND);
        let (lost, won): (Vec<_>, Vec<_>) = asked(&world, "ACK").into_iter().partition(is_for_loser);
        assert_eq!((lost.len(), won.len()), (times, times));
        assert!(won.iter().all(|(_, ack)| ack.to_bytes() == won[0].1.to_bytes()), "the same ACK");
    }
    stands(&mut world, call);
    let byes = asked(&world, "BYE");
    assert!(byes.iter().all(is_for_loser));
    assert!(byes.iter().all(|(_, bye)| said(bye, HeaderName::CSEQ) == numbers[0]), "no second BYE: {byes:?}");
}
