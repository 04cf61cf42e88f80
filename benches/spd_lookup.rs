//! What it takes to find the entry that rules a packet, among 10 to 1,000,000 entries; remembered by its stream, and looked up.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sottovoce::policy::{
    Action, Direction, Entry, Flow, Level, Ports, Prefix, Protocol, Remembered, Rule, Seen, Selector, Spd, Upper, Why,
};
use sottovoce::vocab::{Device, Entity, EntryId, Generation, Wall};

/// As in the program: where entries stand in memory counts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Goals of the project, in nanoseconds.
const CACHED: f64 = 15.0;
const UNCACHED: f64 = 200.0;
/// A million entries may take so many times what ten take.
const GROWTH: f64 = 2.0;

/// Flows that are looked up again and again: those of as many calls as an agent has at once (docs/limits.md), both directions.
const WARM: usize = 64;
/// And of an agent whose limits are sixteen times the usual: more than the caches near the processor hold.
const MANY: usize = 1024;

/// Octets of memory that an entry takes, with its names and its places in the tables.
const ENTRY: usize = 600;
/// What a lookup follows: a place in a table, then the entry that is named there, then the name that is named there.
const LINES: usize = 3;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let sizes: &[usize] = if quick { &[10, 1000] } else { &[10, 100, 1000, 10_000, 100_000, 1_000_000] };
    println!(
        "{:>9}  {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  {:>9} {:>9}",
        "entries", "cached", "64 flows", "1,024", "(memory)", "cold", "(memory)", "walk", "compile", "change"
    );
    let rows: Vec<Row> = sizes.iter().map(|size| measure(*size, quick)).collect();
    rows.iter().for_each(Row::print);
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
    println!("goal, cached: {CACHED} ns; measured {:.1}", last.cached);
    println!(
        "goal, uncached among {}: {UNCACHED} ns; measured {:.1}, {MANY} flows {:.1}",
        last.entries, last.uncached, last.many
    );
    let times = |last: f64, first: f64| last / first;
    println!(
        "goal, against ten entries: {GROWTH} times; measured cached {:.2}, uncached {:.2}, {MANY} flows {:.2}, cold {:.2}",
        times(last.cached, first.cached),
        times(last.uncached, first.uncached),
        times(last.many, first.uncached),
        times(last.cold, first.uncached)
    );
    println!(
        "memory: {LINES} lines of it one after the other, anywhere in as much as the database takes, and nothing done with them; cold, a \
         lookup takes {:.2} times that",
        times(last.cold, last.cold_memory)
    );
}

struct Row {
    entries: usize,
    /// In nanoseconds a packet: the stream remembers; it looks up, again and again the same flows, few or many; it looks up flows that
    /// nobody looked up for long; all entries are walked over until one fits.
    cached: f64,
    uncached: f64,
    many: f64,
    many_memory: f64,
    cold: f64,
    cold_memory: f64,
    walk: f64,
    compile: Duration,
    change: Duration,
}

impl Row {
    fn print(&self) {
        let Self { entries, cached, uncached, many, many_memory, cold, cold_memory, walk, compile, change } = self;
        println!(
            "{entries:>9}  {cached:>6.1} ns {uncached:>6.1} ns {many:>6.1} ns {many_memory:>6.1} ns {cold:>6.1} ns {cold_memory:>6.1} ns \
             {walk:>6.0} ns  {compile:>9.2?} {change:>9.2?}"
        );
    }
}

fn measure(size: usize, quick: bool) -> Row {
    let entries: Vec<Arc<Entry>> = (0..size).map(|at| Arc::new(entry(at))).collect();
    let started = Instant::now();
    let spd = Spd::of_shared(Generation(1), entries, vec![default()]);
    let compile = started.elapsed();
    let order = shuffled(size);
    let streams: Vec<Stream> = order.iter().map(|at| Stream::of(*at)).collect();
    for stream in streams.iter().take(2000) {
        assert_eq!(walk(&spd, &stream.flow()).id, spd.lookup(&stream.flow(), NOW).entry.id);
    }
    let warm: Vec<&Stream> = streams.iter().take(WARM).collect();
    let rounds = |flows: &[&Stream]| if quick { 10 } else { 2_000_000 / flows.len().max(1) };
    let uncached = one_by_one(rounds(&warm), &warm, |stream| look_up(&spd, stream));
    let flows: Vec<&Stream> = streams.iter().take(MANY).collect();
    let many = one_by_one(rounds(&flows), &flows, |stream| look_up(&spd, stream));
    // What a stream knows of itself is cold here too, which it is not in a call: reading that alone is taken off.
    let all: Vec<&Stream> = streams.iter().collect();
    let own = one_by_one(1, &all, |stream| stream.read());
    let cold = one_by_one(1, &all, |stream| look_up(&spd, stream)) - own;
    let (many_memory, cold_memory) = lines_of_memory(size, rounds(&flows), (flows.len(), all.len()));
    let walked: Vec<&Stream> = streams.iter().take((2_000_000 / size).clamp(3, WARM)).collect();
    let walk = time(1, &walked, |stream| walk(&spd, &stream.flow()).id);
    let remembered: Vec<Remembered> =
        warm.iter().map(|stream| Remembered::new(Seen::of(&spd, &stream.flow(), NOW, Level::Require))).collect();
    let cached = time(rounds(&warm), &remembered, |remembered| remembered.at(NOW).map(Seen::sending));
    let started = Instant::now();
    let changed = spd.changed(Generation(2), &[EntryId(1)], vec![Entry { id: EntryId(2), ..entry(1) }]);
    let change = started.elapsed();
    drop(black_box(changed));
    Row { entries: size, cached, uncached, many, many_memory, cold, cold_memory, walk, compile, change }
}

const NOW: Wall = Wall(1);

fn look_up(spd: &Spd, stream: &Stream) -> usize {
    let ruling = spd.lookup(&stream.flow(), NOW);
    ruling.entry.id.0 as usize + usize::from(ruling.why == Why::First)
}

/// What was done before there were tables.
fn walk<'a>(spd: &'a Spd, flow: &Flow<'_>) -> &'a Entry {
    let rules = |entry: &&Entry| {
        entry.direction == flow.direction && entry.selector.matches(flow) && entry.peer.matches(flow.peer, None)
    };
    spd.entries().find(rules).expect("the default")
}

/// Parts of a measure: the fastest counts, for others use these processors too.
const PARTS: usize = 16;

fn time<T, R>(rounds: usize, all: &[T], what: impl Fn(&T) -> R) -> f64 {
    let part = || {
        let started = Instant::now();
        for _ in 0..rounds.div_ceil(PARTS) {
            for one in all {
                black_box(what(black_box(one)));
            }
        }
        started.elapsed().as_nanos() as f64 / (rounds.div_ceil(PARTS) * all.len()) as f64
    };
    let parts = if rounds == 1 { 1 } else { PARTS };
    (0..parts).map(|_| part()).fold(f64::INFINITY, f64::min)
}

/// As [`time`], and each begins only when the one before has its result, as packets do: a processor that sees the next ones coming would have
/// their memory fetched meanwhile.
fn one_by_one<T>(rounds: usize, all: &[T], what: impl Fn(&T) -> usize) -> f64 {
    let (last, nothing) = (std::cell::Cell::new(0), black_box(0));
    let numbers: Vec<usize> = (0..all.len()).collect();
    time(rounds, &numbers, |at| last.set(what(&all[at + (last.get() & nothing)])))
}

/// What as many flows cost that only follow [`LINES`] pointers each, in memory as large as the database: again and again, and once.
fn lines_of_memory(size: usize, rounds: usize, (many, all): (usize, usize)) -> (f64, f64) {
    let lines = (size * ENTRY / 64).max(LINES * size);
    // Each line names the next one, of all in turn; nothing tells the processor which that is before it has come.
    let order = shuffled(lines);
    let follow = |flows: usize, rounds: usize| {
        let mut memory = vec![[0_usize; 8]; lines];
        let circle = order.get(..flows * LINES).expect("lines enough");
        for (from, to) in circle.iter().zip(circle.iter().cycle().skip(1)) {
            memory[*from][0] = *to;
        }
        let at = std::cell::Cell::new(circle[0]);
        let flows = vec![(); flows];
        time(rounds, &flows, |()| {
            for _ in 0..LINES {
                at.set(memory[at.get()][0]);
            }
            at.get()
        })
    };
    (follow(many, rounds), follow(all, 1))
}

/// What a stream knows of itself.
struct Stream {
    peer: Option<(Entity, Device)>,
    ours: SocketAddr,
    theirs: SocketAddr,
    direction: Direction,
}

impl Stream {
    /// One of those that the entry with this number is for.
    fn of(at: usize) -> Self {
        let entry = entry(at);
        let peer = Some((entity(at), device(at))).filter(|_| kind(at) != Kind::Network);
        Self { peer, ours: (own(), 5004).into(), theirs: (address(at), 5006).into(), direction: entry.direction }
    }

    fn read(&self) -> usize {
        let octets = |text: &str| text.bytes().map(usize::from).sum::<usize>();
        let named = self.peer.as_ref().map(|(entity, device)| octets(entity.as_str()) + octets(device.as_str()));
        named.unwrap_or_default() + usize::from(self.ours.port()) + usize::from(self.theirs.port())
    }

    fn flow(&self) -> Flow<'_> {
        let (source, destination) = match self.direction {
            Direction::Out => (self.ours, self.theirs),
            Direction::In => (self.theirs, self.ours),
        };
        let peer = self.peer.as_ref().map(|(entity, device)| (entity, device));
        Flow { source, destination, upper: Upper::Udp, direction: self.direction, peer }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Device,
    Entity,
    Network,
}

/// Of ten, eight are for devices, both directions, as approvals make them, one for an entity wherever it is, one for a network.
fn kind(at: usize) -> Kind {
    match at % 10 {
        0..8 => Kind::Device,
        8 => Kind::Entity,
        _ => Kind::Network,
    }
}

fn entry(at: usize) -> Entry {
    let direction = match at % 2 {
        0 => Direction::Out,
        _ => Direction::In,
    };
    let theirs = match kind(at) {
        Kind::Device => Prefix::host(address(at)),
        Kind::Entity => Prefix::Any,
        Kind::Network => Prefix::new(address(at), 28).expect("a prefix"),
    };
    let ours = if kind(at) == Kind::Device { Prefix::host(own()) } else { Prefix::Any };
    let (source, destination) = if direction == Direction::Out { (ours, theirs) } else { (theirs, ours) };
    let selector =
        Selector { source, source_ports: Ports::Any, destination, destination_ports: Ports::Any, upper: Upper::Udp };
    let mut entry =
        Entry::new(selector, direction, Action::Ipsec(vec![Rule::transport(Protocol::Esp, Level::Require)]));
    entry.id = EntryId(at as u64 + 1);
    entry.created = Wall(at as u64 / 2);
    entry.peer.entity = (kind(at) != Kind::Network).then(|| entity(at));
    entry.peer.device = (kind(at) == Kind::Device).then(|| device(at));
    entry
}

fn default() -> Entry {
    Entry::new(Selector::ANY, Direction::Out, Action::Discard)
}

fn own() -> IpAddr {
    IpAddr::from([192, 168, 1, 1])
}

/// Sixteen apart, so that networks do not overlap.
fn address(at: usize) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + (at as u32 / 2) * 16 + 5).into()
}

fn entity(at: usize) -> Entity {
    Entity::parse(&format!("sip:user{}@{}", at / 2, address(at))).expect("an entity")
}

fn device(at: usize) -> Device {
    Device::new(&format!("{:08x}-5fd1-409c-9163-{:012x}", at / 2, at / 2)).expect("a device")
}

/// 0 to `size`, in an order that no prefetcher follows (xorshift).
fn shuffled(size: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..size).collect();
    let mut state = 0x2545_f491_4f6c_dd1du64;
    for at in (1..size).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        all.swap(at, (state % (at as u64 + 1)) as usize);
    }
    all
}
