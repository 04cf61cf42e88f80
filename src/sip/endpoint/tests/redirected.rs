use super::wire::{address, header, invite, subscribe, uri, World, ALICE, BOB};
use crate::sip::endpoint::{EndCause, EndpointEvent, Invite, Subscribe, Text};
use crate::sip::{Method, Request, RequestIds, Resumed, Uri};

fn same_but_newer(first: &Request, second: &Request) {
    for name in ["From", "To", "Call-ID"] {
        assert_eq!(header(first, name), header(second, name), "{name}");
    }
    let number = |request: &Request| header(request, "CSeq").split(' ').next().unwrap().parse::<u32>().unwrap();
    assert!(number(second) > number(first));
    assert_ne!(header(first, "Via"), header(second, "Via"));
}

fn elsewhere() -> Uri {
    Uri::parse("sip:bob@192.168.1.2:5070").unwrap()
}

/// ```text
/// alice               bob
///   | INVITE 1 -------> |
///   | <------------ 302 |   Contact: two
///   | ACK ------------> |
///   | INVITE 2 -------> |   same From, To, Call-ID
/// ```
#[test]
fn an_invite_that_is_redirected_is_the_same_call() {
    let mut world = World::perfect();
    world.at(ALICE, |end, now| end.invite(now, invite()));
    let first = world.request(&Method::Invite);
    world.reply(&Method::Invite, 302, &[("Contact", "<sip:bob@192.168.1.2:5070>;q=0.5, <tel:+1>")]);
    let Some(EndpointEvent::Rejected { status: 302, contacts, ids, .. }) = world.events[ALICE].last().cloned() else {
        panic!("{:?}", world.events[ALICE])
    };
    assert_eq!(contacts.iter().map(|one| one.uri.as_str()).collect::<Vec<_>>(), ["sip:bob@192.168.1.2:5070", "tel:+1"]);
    assert_eq!(world.times(ALICE, "ACK").len(), 1);
    let resumes = Some(Resumed { ids, proxy: None });
    world.at(ALICE, |end, now| end.invite(now, Invite { target: elsewhere(), resumes, ..invite() }));
    let second = world.request(&Method::Invite);
    same_but_newer(&first, &second);
    assert_eq!(second.uri(), &elsewhere());
    assert_eq!(world.sent.last().unwrap().remote.port(), 5070);
}

/// RFC 3261 section 21.3.4.
#[test]
fn use_proxy_goes_through_the_proxy_to_the_same_target() {
    let mut world = World::perfect();
    let ids = RequestIds { call_id: "c".into(), tag: "t".into(), to: "<sip:bob@b.example>".into(), cseq: 7 };
    let proxy = Uri::parse("sip:192.0.2.9:5090").ok();
    let resumes = Some(Resumed { ids, proxy });
    world.at(ALICE, |end, now| end.invite(now, Invite { resumes, ..invite() }));
    let request = world.request(&Method::Invite);
    assert_eq!((request.uri(), header(&request, "Route").as_str()), (&uri(BOB), "<sip:192.0.2.9:5090;lr>"));
    assert_eq!((header(&request, "CSeq").as_str(), header(&request, "Call-ID").as_str()), ("8 INVITE", "c"));
    assert_eq!(world.sent.last().unwrap().remote, "192.0.2.9:5090".parse().unwrap());
}

#[test]
fn subscribe_and_message_are_told_where_to_go_and_carry_on() {
    let mut world = World::perfect();
    world.at(ALICE, |end, now| end.subscribe(now, subscribe(0)));
    let first = world.request(&Method::Subscribe);
    world.reply(&Method::Subscribe, 301, &[("Contact", "<sip:bob@192.168.1.2:5070>")]);
    let ended = world.events[ALICE].last().cloned();
    let Some(EndpointEvent::SubscriptionEnded { cause, ids: Some(ids), .. }) = ended else { panic!("{ended:?}") };
    assert!(matches!(&cause, EndCause::Redirected { status: 301, contacts, .. } if contacts.len() == 1), "{cause:?}");
    let resumes = Some(Resumed { ids, proxy: None });
    world.at(ALICE, |end, now| end.subscribe(now, Subscribe { target: elsewhere(), resumes, ..subscribe(0) }));
    same_but_newer(&first, &world.request(&Method::Subscribe));

    let text = |resumes, target| Text {
        target,
        remote: address(BOB),
        tcp: false,
        domain: None,
        text: "hello".to_owned(),
        from: None,
        login: None,
        resumes,
    };
    world.at(ALICE, |end, now| end.message(now, text(None, uri(BOB))));
    let first = world.request(&Method::Message);
    world.reply(&Method::Message, 302, &[("Contact", "<sip:bob@192.168.1.2:5070>")]);
    let failed = world.events[ALICE].last().cloned();
    let Some(EndpointEvent::MessageFailed { ids, .. }) = failed else { panic!("{failed:?}") };
    world.at(ALICE, |end, now| end.message(now, text(Some(Resumed { ids, proxy: None }), elsewhere())));
    same_but_newer(&first, &world.request(&Method::Message));
}
