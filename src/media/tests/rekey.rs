//! Both sides agree anew while they talk (PROTOCOL section 7, "Mid-call").

use std::collections::VecDeque;

use super::*;

/// What a packet needs from one side to the other, in ms.
const WAY: u64 = 30;

/// Alice and Bob, 20 ms a frame, and what is on its way between them.
struct Link {
    ends: [Stream; 2],
    on_the_way: [VecDeque<(u64, Vec<u8>)>; 2],
    /// First octets of what each side has sent, to tell the SAs apart.
    spis: [Vec<[u8; 4]>; 2],
    clock: u64,
}

const ALICE: usize = 0;
const BOB: usize = 1;

impl Link {
    fn new(action: &str, bundle: Bundle) -> Self {
        let (alice, bob) = pair(action, bundle);
        Self { ends: [alice, bob], on_the_way: Default::default(), spis: Default::default(), clock: 0 }
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.tick();
        }
    }

    fn tick(&mut self) {
        for (end, other) in [(ALICE, BOB), (BOB, ALICE)] {
            let from = if other == ALICE { alice() } else { bob() };
            while self.on_the_way[other].front().is_some_and(|(due, _)| *due <= self.clock) {
                let (_, mut datagram) = self.on_the_way[other].pop_front().unwrap();
                self.ends[end].handle_datagram(at(self.clock), from, &mut datagram);
            }
        }
        if self.clock.is_multiple_of(20) {
            for end in [ALICE, BOB] {
                let sound = self.ends[end].send(at(self.clock), &frame(1)).map(|datagram| datagram.bytes.to_vec());
                let report = self.ends[end].poll_rtcp(at(self.clock)).map(|datagram| datagram.bytes.to_vec());
                for datagram in sound.into_iter().chain(report) {
                    self.spis[end].push(datagram[..4].try_into().unwrap());
                    self.on_the_way[end].push_back((self.clock + WAY, datagram));
                }
            }
        }
        self.clock += 1;
    }

    /// Alice's offer was answered: Bob goes on as soon as he answers, she when his answer has come.
    fn rekey(&mut self, action: &str, bundle: Bundle) {
        self.ends[BOB].rekey(at(self.clock), rekeying(BOB, action, bundle));
        self.run(WAY);
        self.ends[ALICE].rekey(at(self.clock), rekeying(ALICE, action, bundle));
    }

    fn lost(&self) -> [u64; 2] {
        [(ALICE, BOB), (BOB, ALICE)].map(|(from, to)| {
            self.ends[from].counters().sent - self.ends[to].counters().received - self.on_the_way[from].len() as u64
        })
    }

    fn last_spi(&self, end: usize) -> u8 {
        self.spis[end].last().unwrap()[2]
    }
}

/// Keys that are not those of [`keys`]: 11 to Bob, 12 to Alice.
fn rekeying(end: usize, action: &str, bundle: Bundle) -> Rekeying {
    let (out, inward) = if end == ALICE { (11, 12) } else { (12, 11) };
    let (local, remote) = if end == ALICE { (alice(), bob()) } else { (bob(), alice()) };
    let StreamConfig { local, remote, peer, spd, default_level, outbound, inbound, .. } =
        config(local, remote, spd(action), bundle);
    let protection = Protection::from_keys(keys(bundle, out), keys(bundle, inward)).unwrap();
    Rekeying {
        local,
        remote,
        peer,
        spd,
        default_level,
        outbound,
        inbound,
        following: Following::Ipsec(protection),
        speaks_first: end == ALICE,
        heard_first: false,
    }
}

const ESP_REQUIRED: &str = "ipsec esp/transport//require";
const BOTH_REQUIRED: &str = "ipsec esp/transport//require ah/transport//require";

#[test]
fn a_tightened_call_loses_nothing_and_ends_on_the_new_keys() {
    let mut link = Link::new(ESP_REQUIRED, ESP);
    link.run(1000);
    link.ends.iter_mut().for_each(|end| end.set_spd(at(1000), spd(BOTH_REQUIRED)));
    link.run(100);
    link.rekey(BOTH_REQUIRED, BOTH);
    assert_eq!((link.last_spi(ALICE), link.last_spi(BOB)), (1, 2), "each still speaks under the old ones");
    link.run(20);
    assert_eq!((link.last_spi(ALICE), link.last_spi(BOB)), (11, 2), "who offered speaks first");
    link.run(60);
    assert_eq!(link.last_spi(BOB), 12);
    link.run(15_000);
    assert_eq!(link.lost(), [0, 0]);
    assert_eq!(link.ends.each_ref().map(dropped), [vec![], vec![]]);
}

#[test]
fn the_old_keys_open_for_two_seconds_after_the_peer_was_heard_and_no_longer() {
    let mut link = Link::new(ESP_REQUIRED, ESP);
    link.run(1000);
    let mut late: Vec<Vec<u8>> = (0..2).map(|n| sent(&mut link.ends[ALICE], n).unwrap()).collect();
    link.rekey(ESP_REQUIRED, ESP);
    link.run(200);
    let bob = &mut link.ends[BOB];
    let heard = bob.counters().received;
    bob.handle_datagram(at(link.clock), alice(), &mut late[0]);
    assert_eq!(bob.counters().received, heard + 1);
    link.run(OVERLAP_HEARD.as_millis() as u64);
    let bob = &mut link.ends[BOB];
    let heard = bob.counters().received;
    bob.handle_datagram(at(link.clock), alice(), &mut late[1]);
    assert_eq!((bob.counters().received, dropped(bob)), (heard, vec![("unknown-spi", 1)]));
}

/// The peer that offered is silent: it is not waited for longer than ten seconds.
#[test]
fn an_overlap_ends_after_ten_seconds_in_any_case() {
    let (mut alice_end, mut bob_end) = pair(ESP_REQUIRED, ESP);
    bob_end.rekey(at(0), rekeying(BOB, BOTH_REQUIRED, BOTH));
    let over = OVERLAP.as_millis() as u64;
    assert_eq!(bob_end.send(at(over - 1), &frame(1)).unwrap().bytes[2], 2);
    assert_eq!(bob_end.send(at(over), &frame(1)).unwrap().bytes[2], 12);
    bob_end.handle_datagram(at(over), alice(), &mut sent(&mut alice_end, 0).unwrap());
    assert_eq!(dropped(&bob_end), [("unknown-spi", 1)]);
}

/// A packet is held against the entry of its SA's generation, and neither generation against the other's.
#[test]
fn what_comes_under_the_old_keys_is_held_against_the_old_entry() {
    let mut link = Link::new(BOTH_REQUIRED, BOTH);
    link.run(100);
    let mut late = sent(&mut link.ends[ALICE], 5).unwrap();
    // A loosened policy, as both users agreed.
    link.rekey(ESP_REQUIRED, ESP);
    link.run(100);
    let bob = &mut link.ends[BOB];
    let heard = bob.counters().received;
    // Without its AH an old packet is worth nothing, though the new entry asks for none.
    let mut stripped = late[32..].to_vec();
    bob.handle_datagram(at(link.clock), alice(), &mut stripped);
    assert_eq!((bob.counters().received, dropped(bob)), (heard, vec![("policy", 1)]));
    bob.handle_datagram(at(link.clock), alice(), &mut late);
    assert_eq!(bob.counters().received, heard + 1);
}

/// Clear has no overlap: from then on nothing in clear goes out, and nothing is let in.
#[test]
fn a_clear_call_that_is_protected_falls_silent_in_clear_at_once() {
    let mut link = Link::new("none", NONE);
    link.run(1000);
    let mut late = sent(&mut link.ends[ALICE], 0).unwrap();
    link.rekey(ESP_REQUIRED, ESP);
    let heard = link.ends[BOB].counters().received;
    link.ends[BOB].handle_datagram(at(link.clock), alice(), &mut late);
    assert_eq!(link.ends[BOB].counters().received, heard);
    link.run(1000);
    let gap = link.lost();
    assert!(gap.iter().all(|lost| *lost <= 5), "{gap:?}");
    assert!(link.spis.iter().all(|spis| spis.last().unwrap()[0] >= 192));
    let before = link.lost();
    link.run(1000);
    assert_eq!(link.lost(), before);
}

/// Two offers, one after the other, before the first overlap has ended.
/// Both users agreed to less: who offered goes on in clear at once, who answered when it has heard that, and neither drops a packet.
#[test]
fn a_call_that_is_loosened_to_clear_loses_nothing() {
    let mut link = Link::new(ESP_REQUIRED, ESP);
    link.run(1000);
    link.ends.iter_mut().for_each(|end| end.set_spd(at(1000), spd("none")));
    link.rekey("none", NONE);
    assert!(link.spis[BOB].last().unwrap()[0] >= 192, "Alice may not have his answer yet: {:?}", link.spis[BOB].last());
    link.run(WAY + 20);
    link.run(WAY + 20);
    let in_clear = |end: usize| link.spis[end].last().unwrap()[0] < 192;
    assert!(in_clear(ALICE) && in_clear(BOB));
    link.run(15_000);
    assert_eq!(link.lost(), [0, 0]);
    assert_eq!(link.ends.each_ref().map(dropped), [vec![], vec![]]);
}

/// The answer is lost: whoever gave it goes on sealed, however long that takes, because the other side would drop what is in clear.
#[test]
fn whoever_answered_stays_sealed_until_the_peer_was_heard_in_clear() {
    let mut link = Link::new(ESP_REQUIRED, ESP);
    link.run(1000);
    link.ends[BOB].set_spd(at(1000), spd("none"));
    link.ends[BOB].rekey(at(1000), rekeying(BOB, "none", NONE));
    link.run(20_000);
    assert!(link.spis[BOB].iter().all(|first| first[0] >= 192));
    assert_eq!((link.lost(), link.ends.each_ref().map(dropped)), ([0, 0], [vec![], vec![]]));
    // Nobody on the way ends that from another address than the peer's.
    let mut other = pair("none", NONE).0;
    let mut forged = sent(&mut other, 1).unwrap();
    let from = "203.0.113.9:4000".parse().unwrap();
    link.ends[BOB].handle_datagram(at(link.clock), from, &mut forged);
    link.run(100);
    assert!(link.spis[BOB].iter().all(|first| first[0] >= 192));
    assert_eq!(dropped(&link.ends[BOB]), vec![("source", 1)]);
}

#[test]
fn agreeing_twice_in_a_row_loses_nothing() {
    let mut link = Link::new(ESP_REQUIRED, ESP);
    link.run(500);
    link.rekey(BOTH_REQUIRED, BOTH);
    link.run(100);
    for (end, (out, inward)) in [(BOB, (22, 21)), (ALICE, (21, 22))] {
        let protection = Protection::from_keys(keys(ESP, out), keys(ESP, inward)).unwrap();
        let again = Rekeying { following: Following::Ipsec(protection), ..rekeying(end, ESP_REQUIRED, ESP) };
        link.ends[end].rekey(at(link.clock), again);
        link.run(WAY);
    }
    link.run(1000);
    assert_eq!(link.lost(), [0, 0]);
    assert_eq!((link.last_spi(ALICE), link.last_spi(BOB)), (21, 22));
}

/// Held on both sides nobody has sound to say: the new keys are used all the same.
#[test]
fn who_offered_speaks_at_once_when_it_is_silent_too() {
    let mut link = Link::new(ESP_REQUIRED, ESP);
    link.ends.iter_mut().for_each(|end| end.set_held(Held { by_us: true, ..Held::default() }));
    link.run(1000);
    link.rekey(BOTH_REQUIRED, BOTH);
    link.run(20);
    assert_eq!(link.last_spi(ALICE), 11, "a report");
}

/// A stranger says that it is elsewhere now: it gets nothing there before it was heard under the new keys, which it has from our answer
/// alone.
#[test]
fn who_only_says_that_he_has_moved_is_heard_under_the_new_keys_first() {
    let (mut alice_end, mut bob_end) = pair(ESP_REQUIRED, ESP);
    bob_end.rekey(at(0), Rekeying { heard_first: true, ..rekeying(BOB, ESP_REQUIRED, ESP) });
    assert!(bob_end.send(at(1), &frame(1)).is_none());
    bob_end.handle_datagram(at(2), alice(), &mut sent(&mut alice_end, 0).unwrap());
    assert!(bob_end.send(at(3), &frame(1)).is_none(), "the old keys prove nothing");
    assert!(bob_end.send(at(OVERLAP.as_millis() as u64 + 1), &frame(1)).is_none(), "nor does time");
    let (mut alice_end, mut bob_end) = pair(ESP_REQUIRED, ESP);
    bob_end.rekey(at(0), Rekeying { heard_first: true, ..rekeying(BOB, ESP_REQUIRED, ESP) });
    alice_end.rekey(at(0), rekeying(ALICE, ESP_REQUIRED, ESP));
    bob_end.handle_datagram(at(2), alice(), &mut sent(&mut alice_end, 0).unwrap());
    assert_eq!(bob_end.send(at(3), &frame(1)).unwrap().bytes[2], 12);
}

/// Whoever answered goes on under the old keys for a while: when the new ones come into force, sizes may not tell any more what is said.
#[test]
fn packets_are_of_one_size_as_soon_as_they_are_sealed_without_padding() {
    let to_opus = |mut stream: Stream| {
        stream.set_formats(Formats::only(Codec::Opus));
        stream
    };
    let ah = "ipsec ah/transport//require";
    let mut link = Link::new(ah, AH);
    let [here, there] = link.ends;
    link.ends = [to_opus(here), to_opus(there)];
    link.ends.iter_mut().for_each(|end| end.set_spd(at(0), spd(ESP_REQUIRED)));
    for end in [ALICE, BOB] {
        link.ends[end].rekey(at(0), rekeying(end, ESP_REQUIRED, ESP));
    }
    let [here, there] = &mut link.ends;
    let mut sizes = std::collections::BTreeSet::new();
    for n in 0..100u64 {
        let said =
            |i: usize| if n % 20 < 10 { 0 } else { ((i as i64 * 7919 + n as i64 * 104_729) % 20_000) as i16 - 10_000 };
        let loud: [i16; MAX_FRAME] = std::array::from_fn(said);
        let mut datagram = here.send(at(n * 20), &loud).unwrap().bytes.to_vec();
        there.handle_datagram(at(n * 20), alice(), &mut datagram);
        let answer = there.send(at(n * 20), &loud).unwrap().bytes.to_vec();
        assert!(answer[..4] == keys(ESP, 12).esp.unwrap().spi.to_be_bytes(), "under the new keys");
        sizes.insert(answer.len());
    }
    assert_eq!(sizes.len(), 1, "{sizes:?}");
}
