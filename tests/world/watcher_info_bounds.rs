//! How many of those who left another device of the user is told, for how long a follower stays, and for how long it is told.

use std::time::Duration;

use sottovoce::sip::{Body, Message, Response};

use crate::common::wire::Parcel;
use crate::common::world::World;
use crate::watcher_info::{alone, laptop, newest, own, telephone_at, ALICE, LAPTOP, NAME, PHONE, SECOND};

/// The values of an attribute, one a watcher, and `-` for one without.
fn all(list: &str, attribute: &str) -> Vec<String> {
    let value = |line: &str| {
        let rest = line.split_once(&format!(" {attribute}=\""))?.1;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let watchers = list.lines().filter(|line| line.starts_with("<watcher "));
    watchers.map(|line| value(line).unwrap_or_else(|| "-".into())).collect()
}

/// One list has the first to leave, so that it is no news any more when the others are too many.
#[test]
fn of_many_who_left_the_last_64_are_told_and_once() {
    let mut world = alone();
    let mut device = laptop();
    let body = own().request(world.now, NAME, 1);
    let id = device.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    for number in 0..66 {
        // One address may have 32.
        let address = [PHONE, "192.168.1.15", "192.168.1.25"][number as usize % 3];
        telephone_at(&mut world, address, number, 600, NAME);
        device.run(&mut world, Duration::from_millis(50));
    }
    device.run(&mut world, 5 * SECOND);
    assert_eq!((device.lists.len(), newest(&device).0), (2, 1));
    let ids = all(&device.lists[1], "id");
    assert_eq!(ids.len(), 66);
    // None of them answers its NOTIFY: after 32 s they go, one after the other.
    device.run(&mut world, 36 * SECOND);
    assert_eq!((device.lists.len(), newest(&device).0), (4, 3));
    let terminated = |list: &str| all(list, "status").iter().filter(|status| *status == "terminated").count();
    assert_eq!((all(&device.lists[2], "id").len(), terminated(&device.lists[2])), (66, 1));
    assert_eq!(all(&device.lists[2], "id").last(), ids.first(), "who came first goes first");
    assert_eq!(terminated(&device.lists[3]), 64);
    assert_eq!(all(&device.lists[3], "id"), ids[2..], "of the second nobody hears");
    device.refresh(&mut world, id);
    assert_eq!(newest(&device), (4, Vec::new()));
}

#[test]
fn each_list_says_for_how_long_a_follower_stays_and_of_none_who_left() {
    let mut world = alone();
    telephone_at(&mut world, PHONE, 1, 600, NAME);
    world.run_for(5 * SECOND / 2);
    let mut device = laptop();
    let body = own().request(world.now, NAME, 1);
    let id = device.subscribe(&mut world, (NAME, ALICE), 600, Some(body));
    device.run(&mut world, SECOND / 4);
    telephone_at(&mut world, PHONE, 2, 9_999, NAME);
    device.run(&mut world, 21 * SECOND / 2);
    device.refresh(&mut world, id);
    device.run(&mut world, 30 * SECOND);
    let expirations: Vec<Vec<String>> = device.lists.iter().map(|list| all(list, "expiration")).collect();
    let subscribed: Vec<Vec<String>> = device.lists.iter().map(|list| all(list, "duration-subscribed")).collect();
    assert_eq!(expirations[0], ["597"], "{expirations:?}");
    assert_eq!(expirations[1], ["592", "3596"], "{expirations:?}");
    assert_eq!(expirations[2], ["585", "3589"], "{expirations:?}");
    assert_eq!(subscribed[2], ["14", "10"], "{subscribed:?}");
    assert_eq!(expirations[3], ["3571", "-"], "{expirations:?}");
}

/// The laptop asks who follows Alice, for as long as it says.
fn ask(world: &mut World, number: u32, expires: Option<u32>, body: &Body) -> Response {
    let expires = expires.map(|expires| format!("Expires: {expires}\r\n")).unwrap_or_default();
    let head = format!(
        "SUBSCRIBE {NAME} SIP/2.0\r\nVia: SIP/2.0/UDP {LAPTOP}:5060;branch=z9hG4bKl{number}\r\nMax-Forwards: 70\r\n\
         From: <{NAME}>;tag=l{number}\r\nTo: <{NAME}>\r\nCall-ID: l{number}\r\nCSeq: 1 SUBSCRIBE\r\n{expires}\
         Event: presence.winfo\r\nContact: <sip:{LAPTOP}>\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        body.content_type,
        body.bytes.len()
    );
    let [from, to] = [LAPTOP, ALICE].map(|address| format!("{address}:5060").parse().unwrap());
    let bytes = [head.as_bytes(), &body.bytes[..]].concat();
    world.wire.send(world.now.mono, Parcel::Sip { stream: None, from, to, bytes });
    world.run_for(SECOND / 4);
    let answer = heard(world, number).into_iter().find_map(|message| match message {
        Message::Response(response) => Some(response),
        Message::Request(_) => None,
    });
    answer.expect("an answer")
}

/// What came to the laptop of this subscription.
fn heard(world: &World, number: u32) -> Vec<Message> {
    let call = format!("l{number}");
    let of_it = |message: &Message| match message {
        Message::Request(request) => request.headers().first("Call-ID") == Some(&call),
        Message::Response(response) => response.headers().first("Call-ID") == Some(&call),
    };
    let sip = world.wire.overheard.iter().filter_map(|parcel| match parcel {
        Parcel::Sip { to, bytes, .. } if to.ip().to_string() == LAPTOP => Message::parse(bytes).ok(),
        _ => None,
    });
    sip.filter(of_it).collect()
}

/// RFC 3857 section 4.4 has an hour by default.
#[test]
fn a_list_is_told_for_an_hour_unless_for_less_and_for_a_minute_at_least() {
    let mut world = alone();
    for (number, expires, granted) in [(1, None, "3600"), (2, Some(7200), "3600"), (3, Some(60), "60")] {
        let body = own().request(world.now, NAME, number);
        let answer = ask(&mut world, number.into(), expires, &body);
        assert_eq!((answer.status(), answer.headers().first("Expires")), (200, Some(granted)), "{expires:?}");
        let Some(Message::Request(notify)) = heard(&world, number.into()).pop() else {
            panic!("{expires:?}: no NOTIFY")
        };
        let state = notify.headers().first("Subscription-State");
        assert_eq!(state, Some(format!("active;expires={granted}").as_str()));
    }
    let body = own().request(world.now, NAME, 4);
    for (number, expires) in [(4, 1), (5, 59)] {
        let answer = ask(&mut world, number, Some(expires), &body);
        assert_eq!((answer.status(), answer.headers().first("Min-Expires")), (423, Some("60")), "{expires}");
    }
    assert_eq!(ask(&mut world, 6, Some(60), &body).status(), 200, "what is too brief costs no nonce");
}
