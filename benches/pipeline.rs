//! The whole way out and in of one packet, for every bundle: policy lookup, framing, IPComp, ESP, AH, replay window, inbound
//! policy check. Prints nanoseconds and octets of each beside `none`, and fails where a packet costs an allocation. Run
//! `cargo bench --bench pipeline`.
#![allow(clippy::disallowed_methods)] // a clock, to measure with

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Instant;

use sottovoce::ipsec::{AhKey, DirectionKeys, EspKey, PacketBuffer, Protection};
use sottovoce::media::{Codec, Egress, Formats, Held, Ingress, Stream, StreamConfig};
use sottovoce::policy::setkey::parse;
use sottovoce::policy::{Bundle, Framing, Level, Spd, Suite};
use sottovoce::vocab::{Generation, Spi, Wall};
use zeroize::Zeroizing;

/// Octets of RTP: 10 ms of G.711, 20 ms, and a packet that fills the path.
const LENGTHS: [usize; 3] = [92, 172, 1200];
/// Packets that are made, then opened, in one turn.
const PACKETS: usize = 256;
/// Turns, the quickest of which counts: others share the processor.
const TURNS: usize = 400;
/// Room for the longest datagram.
const ROOM: usize = 1400;
/// UDP and IPv4 around every datagram.
const OUTSIDE: usize = 28;
/// AH around ESP takes at most so many times what ESP alone takes.
const GOAL: f64 = 2.2;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        System.alloc(layout)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        System.dealloc(pointer, layout);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a stream is protected by, and its name.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    bundle: Bundle,
    suite: Suite,
    /// What is sent can be made shorter.
    silence: bool,
}

fn cases() -> Vec<Case> {
    let framed = |bundle: Bundle, framing: Framing| Bundle { framing, ..bundle };
    let tunnel = Framing { esp_tunnel: true, ..Framing::PLAIN };
    let ipcomp = Framing { ipcomp: true, ..Framing::PLAIN };
    let case = |name, bundle, suite| Case { name, bundle, suite, silence: false };
    let (chacha, aes128, aes256) = (Suite::Chacha20Poly1305, Suite::Aes128Gcm, Suite::Aes256Gcm);
    vec![
        case("none", Bundle::NONE, chacha),
        case("esp chacha20-poly1305", Bundle::ESP, chacha),
        case("esp aes-128-gcm", Bundle::ESP, aes128),
        case("esp aes-256-gcm", Bundle::ESP, aes256),
        case("ah", Bundle::AH, chacha),
        case("ah+esp chacha20-poly1305", Bundle::AH_ESP, chacha),
        case("ah+esp aes-128-gcm", Bundle::AH_ESP, aes128),
        case("ah+esp aes-256-gcm", Bundle::AH_ESP, aes256),
        case("esp/tunnel chacha20-poly1305", framed(Bundle::ESP, tunnel), chacha),
        case("esp/tunnel aes-128-gcm", framed(Bundle::ESP, tunnel), aes128),
        Case { silence: true, ..case("esp+ipcomp, silence", framed(Bundle::ESP, ipcomp), chacha) },
        case("esp+ipcomp, noise", framed(Bundle::ESP, ipcomp), chacha),
    ]
}

fn address(first: bool) -> SocketAddr {
    if first { "192.168.1.1:4000" } else { "192.168.1.2:4002" }.parse().expect("an address")
}

fn keys(case: Case, direction: u8) -> DirectionKeys {
    let spi = |n: u32| Spi::from_random(u32::from(direction) << 8 | n);
    let key = Zeroizing::new(vec![direction; case.suite.key_len()]);
    DirectionKeys {
        esp: case.bundle.esp.then(|| EspKey { spi: spi(1), suite: case.suite, key, salt: [direction; 4] }),
        ah: case.bundle.ah.then(|| AhKey { spi: spi(2), key: Zeroizing::new([direction; 32]) }),
        framing: case.bundle.framing,
    }
}

/// The entry asks for what the bundle has.
fn doors(case: Case, first: bool) -> (Egress, Ingress) {
    let rules = match (case.bundle.esp, case.bundle.ah) {
        (false, false) => "none",
        (true, false) => "ipsec esp/transport//require",
        (false, true) => "ipsec ah/transport//require",
        (true, true) => "ipsec esp/transport//require ah/transport//require",
    };
    let text = format!("spdadd any any udp -P out {rules}; spdadd any any udp -P in {rules};");
    let (here, there) = if first { (1, 2) } else { (2, 1) };
    let config = StreamConfig {
        upper: sottovoce::policy::Upper::Udp,
        heard_first: false,
        only_from: None,
        rtcp_mux: true,
        held: Held::default(),
        tunnel: None,
        local: address(first),
        remote: address(!first),
        peer: None,
        spd: Arc::new(Spd::compile(Generation(1), vec![], parse(&text).expect("a policy"))),
        formats: Formats::only(Codec::Pcmu),
        ssrc: 1,
        sequence: 1,
        timestamp: 1,
        default_level: Level::Require,
        outbound: case.bundle,
        inbound: case.bundle,
    };
    let protection = Protection::from_keys(keys(case, here), keys(case, there)).expect("keys");
    Stream::new(config, protection).into_doors()
}

/// RTP as it looks, of silence or of what cannot be made shorter.
fn payload(len: usize, silence: bool) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    let mut payload: Vec<u8> = (0..len).map(|_| if silence { 0xff } else { noise() }).collect();
    payload[..2].copy_from_slice(&[0x80, 0]);
    payload
}

/// Nanoseconds of one packet each way, and the octets of its datagram.
struct Measured {
    out: f64,
    inward: f64,
    octets: usize,
}

fn measure(case: Case, len: usize) -> Measured {
    let ((mut egress, _), (_, mut ingress)) = (doors(case, true), doors(case, false));
    let (mut buffer, rtp) = (PacketBuffer::new(ROOM), payload(len, case.silence));
    let (mut datagrams, mut lengths) = (vec![[0u8; ROOM]; PACKETS], vec![0; PACKETS]);
    let mut room = vec![0; ingress.room()];
    let (mut out, mut inward) = (f64::MAX, f64::MAX);
    let mut before = 0;
    for turn in 0..TURNS {
        if turn == 1 {
            before = ALLOCATIONS.load(Ordering::Relaxed);
        }
        let began = Instant::now();
        for (datagram, length) in datagrams.iter_mut().zip(&mut lengths) {
            buffer.begin(len).expect("it fits").copy_from_slice(black_box(&rtp));
            let sealed = egress.protect(Wall(1), &mut buffer).expect("the policy lets it out");
            *length = sealed.len();
            datagram[..sealed.len()].copy_from_slice(sealed);
        }
        out = out.min(began.elapsed().as_nanos() as f64 / PACKETS as f64);
        let began = Instant::now();
        for (datagram, length) in datagrams.iter_mut().zip(&lengths) {
            let arrival =
                ingress.unprotect(Wall(1), address_of_first(), black_box(&mut datagram[..*length]), &mut room);
            assert_eq!(black_box(arrival.expect("it opens").expect("a packet").payload.len()), len);
        }
        inward = inward.min(began.elapsed().as_nanos() as f64 / PACKETS as f64);
    }
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0, "{} allocates", case.name);
    Measured { out, inward, octets: lengths[0] + OUTSIDE }
}

/// Not read from text within the measure.
fn address_of_first() -> SocketAddr {
    SocketAddr::from(([192, 168, 1, 1], 4000))
}

fn main() {
    let mut worst = Suite::ALL.map(|suite| (suite, 0.0_f64));
    for len in LENGTHS {
        println!("\n{len} octets of RTP                  out ns    in ns   octets on the wire (of one in clear, octets a packet saved by none)");
        let mut esp = Vec::new();
        let mut clear = 0;
        for case in cases() {
            let Measured { out, inward, octets } = measure(case, len);
            if case.bundle.is_empty() {
                clear = octets;
            }
            let more = octets as i64 - clear as i64;
            print!(
                "{:<32} {out:>8.0} {inward:>8.0} {octets:>8} {:>6.2} {more:>+5}",
                case.name,
                octets as f64 / clear as f64
            );
            if case.bundle == Bundle::ESP {
                esp.push((case.suite, out + inward));
            }
            if case.bundle == Bundle::AH_ESP {
                let alone = esp.iter().find(|(suite, _)| *suite == case.suite).map_or(f64::NAN, |(_, sum)| *sum);
                let times = (out + inward) / alone;
                worst
                    .iter_mut()
                    .filter(|(suite, _)| *suite == case.suite)
                    .for_each(|(_, most)| *most = most.max(times));
                print!("   {times:.2} times esp alone");
            }
            println!();
        }
    }
    println!("\nnothing allocates; ah+esp takes at most so many times what esp alone takes (goal {GOAL}):");
    for (suite, most) in worst {
        println!("{suite} {most:.2}");
    }
}
