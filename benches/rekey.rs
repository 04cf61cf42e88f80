//! What new keys in the middle of a call cost: packets that do not arrive because of them, how long until both sides speak under
//! them, and the processor's time. Two whole agents in a world without sockets, whose clock jumps. Run `cargo bench --bench rekey`.
#![allow(clippy::disallowed_methods)] // the real clock, around what is measured and not in it

#[path = "../tests/common/mod.rs"]
#[expect(dead_code, reason = "what the scenarios share, and a measure needs little of")]
mod common;

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sottovoce::agent::Command;
use sottovoce::keys::agreement::{Bundles, Choice, OfferInput, PeerKeys, ResponderInput, Spis};
use sottovoce::keys::{Identity, Initiator, Responder};
use sottovoce::policy::{Bundle, Suite};
use sottovoce::vocab::{CallId, Device, Digest, Entity, Spi, Wall};

use common::config::{agent, secret};
use common::wire::Link;
use common::world::World;

const NONE: &str = "none";
const ESP: &str = "ipsec esp/transport//require";
const BOTH: &str = "ipsec esp/transport//require ah/transport//require";

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let calls = if quick { 4 } else { 100 };
    println!("{calls} calls each, rekeyed by either side at every moment between two packets");
    println!("{:<44} {:>9} {:>9} {:>12} {:>12}", "", "lost most", "lost mean", "protected ms", "CPU us, both");
    let clean = |delay| Link { delay: Duration::from_millis(delay), ..Link::GOOD };
    for delay in [1, 10, 50, 150] {
        let row = measure(clean(delay), [ESP, BOTH], calls, arrived);
        row.print(&format!("esp to ah+esp, clean, {delay} ms one way"));
        assert_eq!(row.most, 0, "the goal: a rekey on a clean link loses no packet");
    }
    let reordered = Link { duplication: 5, jitter: Duration::from_millis(60), ..clean(20) };
    measure(reordered, [ESP, BOTH], calls, refused).print("esp to ah+esp, reordered, doubled (refused)");
    measure(Link::lossy(10), [ESP, BOTH], calls, refused).print("and a tenth lost by the link (refused)");
    measure(clean(10), [NONE, ESP], calls, arrived).print("none to esp, clean: the clear has no overlap");
    agreement(if quick { 10 } else { 2000 });
}

/// Over all calls and both directions.
struct Row {
    most: u64,
    mean: f64,
    /// From the user's command until both sides speak and hear under the new keys, at the median.
    took: Duration,
    /// Of both agents together, everything that came in that time included.
    cpu: Duration,
}

impl Row {
    fn print(&self, name: &str) {
        let Self { most, mean, took, cpu } = self;
        println!("{name:<44} {most:>9} {mean:>9.2} {:>12} {:>12.0}", took.as_millis(), cpu.as_secs_f64() * 1e6);
    }
}

/// What each side has sent and the other has not let in.
type Loss = fn(&mut World, [CallId; 2]) -> [u64; 2];

fn measure(link: Link, [before, after]: [&str; 2], calls: u64, loss: Loss) -> Row {
    let (mut lost, mut took, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..calls {
        let ends = [agent("alice", "192.168.1.1", before), agent("bob", "192.168.1.2", before)];
        let (mut world, calls) = World::talking(seed, link, ends);
        world.run_for(Duration::from_micros(seed * 20_000 / 7 % 20_000));
        let earlier = loss(&mut world, calls);
        let (begun, clock) = (world.now.mono, Instant::now());
        let text = format!("spdadd any any udp -P out {after}; # sv: priority=9");
        world.command((seed % 2) as usize, Command::PolicyAdd { text }).expect("a policy");
        let before = world.wire.seen.len();
        let protected = |world: &World| both_under_new_keys(world, calls, before);
        assert!(world.run_until(Duration::from_secs(60), protected), "the call {seed} is rekeyed");
        cpu.push(clock.elapsed());
        took.push(world.now.mono - begun);
        // Longer than the overlap of both generations.
        world.run_for(Duration::from_secs(15));
        let later = loss(&mut world, calls);
        lost.extend([later[0].saturating_sub(earlier[0]), later[1].saturating_sub(earlier[1])]);
    }
    let mean = lost.iter().sum::<u64>() as f64 / lost.len() as f64;
    Row { most: lost.into_iter().max().unwrap_or(0), mean, took: median(took), cpu: median(cpu) }
}

/// What went out last on each side, since the `before`th packet, is under an SPI that was not in use then.
fn both_under_new_keys(world: &World, calls: [CallId; 2], before: usize) -> bool {
    let named = [0, 1].map(|node| world.the_call(node, calls[node]));
    let rekeyed = named.iter().all(|call| !call.rekeying) && named[0].bundle == named[1].bundle;
    let spi = |packet: &Vec<u8>| packet.first_chunk::<4>().copied();
    let old: Vec<_> = world.wire.seen[..before].iter().rev().take(8).map(spi).collect();
    let mut new = world.wire.seen[before..].iter().rev().take(2).map(spi);
    rekeyed && world.wire.seen.len() > before + 1 && new.all(|spi| !old.contains(&spi))
}

/// What was sent until now, and has not come when it has had its time. For links whose delay is the same for all.
fn arrived(world: &mut World, calls: [CallId; 2]) -> [u64; 2] {
    let sent = [0, 1].map(|node| world.the_call(node, calls[node]).counters.sent);
    world.run_for(world.wire.link.delay);
    let received = [1, 0].map(|node| world.the_call(node, calls[node]).counters.received);
    [0, 1].map(|side| sent[side].saturating_sub(received[side]))
}

/// What has come and was not let in, what came twice left out: the link itself loses, too.
fn refused(world: &mut World, calls: [CallId; 2]) -> [u64; 2] {
    [1, 0].map(|node| {
        let dropped = world.the_call(node, calls[node]).counters.dropped.iter();
        dropped.filter(|(reason, _)| **reason != "replay").map(|(_, count)| count).sum()
    })
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

/// The two messages of Noise and the security associations of both sides, alone.
fn agreement(rounds: usize) {
    let (alice, bob) = (End::new("alice", "192.168.1.1:20000"), End::new("bob", "192.168.1.2:30000"));
    let mut took = [const { Vec::new() }; 4];
    for round in 0..rounds {
        let seed = |side: u8| std::array::from_fn(|at| (round >> (8 * (at % 4))) as u8 ^ side);
        let mut step = Steps::default();
        let peer = bob.keys();
        let (initiator, offer) = step.time(|| Initiator::offer(alice.offer(&peer), seed(1)).expect("an offer"));
        let (answer, theirs) = step.time(|| {
            let responder = Responder::read(bob.input(), &offer, NOW).expect("an offer of Alice's");
            responder.answer(bob.choice(), seed(2)).expect("an answer")
        });
        let ours = step.time(|| initiator.finish(&answer).expect("an answer of Bob's"));
        black_box(step.time(|| (ours.into_protection(), theirs.into_protection())));
        took.iter_mut().zip(step.0).for_each(|(all, one)| all.push(one));
    }
    println!("\nof that, at the median of {rounds}, in us:");
    let names = ["offer: first message", "answer: read it, second message", "finish", "SAs of both sides"];
    let medians = took.map(median);
    for (name, took) in names.iter().zip(medians) {
        println!("{name:<44} {:>9.1}", took.as_secs_f64() * 1e6);
    }
    println!("{:<44} {:>9.1}", "together", medians.iter().sum::<Duration>().as_secs_f64() * 1e6);
}

#[derive(Default)]
struct Steps(Vec<Duration>);

impl Steps {
    fn time<T>(&mut self, what: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = what();
        self.0.push(begun.elapsed());
        result
    }
}

const NOW: Wall = Wall(1_800_000_000_000);
const BUNDLES: Bundles = Bundles { to_responder: Bundle::AH_ESP, to_initiator: Bundle::AH_ESP };

struct End {
    identity: Identity,
    entity: Entity,
    device: Device,
    media: SocketAddr,
}

impl End {
    fn new(name: &str, media: &str) -> Self {
        let entity = Entity::parse(&format!("sip:{name}@example.org")).expect("an entity");
        let device = Device::new(name).expect("a device");
        Self { identity: Identity::generate(&secret(name)), entity, device, media: media.parse().expect("an address") }
    }

    fn keys(&self) -> PeerKeys {
        let (signing, agreement) = (self.identity.verify_key(), self.identity.agreement_key());
        PeerKeys { entity: self.entity.clone(), device: self.device.clone(), signing, agreement }
    }

    fn offer<'a>(&'a self, peer: &'a PeerKeys) -> OfferInput<'a> {
        OfferInput {
            identity: &self.identity,
            entity: &self.entity,
            device: &self.device,
            peer,
            media_id: "0",
            previous: Some(Digest([3; 32])),
            time: NOW,
            media: self.media,
            bundles: BUNDLES,
            suites: Suite::ALL.to_vec(),
            spis: spis(0xc000_0001),
            entry: Digest([1; 32]),
            statement: Some(Digest([2; 32])),
            ah_nat: false,
            tunnel: None,
            forward: None,
        }
    }

    fn input(&self) -> ResponderInput<'_> {
        ResponderInput {
            identity: &self.identity,
            entity: &self.entity,
            device: &self.device,
            media_id: "0",
            previous: Some(Digest([3; 32])),
        }
    }

    fn choice(&self) -> Choice {
        let suite = Some(Suite::Chacha20Poly1305);
        Choice { bundles: BUNDLES, suite, spis: spis(0xd000_0001), media: self.media }
    }
}

fn spis(first: u32) -> Spis {
    Spis { esp: Spi::new(first), ah: Spi::new(first + 1) }
}
