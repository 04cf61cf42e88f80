//! Two streams, and what goes between them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use zeroize::Zeroizing;

mod acoustics;
mod elsewhere;
mod formats;
mod gateway;
mod law;
mod sounds;

use super::*;

/// Samples of a frame of G.711.
const LEN: usize = 160;
use crate::ipsec::{AhKey, DirectionKeys, EspKey, PacketBuffer, Protection};
use crate::policy::setkey::parse;
use crate::policy::{strategies, Action, Bundle, Direction, Entry, Framing, Guarantee, Level, Selector, Spd, Suite};
use crate::vocab::{Device, Digit, Entity, Generation, Mono, Now, Spi, Wall};

const NONE: Bundle = Bundle::NONE;
const ESP: Bundle = Bundle::ESP;
const AH: Bundle = Bundle::AH;
const BOTH: Bundle = Bundle::AH_ESP;

fn alice() -> SocketAddr {
    "192.168.1.1:16384".parse().unwrap()
}

fn bob() -> SocketAddr {
    "133.134.10.10:16386".parse().unwrap()
}

fn at(ms: u64) -> Now {
    Now { mono: Mono(Duration::from_millis(ms)), wall: Wall(1_700_000_000_000 + ms) }
}

fn spd(action: &str) -> Arc<Spd> {
    let text = format!("spdadd any any any -P out {action};spdadd any any any -P in {action};");
    Arc::new(Spd::compile(Generation(1), vec![], parse(&text).unwrap()))
}

fn keys(bundle: Bundle, direction: u8) -> DirectionKeys {
    let spi = |n: u8| Spi::new(u32::from_be_bytes([200, 0, direction, n])).unwrap();
    DirectionKeys {
        esp: bundle.esp.then(|| EspKey {
            spi: spi(1),
            suite: Suite::Chacha20Poly1305,
            key: Zeroizing::new(vec![direction; 32]),
            salt: [direction; 4],
        }),
        ah: bundle.ah.then(|| AhKey { spi: spi(2), key: Zeroizing::new([direction; 32]) }),
        framing: bundle.framing,
    }
}

fn config(local: SocketAddr, remote: SocketAddr, spd: Arc<Spd>, bundle: Bundle) -> StreamConfig {
    let peer = Some((Entity::parse("sip:peer@host").unwrap(), Device::new("d1").unwrap()));
    StreamConfig {
        upper: crate::policy::Upper::Udp,
        heard_first: false,
        only_from: None,
        rtcp_mux: true,
        held: Held::default(),
        tunnel: None,
        local,
        remote,
        peer,
        spd,
        formats: Formats::only(Codec::Pcmu),
        ssrc: u32::from(local.port()),
        sequence: 65530,
        timestamp: 1,
        default_level: Level::Require,
        outbound: bundle,
        inbound: bundle,
    }
}

fn from_alice(spd: Arc<Spd>, agreed: Bundle, associations: Bundle) -> Stream {
    let protection = Protection::from_keys(keys(associations, 1), keys(associations, 2)).unwrap();
    Stream::new(config(alice(), bob(), spd, agreed), protection)
}

fn to_bob(spd: Arc<Spd>, agreed: Bundle, associations: Bundle) -> Stream {
    let protection = Protection::from_keys(keys(associations, 2), keys(associations, 1)).unwrap();
    Stream::new(config(bob(), alice(), spd, agreed), protection)
}

fn pair(action: &str, bundle: Bundle) -> (Stream, Stream) {
    (from_alice(spd(action), bundle, bundle), to_bob(spd(action), bundle, bundle))
}

fn played(stream: &mut Stream, n: u64) -> [i16; LEN] {
    let mut frame = [0; LEN];
    stream.play(at(n), &mut frame);
    frame
}

fn frame(n: i16) -> [i16; LEN] {
    std::array::from_fn(|i| (i as i16 - 80) * 100 + n)
}

fn sent(stream: &mut Stream, n: u64) -> Option<Vec<u8>> {
    stream.send(at(n * 20), &frame(n as i16)).map(|datagram| datagram.bytes.to_vec())
}

fn dropped(stream: &Stream) -> Vec<(&'static str, u64)> {
    stream.counters().dropped.iter().map(|(reason, count)| (*reason, *count)).collect()
}

/// The peer only says that it is there, and could name somebody else's address.
#[test]
fn who_has_to_be_heard_first_gets_nothing_before() {
    let (mut from, _) = pair("ipsec esp/transport//require", ESP);
    let protection = Protection::from_keys(keys(ESP, 2), keys(ESP, 1)).unwrap();
    let mut to = Stream::new(
        StreamConfig { heard_first: true, ..config(bob(), alice(), spd("ipsec esp/transport//require"), ESP) },
        protection,
    );
    let silent = |to: &mut Stream, n| sent(to, n).is_none() && to.poll_rtcp(at(n * 20)).is_none();
    assert!((0..500).all(|n| silent(&mut to, n)));
    let mut genuine = sent(&mut from, 501).unwrap();
    let mut forged = genuine.clone();
    *forged.last_mut().unwrap() ^= 1;
    to.handle_datagram(at(501 * 20), alice(), &mut forged);
    assert!(silent(&mut to, 502));
    to.handle_datagram(at(503 * 20), alice(), &mut genuine);
    assert!(sent(&mut to, 504).is_some());
    assert_eq!(dropped(&to), [("bad-icv", 1)]);
}

/// RFC 3264 section 8.4; RTCP goes on (section 5.1).
#[test]
fn a_held_stream_neither_speaks_nor_plays_and_is_not_silent_on_rtcp() {
    for held in [Held { by_peer: true, ..Held::default() }, Held { by_us: true, ..Held::default() }] {
        let (mut from, mut to) = pair("ipsec esp/transport//require", ESP);
        let hear = |to: &mut Stream, from: &mut Stream, n| {
            to.handle_datagram(at(n * 20), alice(), &mut sent(from, n).unwrap())
        };
        (1..20).for_each(|n| hear(&mut to, &mut from, n));
        to.set_held(held);
        let (mut reports, mut loud) = (0, 0);
        for n in 20..600 {
            assert!(sent(&mut to, n).is_none());
            reports += u32::from(to.poll_rtcp(at(n * 20)).is_some());
            hear(&mut to, &mut from, n);
            loud += u32::from(played(&mut to, n * 20).iter().any(|sample| *sample != 0));
        }
        assert!(reports > 0, "{held:?}");
        assert_eq!(loud > 500, !held.by_us, "{held:?}: {loud}");
        assert_eq!((to.counters().received, to.counters().dropped.len()), (599, 0), "it is opened and counted");
        to.set_held(Held::default());
        (600..620).for_each(|n| hear(&mut to, &mut from, n));
        assert!(sent(&mut to, 620).is_some() && played(&mut to, 620 * 20).iter().any(|sample| *sample != 0));
    }
}

/// With the keys anybody can prove his own address by AH, while our sound would go to the one that he stated.
#[test]
fn what_comes_from_elsewhere_does_not_loosen_the_tongue() {
    let elsewhere: SocketAddr = "203.0.113.9:5004".parse().unwrap();
    for (action, bundle) in
        [("ipsec ah/transport//require", AH), ("ipsec esp/transport//require ah/transport//require", BOTH)]
    {
        let protection = Protection::from_keys(keys(bundle, 1), keys(bundle, 2)).unwrap();
        let mut from = Stream::new(config(elsewhere, bob(), spd(action), bundle), protection);
        for only_from in [None, Some(alice().ip())] {
            let protection = Protection::from_keys(keys(bundle, 2), keys(bundle, 1)).unwrap();
            let heard_first =
                StreamConfig { heard_first: true, only_from, ..config(bob(), alice(), spd(action), bundle) };
            let mut to = Stream::new(heard_first, protection);
            assert!(to.waits() && to.allows(at(1), alice()));
            assert_eq!(to.allows(at(1), elsewhere), only_from.is_none(), "a check would go there");
            let mut datagram = sent(&mut from, 1).unwrap();
            to.handle_datagram(at(1), elsewhere, &mut datagram);
            assert!(sent(&mut to, 2).is_none(), "{action}");
            if only_from.is_some() {
                assert_eq!(dropped(&to), [("source", 1)]);
            }
        }
    }
}

#[test]
fn sound_goes_through_every_bundle_and_nothing_is_dropped() {
    let actions = [
        ("none", NONE, 172),
        ("ipsec esp/transport//require", ESP, 172 + 44),
        ("ipsec ah/transport//require", AH, 172 + 40),
        ("ipsec esp/transport//require ah/transport//require", BOTH, 172 + 76),
    ];
    for (action, bundle, len) in actions {
        let (mut from, mut to) = pair(action, bundle);
        let mut heard = Vec::new();
        for n in 0..20 {
            let mut datagram = sent(&mut from, n).unwrap();
            assert_eq!(datagram.len(), len, "{action}");
            to.handle_datagram(at(n * 20 + 5), alice(), &mut datagram);
            heard.extend(played(&mut to, n * 20 + 10));
        }
        let (mut expected, mut octets) = ([0; LEN], [0; LEN]);
        Encoder::new(Codec::Pcmu).encode(&frame(7), &mut octets);
        Decoder::new(Codec::Pcmu).decode(&octets, &mut expected);
        assert!(heard.windows(LEN).any(|part| part == expected), "{action}");
        assert_eq!((from.counters().sent, to.counters().received, dropped(&to)), (20, 20, vec![]));
        assert_eq!(to.poll_event(), Some(StreamEvent::FirstPacket { from: alice() }));
        assert_eq!(to.poll_event(), None);
    }
}

#[test]
fn under_require_without_an_association_nothing_leaves() {
    let mut stream = from_alice(spd("ipsec esp/transport//require"), NONE, NONE);
    for n in 0..500 {
        assert!(sent(&mut stream, n).is_none());
        assert!(stream.poll_rtcp(at(n * 20)).is_none());
    }
    assert_eq!(stream.poll_event(), Some(StreamEvent::Unprotected));
    assert_eq!(stream.poll_event(), None);
    assert_eq!(stream.counters().sent, 0);
    assert!(stream.counters().dropped["unprotected"] > 500);
}

#[test]
fn what_is_agreed_or_forbidden_binds_too() {
    let mut stream = from_alice(spd("none"), ESP, NONE);
    assert!(sent(&mut stream, 0).is_none());
    let mut stream = from_alice(spd("discard"), BOTH, BOTH);
    assert!(sent(&mut stream, 0).is_none() && sent(&mut stream, 1).is_none());
    assert_eq!(stream.poll_event(), Some(StreamEvent::Forbidden));
    assert_eq!((stream.poll_event(), dropped(&stream)), (None, vec![("forbidden", 2)]));
}

#[test]
fn under_use_clear_goes_only_where_there_is_no_association() {
    let (mut from, mut to) = pair("ipsec esp/transport//use", NONE);
    let mut clear = sent(&mut from, 0).unwrap();
    assert_eq!(clear[0], 0x80);
    to.handle_datagram(at(1), alice(), &mut clear.clone());
    assert_eq!(to.counters().received, 1);
    let (mut from, mut to) = pair("ipsec esp/transport//use", ESP);
    assert!(sent(&mut from, 0).unwrap()[0] >= 192);
    to.handle_datagram(at(1), alice(), &mut clear);
    assert_eq!((to.counters().received, dropped(&to)), (0, vec![("policy", 1)]));
}

#[test]
fn the_tighter_of_bundle_and_entry_is_sent() {
    let (mut from, mut to) = (from_alice(spd("none"), ESP, ESP), to_bob(spd("none"), ESP, ESP));
    let mut packet = sent(&mut from, 0).unwrap();
    assert!(packet[0] >= 192);
    to.handle_datagram(at(1), alice(), &mut packet);
    assert_eq!(to.counters().received, 1);
}

#[test]
fn a_tightened_snapshot_stops_what_no_longer_reaches_it_both_ways() {
    let (mut from, mut to) = pair("ipsec esp/transport//require", ESP);
    let (mut first, mut second) = (sent(&mut from, 0).unwrap(), sent(&mut from, 1).unwrap());
    to.handle_datagram(at(1), alice(), &mut first);
    let tighter = spd("ipsec esp/transport//require ah/transport//require");
    let over = 2 + OVERLAP.as_millis() as u64;
    to.set_spd(at(2), tighter.clone());
    from.set_spd(at(2), tighter);
    assert!(from.send(at(over - 1), &frame(0)).is_some(), "both sides have the time to agree anew");
    to.handle_datagram(at(over), alice(), &mut second);
    assert_eq!((to.counters().received, dropped(&to)), (1, vec![("policy", 1)]));
    assert!(from.send(at(over), &frame(0)).is_none());
    assert_eq!(from.poll_event(), Some(StreamEvent::Unprotected));
}

#[test]
fn what_is_in_clear_and_what_is_discarded_stops_at_once() {
    for (before, bundle, after, reason) in [
        ("none", NONE, "ipsec esp/transport//require", "unprotected"),
        ("none", NONE, "discard", "forbidden"),
        ("ipsec esp/transport//require", ESP, "discard", "forbidden"),
    ] {
        let (mut from, mut to) = pair(before, bundle);
        let mut packet = sent(&mut from, 0).unwrap();
        [&mut from, &mut to].into_iter().for_each(|stream| stream.set_spd(at(1), spd(after)));
        to.handle_datagram(at(2), alice(), &mut packet);
        assert!(sent(&mut from, 1).is_none());
        assert_eq!((dropped(&to), dropped(&from)), (vec![("policy", 1)], vec![(reason, 1)]), "{before}, {after}");
    }
}

#[test]
fn an_entry_that_expires_in_the_middle_of_a_call_rules_no_more() {
    let entry = |direction, action: Action, expires| Entry { expires, ..Entry::new(Selector::ANY, direction, action) };
    let soon = Some(Wall(at(1000).wall.0));
    let loose = [Direction::Out, Direction::In].map(|way| entry(way, Action::None, soon));
    let default = [Direction::Out, Direction::In].map(|way| entry(way, Action::Discard, None));
    let spd = Arc::new(Spd::compile(Generation(1), loose.to_vec(), default.to_vec()));
    let mut stream = from_alice(spd, NONE, NONE);
    assert!(sent(&mut stream, 49).is_some());
    assert!(sent(&mut stream, 50).is_none());
}

#[test]
fn only_the_newest_authenticated_packet_moves_the_remote_and_none_under_ah() {
    let moved: SocketAddr = "198.51.100.7:4000".parse().unwrap();
    let (mut from, mut to) = pair("ipsec esp/transport//require", ESP);
    let (mut old, mut new, mut newest) =
        (sent(&mut from, 0).unwrap(), sent(&mut from, 1).unwrap(), sent(&mut from, 2).unwrap());
    to.handle_datagram(at(1), alice(), &mut new);
    to.handle_datagram(at(2), moved, &mut old);
    assert_eq!((to.remote(), to.counters().received), (alice(), 2));
    let mut forged = newest.clone();
    forged[20] ^= 1;
    to.handle_datagram(at(3), moved, &mut forged);
    assert_eq!(to.remote(), alice());
    to.handle_datagram(at(4), moved, &mut newest);
    assert_eq!(to.remote(), moved);
    assert_eq!(to.send(at(5), &frame(0)).unwrap().to, moved);

    for (action, bundle, reason) in [("none", NONE, "source"), ("ipsec ah/transport//require", AH, "bad-icv")] {
        let (mut from, mut to) = pair(action, bundle);
        to.handle_datagram(at(1), moved, &mut sent(&mut from, 0).unwrap());
        assert_eq!((to.remote(), dropped(&to)), (alice(), vec![(reason, 1)]));
    }
}

#[test]
fn replays_are_drops_but_late_and_duplicate_rtp_is_not() {
    let (mut from, mut to) = pair("ipsec esp/transport//require", ESP);
    let packets: Vec<Vec<u8>> = (0..8).map(|n| sent(&mut from, n).unwrap()).collect();
    for n in [0, 1, 2, 4, 4] {
        to.handle_datagram(at(n as u64), alice(), &mut packets[n].clone());
    }
    for n in 0..4 {
        played(&mut to, n * 20);
    }
    to.handle_datagram(at(90), alice(), &mut packets[3].clone());
    assert_eq!((to.counters().late, to.counters().concealed, to.counters().received), (1, 1, 5));
    assert_eq!(dropped(&to), [("replay", 1)]);
    let (mut from, mut to) = pair("none", NONE);
    let packet = sent(&mut from, 0).unwrap();
    to.handle_datagram(at(0), alice(), &mut packet.clone());
    to.handle_datagram(at(0), alice(), &mut packet.clone());
    assert_eq!((to.counters().duplicate, dropped(&to)), (1, vec![]));
}

#[test]
fn rtcp_goes_the_same_way_and_is_counted() {
    let (mut from, mut to) = pair("ipsec esp/transport//require", ESP);
    let mut reports = 0;
    for n in 0..1500 {
        sent(&mut from, n);
        while let Some(datagram) = from.poll_rtcp(at(n * 20)) {
            let mut report = datagram.bytes.to_vec();
            assert!(report[0] >= 192);
            to.handle_datagram(at(n * 20), alice(), &mut report);
            reports += 1;
        }
    }
    assert!((4..=11).contains(&reports), "{reports} in 30 s");
    assert_eq!((from.counters().rtcp_sent, to.counters().rtcp_received, dropped(&to)), (reports, reports, vec![]));
}

#[test]
fn garbage_is_counted_by_reason_and_keep_alives_are_nothing() {
    let mut to = to_bob(spd("none"), NONE, NONE);
    for garbage in [&b""[..], &[0xff], &[0, 1, 2, 3], &[0x80; 5], &[0x80, 200, 0, 0], &[0xc0; 40], &[0x80; 172]] {
        to.handle_datagram(at(0), alice(), &mut garbage.to_vec());
    }
    let mut other = [0; 172];
    other[..2].copy_from_slice(&[0x80, 8]);
    to.handle_datagram(at(0), alice(), &mut other);
    assert_eq!(dropped(&to), [("malformed", 2), ("payload-type", 1), ("unknown-spi", 1), ("unrecognised", 1)]);
}

proptest! {
    /// The law of PROTOCOL section 2.1, through the two doors of real streams: what is sent under P is accepted
    /// under Q when P is at least as tight as Q; and whatever is delivered has all that Q insists on.
    #[test]
    fn the_law(p in strategies::framed_action(alice().ip(), bob().ip()), q in strategies::framed_action(alice().ip(), bob().ip()), level in prop_oneof![Just(Level::Use), Just(Level::Require)],
               fallback: bool, pads: bool, less in any::<(bool, bool)>()) {
        let under = |action: &Action| {
            let entries = [Direction::Out, Direction::In].map(|way| Entry::new(Selector::ANY, way, action.clone()));
            Arc::new(Spd::compile(Generation(1), vec![], entries.to_vec()))
        };
        let (theirs, ours) = (Guarantee::of(&p, level), Guarantee::of(&q, level));
        // What the caller offers; a callee that misses something answers 488, and nothing flows (PROTOCOL section 7).
        let mut agreed = if fallback { NONE } else { Bundle::of(&p) };
        agreed.framing.tfc = pads && agreed.esp && !agreed.framing.ipcomp;
        let refused = ours.discard || !agreed.missing_for(&q, level).is_empty();
        if refused && !fallback {
            prop_assert!(theirs.discard || !theirs.at_least_as_tight_as(&ours), "{} -> {}", p, q);
            return Ok(());
        }
        let level_of = |config: StreamConfig| StreamConfig { default_level: level, ..config };
        let protection = |a, b| Protection::from_keys(keys(agreed, a), keys(agreed, b)).unwrap();
        let sender = Stream::new(level_of(config(alice(), bob(), under(&p), agreed)), protection(1, 2));
        let receiver = Stream::new(level_of(config(bob(), alice(), under(&q), agreed)), protection(2, 1));
        let (mut egress, mut ingress) = (sender.into_doors().0, receiver.into_doors().1);
        let mut buffer = PacketBuffer::new(200);
        buffer.begin(172).unwrap().fill(0x80);
        let mut room = vec![0; ingress.room()];
        let left = egress.protect(at(0).wall, &mut buffer).map(<[u8]>::to_vec);
        if let Ok(mut datagram) = left {
            prop_assert!(!theirs.discard);
            let arrived = ingress.unprotect(at(0).wall, alice(), &mut datagram, &mut room);
            if theirs.at_least_as_tight_as(&ours) {
                prop_assert!(matches!(arrived, Ok(Some(_))), "{} -> {}", p, q);
            }
            if let Ok(Some(arrival)) = arrived {
                prop_assert_eq!(&arrival.payload[..], &[0x80; 172][..]);
                prop_assert!(ours.accepts(&agreed.carried()));
            }
        }
        // A sender that does not keep the agreement: what it leaves out is noticed.
        let mut weaker = Bundle { esp: agreed.esp && less.0, ah: agreed.ah && less.1, ..agreed };
        weaker.framing = Framing {
            ipcomp: agreed.framing.ipcomp && !weaker.is_empty(),
            ipcomp_tunnel: agreed.framing.ipcomp_tunnel && !weaker.is_empty(),
            esp_tunnel: agreed.framing.esp_tunnel && weaker.esp,
            ah_tunnel: agreed.framing.ah_tunnel && weaker.ah,
            tfc: agreed.framing.tfc && weaker.esp,
        };
        let cheat = Protection::from_keys(keys(weaker, 1), keys(weaker, 2)).unwrap();
        let open = |action| Stream::new(config(alice(), bob(), action, weaker), cheat);
        let (mut egress, _) = open(under(&Action::None)).into_doors();
        buffer.begin(172).unwrap().fill(0x80);
        let mut datagram = egress.protect(at(0).wall, &mut buffer).unwrap().to_vec();
        let mut room = vec![0; ingress.room()];
        let arrived = ingress.unprotect(at(0).wall, alice(), &mut datagram, &mut room);
        if weaker != agreed || !ours.accepts(&weaker.carried()) {
            prop_assert!(arrived.is_err());
        }
    }

    #[test]
    fn no_datagram_makes_a_stream_panic(mut octets in prop::collection::vec(any::<u8>(), 0..250), first in prop::option::of(Just(0x80u8))) {
        if let (Some(first), Some(octet)) = (first, octets.first_mut()) {
            *octet = first;
        }
        for (action, bundle) in [("none", NONE), ("ipsec esp/transport//require", ESP), ("ipsec ah/transport//use", AH)] {
            let mut to = pair(action, bundle).1;
            to.handle_datagram(at(0), alice(), &mut octets);
            played(&mut to, 0);
        }
    }
}

/// What was agreed and has not been used lets the peer's packets in, and ours leave as before (PROTOCOL section 6).
#[test]
fn a_pending_entry_is_for_what_arrives() {
    let agreed = |spd: &str, loose: &str| {
        let peer = "entity=sip:peer@host device=d1";
        let text =
            format!("spdadd any any any -P out {loose}; # sv: {peer}\nspdadd any any any -P in {loose}; # sv: {peer}");
        let approved =
            crate::policy::Approved::own(parse(&text).unwrap(), crate::policy::Origin::User, Generation(1), Wall(0));
        let before = parse(&format!("spdadd any any any -P out {spd};spdadd any any any -P in {spd};")).unwrap();
        let digest = |n| crate::vocab::Digest([n; 32]);
        let against = before.iter().map(Entry::digest).collect();
        let terms = crate::policy::Terms { hash: digest(1), proposal: digest(2), against, since: Wall(0) };
        let pending = crate::policy::Pending::of(&approved.unwrap(), terms).unwrap();
        Arc::new(Spd::compile(Generation(1), vec![], before).with_pending(vec![pending]))
    };
    let frame = [7_i16; LEN];
    // (in force, agreed, what the peer's packets have) -> let in, and whether ours under it leave.
    for (tight, loose, bundle, enters, leaves) in [
        ("ipsec esp/transport//require", "none", NONE, true, false),
        ("ipsec esp/transport//require", "none", ESP, true, true),
        ("ipsec esp/transport//require", "ipsec ah/transport//require", AH, true, false),
        ("ipsec esp/transport//require", "ipsec ah/transport//require", NONE, false, false),
        ("ipsec esp/transport//require ah/transport//require", "ipsec esp/transport//require", ESP, true, false),
        ("discard", "none", NONE, true, false),
    ] {
        let what = format!("{tight}, agreed {loose}, {bundle:?}");
        let mut peer = from_alice(spd("none"), bundle, bundle);
        let mut ours = to_bob(agreed(tight, loose), bundle, bundle);
        let mut bytes = peer.send(at(0), &frame).unwrap().bytes.to_vec();
        ours.handle_datagram(at(0), alice(), &mut bytes);
        assert_eq!(ours.counters().received == 1, enters, "{what}: {:?}", ours.counters());
        assert_eq!(ours.send(at(20), &frame).is_some(), leaves, "{what}");
    }
}

mod rekey;
