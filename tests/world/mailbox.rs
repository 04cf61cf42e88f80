//! The server of an account tells of voice messages that wait (RFC 3842), where the account wants that.

use std::time::Duration;

use sottovoce::agent::{AccountConfig, AgentConfig, MailboxState};
use sottovoce::sip::MessageCount;

use crate::common::config::{account, agent};
use crate::common::server::Server;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

const ALICE: &str = "192.168.1.1";
const SERVER: &str = "192.0.2.9";
const SECOND: Duration = Duration::from_secs(1);
const TWO: &str = "Messages-Waiting: yes\r\nMessage-Account: sip:al@example.org\r\nVoice-Message: 2/8 (1/2)\r\n";

/// Alice has an account at a server that tells this, if anything.
fn registered(wants: bool, tells: Option<&'static str>) -> World {
    let mut world = World::new(5, Link::GOOD);
    let mut server = Server::new(SERVER);
    server.mailbox = tells;
    world.server = Some(server);
    let entity = sottovoce::vocab::Entity::parse("sip:al@example.org").unwrap();
    let account = AccountConfig { mailbox: wants, publish: false, ..account(&entity, SERVER) };
    world.add("alice", AgentConfig { accounts: vec![account], ..agent("alice", ALICE, "none") });
    world.run_for(2 * SECOND);
    world
}

fn state(world: &World) -> MailboxState {
    world.nodes[0].agent.accounts().next().unwrap().mailbox.clone()
}

fn new(world: &World) -> Option<u32> {
    match state(world) {
        MailboxState::Told(summary) => summary.voice.map(|voice| voice.new),
        _ => None,
    }
}

/// NOTIFY outside of any subscription, from this address: the status of the answer.
fn unasked(world: &mut World, from: &str, number: u32, body: &str) -> String {
    let text = format!(
        "NOTIFY sip:al@{ALICE} SIP/2.0\r\nVia: SIP/2.0/UDP {from}:5060;branch=z9hG4bKn{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:mail@example.org>;tag=m\r\nTo: <sip:al@example.org>\r\nCall-ID: n{number}\r\nCSeq: 1 NOTIFY\r\n\
         Contact: <sip:mail@{from}>\r\nEvent: message-summary\r\nSubscription-State: active\r\n\
         Content-Type: application/simple-message-summary\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (from, to) = (format!("{from}:5060").parse().unwrap(), format!("{ALICE}:5060").parse().unwrap());
    world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes: text.into_bytes() });
    world.run_for(SECOND);
    let call = format!("Call-ID: n{number}\r\n");
    let answer = said(world).into_iter().rev().find(|text| text.starts_with("SIP/2.0") && text.contains(&call));
    answer.expect("it is answered")[8..11].to_owned()
}

fn said(world: &World) -> Vec<String> {
    let text = |parcel: &Parcel| match parcel {
        Parcel::Sip { bytes, .. } => String::from_utf8(bytes.clone()).ok(),
        Parcel::Media { .. } => None,
    };
    world.wire.overheard.iter().filter_map(text).collect()
}

#[test]
fn it_is_asked_for_where_the_account_wants_it_and_not_else() {
    let world = registered(true, Some(TWO));
    let MailboxState::Told(summary) = state(&world) else { panic!("{:?}", state(&world)) };
    assert_eq!((summary.waiting, summary.voice), (true, Some(MessageCount { new: 2, old: 8, urgent: Some(1) })));
    let mut world = registered(false, Some(TWO));
    assert_eq!(state(&world), MailboxState::Off);
    assert!(said(&world).iter().all(|text| !text.contains("message-summary")));
    assert_eq!(unasked(&mut world, SERVER, 1, TWO), "481");
    assert_eq!(state(&world), MailboxState::Off);
}

#[test]
fn what_is_told_unasked_is_believed_of_the_own_server_alone() {
    let mut world = registered(true, Some(TWO));
    assert_eq!(unasked(&mut world, SERVER, 1, "Messages-Waiting: yes\r\nVoice-Message: 3/8\r\n"), "200");
    assert_eq!(new(&world), Some(3));
    assert_eq!(unasked(&mut world, "192.168.1.66", 2, "Messages-Waiting: yes\r\nVoice-Message: 9/8\r\n"), "481");
    assert_eq!(new(&world), Some(3));
}

/// Whoever has read the subscription's messages says what he likes in it, and where its requests are to go.
#[test]
fn within_the_subscription_its_server_alone_is_believed() {
    let mut world = registered(true, Some(TWO));
    let told = said(&world).into_iter().find(|text| text.starts_with("NOTIFY ") && text.contains("message-summary"));
    let told = told.unwrap();
    let cseq = told.lines().find(|line| line.starts_with("CSeq: ")).unwrap();
    let later = |number: u32| {
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        let head =
            head.replace(cseq, &format!("CSeq: {number} NOTIFY")).replace("z9hG4bK", &format!("z9hG4bK{number}"));
        format!("{head}\r\n\r\n{}", body.replace("2/8", "7/8"))
    };
    for (from, number, answer, expected) in [("192.168.1.66", 7000, "481", 2), (SERVER, 7001, "200", 7)] {
        let (text, at) = (later(number).replace(SERVER, from), format!("{from}:5060").parse().unwrap());
        let to = format!("{ALICE}:5060").parse().unwrap();
        world.wire.send(world.now.mono, Parcel::Sip { stream: None, from: at, to, bytes: text.into_bytes() });
        world.run_for(SECOND);
        let cseq = format!("CSeq: {number} NOTIFY");
        let answers = said(&world).into_iter().filter(|text| text.starts_with("SIP/2.0") && text.contains(&cseq));
        let statuses: Vec<String> = answers.map(|text| text[8..11].to_owned()).collect();
        assert_eq!((statuses, new(&world)), (vec![answer.to_owned()], Some(expected)), "{from}");
    }
}

#[test]
fn a_server_that_knows_no_mailbox_is_not_asked_again_and_may_tell_all_the_same() {
    // It says 404 to whatever it does not know.
    let mut world = registered(true, None);
    let MailboxState::Waiting(failure) = state(&world) else { panic!("{:?}", state(&world)) };
    assert_eq!((failure.code, failure.next.as_str()), ("mailbox-unknown", "it is asked again by itself"));
    world.server.as_mut().unwrap().mailbox = Some(TWO);
    assert!(world.run_until(600 * SECOND, |world| new(world) == Some(2)), "{:?}", state(&world));
}

/// What a server says is read strictly, and shown as what it is.
#[test]
fn what_cannot_be_read_is_said_so() {
    for body in ["", "Messages-Waiting: perhaps\r\n", "Messages-Waiting: yes\r\nVoice-Message: 99999999999/0\r\n"] {
        let mut world = registered(true, Some(TWO));
        assert_eq!(unasked(&mut world, SERVER, 1, body), if body.is_empty() { "481" } else { "200" });
        match state(&world) {
            MailboxState::Refused(failure) => assert_eq!((failure.code, body.is_empty()), ("mailbox-unknown", false)),
            other => assert!(body.is_empty() && matches!(other, MailboxState::Told(_)), "{body} {other:?}"),
        }
    }
}
