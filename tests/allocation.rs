//! Nothing on the packet path allocates: sealing, opening, the policy lookup, RTP, playout and codec.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use sottovoce::agent::AudioSource;
use sottovoce::dtls::{Handshake, Role, SEED_LEN};
use sottovoce::io::audio::Source;
use sottovoce::ipsec::{frame, AhKey, DirectionKeys, EspKey, FrameReader, Protection, StreamFraming};
use sottovoce::media::{
    Acoustics, Associations, Codec, Formats, Held, Stream, StreamConfig, StreamEvent, Treatment, MAX_FRAME,
};
use sottovoce::policy::setkey::parse;
use sottovoce::policy::{Bundle, Framing, Level, Spd, Suite};
use sottovoce::srtp::{CryptoSuite, MasterKey, Receiver, Sender};
use sottovoce::vocab::{Digit, Generation, Mono, Now, Spi, Wall};
use zeroize::Zeroizing;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        HELD.with(|held| held.set(held.get() + layout.size().cast_signed()));
        System.alloc(layout)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.with(|held| held.set(held.get() - layout.size().cast_signed()));
        System.dealloc(pointer, layout);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn keys(bundle: Bundle, suite: Suite, direction: u8) -> DirectionKeys {
    let spi = |n| Spi::new(u32::from_be_bytes([200, 0, direction, n])).unwrap();
    let key = |suite: Suite| Zeroizing::new(vec![direction; suite.key_len()]);
    DirectionKeys {
        esp: bundle.esp.then(|| EspKey { spi: spi(1), suite, key: key(suite), salt: [direction; 4] }),
        ah: bundle.ah.then(|| AhKey { spi: spi(2), key: Zeroizing::new([direction; 32]) }),
        framing: bundle.framing,
    }
}

/// One side's number and the other's.
fn sides(first: bool) -> (u8, u8) {
    if first {
        (1, 2)
    } else {
        (2, 1)
    }
}

fn by_ipsec(bundle: Bundle, suite: Suite, first: bool) -> Stream {
    let (here, there) = sides(first);
    stream(bundle, Protection::from_keys(keys(bundle, suite, here), keys(bundle, suite, there)).unwrap().into(), first)
}

fn by_srtp(suite: CryptoSuite, first: bool) -> Stream {
    let key = |side| MasterKey::new(suite, &vec![side; MasterKey::len_of(suite)]).unwrap();
    let (here, there) = sides(first);
    let sender = Box::new(Sender::new(&key(here)).unwrap());
    let receiver = Box::new(Receiver::new(&key(there)).unwrap());
    stream(Bundle::SRTP, Associations::Srtp { sender, receiver }, first)
}

/// Both ends of a call whose keys a handshake has made.
fn by_dtls() -> [Stream; 2] {
    let [client, server] = [(); 2].map(|()| Arc::new(sottovoce::io::dtls_identity().unwrap()));
    let sides = [(Role::Client, &client, &server), (Role::Server, &server, &client)];
    let mut ends = sides.map(|(role, ours, theirs)| {
        let expected = vec![theirs.fingerprint().clone()];
        let handshake = Handshake::new(role, ours.clone(), expected, &[role as u8; SEED_LEN], Mono(Duration::ZERO));
        stream(Bundle::SRTP, Associations::Dtls(Box::new(handshake)), role == Role::Client)
    });
    let (now, mut keyed) = (Now { mono: Mono(Duration::ZERO), wall: Wall(0) }, 0);
    for _ in 0..8 {
        for from in [0, 1] {
            let source = [SOURCE, TARGET][from].parse().unwrap();
            while let Some((_, mut datagram)) = ends[from].poll_handshake(now) {
                ends[1 - from].handle_datagram(now, source, &mut datagram);
            }
            keyed += std::iter::from_fn(|| ends[from].poll_event())
                .filter(|event| matches!(event, StreamEvent::Keyed { .. }))
                .count();
        }
    }
    assert_eq!(keyed, 2);
    ends
}

const SOURCE: &str = "192.168.1.1:4000";
const TARGET: &str = "192.168.1.2:4002";

fn stream(bundle: Bundle, associations: Associations, first: bool) -> Stream {
    let addresses = [SOURCE, TARGET].map(|address| address.parse().unwrap());
    let (local, remote) = if first { (addresses[0], addresses[1]) } else { (addresses[1], addresses[0]) };
    let default = parse("spdadd any any udp -P out none; spdadd any any udp -P in none;").unwrap();
    let config = StreamConfig {
        upper: sottovoce::policy::Upper::Udp,
        heard_first: false,
        only_from: None,
        rtcp_mux: true,
        held: Held::default(),
        tunnel: None,
        local,
        remote,
        peer: None,
        spd: Arc::new(Spd::compile(Generation(1), vec![], default)),
        formats: Formats::only(Codec::Pcma),
        ssrc: 1,
        sequence: 1,
        timestamp: 1,
        default_level: Level::Require,
        outbound: bundle,
        inbound: bundle,
    };
    Stream::new(config, associations)
}

/// Each bundle as such, in tunnel mode, and with what goes beside it.
fn bundles() -> Vec<Bundle> {
    let framed = |bundle: Bundle, framing: Framing| Bundle { framing, ..bundle };
    let ipcomp = Framing { ipcomp: true, ..Framing::PLAIN };
    let mut all = vec![Bundle::NONE];
    for bundle in [Bundle::ESP, Bundle::AH, Bundle::AH_ESP] {
        let tunnel = Framing { esp_tunnel: bundle.esp, ah_tunnel: !bundle.esp, ..Framing::PLAIN };
        all.extend([bundle, framed(bundle, tunnel), framed(bundle, ipcomp)]);
    }
    all.push(framed(Bundle::ESP, Framing { tfc: true, ..Framing::PLAIN }));
    all
}

#[test]
fn the_packet_path_does_not_allocate() {
    for (bundle, suite) in bundles().into_iter().flat_map(|bundle| Suite::ALL.map(|suite| (bundle, suite))) {
        goes_without(&format!("{bundle} {suite}"), by_ipsec(bundle, suite, true), by_ipsec(bundle, suite, false));
    }
    for suite in CryptoSuite::ALL {
        goes_without(suite.name(), by_srtp(suite, true), by_srtp(suite, false));
    }
    let [client, server] = by_dtls();
    goes_without("DTLS-SRTP", client, server);
}

/// What goes by TCP is framed, and cut into packets again.
#[test]
fn frames_of_tcp_do_not_allocate() {
    let (mut reader, mut room) = (FrameReader::new(StreamFraming::Rtp, false), [0; 512]);
    let before = COUNT.with(Cell::get);
    for len in (1..400).cycle().take(5000) {
        let framed = frame(StreamFraming::Rtp, &[0xc0; 400][..len], &mut room).unwrap();
        reader.room()[..framed.len()].copy_from_slice(framed);
        reader.fill(framed.len());
        assert_eq!(reader.take().unwrap().map(|packet| packet.len()), Some(len));
        assert_eq!(reader.take(), Ok(None));
    }
    assert_eq!(COUNT.with(Cell::get) - before, 0);
}

/// What libopus takes from C's own heap is not seen here; it takes nothing after it is made (its `VAR_ARRAYS`).
#[test]
fn no_codec_allocates() {
    for codec in Codec::ALL {
        let ends = [true, false].map(|first| {
            let mut end = by_ipsec(Bundle::ESP, Suite::Aes128Gcm, first);
            end.set_formats(Formats::only(codec));
            end
        });
        let [from, to] = ends;
        goes_without(codec.name(), from, to);
    }
}

#[test]
fn packets_of_no_length_allocate() {
    for (codec, time) in Codec::ALL.into_iter().flat_map(|codec| [10, 30, 40, 60].map(|time| (codec, time))) {
        if (codec, time) == (Codec::Opus, 30) {
            continue;
        }
        let ends = [true, false].map(|first| {
            let mut end = by_ipsec(Bundle::ESP, Suite::Aes128Gcm, first);
            end.set_formats(Formats { packet_time: time, ..Formats::only(codec) });
            end
        });
        let [from, to] = ends;
        goes_without_in_packets(&format!("{} {time}", codec.name()), from, to, time);
    }
}

/// What is sent is a pause, now and then, and noise is heard in it.
#[test]
fn no_pause_allocates() {
    let ends = [true, false].map(|first| {
        let mut end = stream(Bundle::NONE, Associations::none(), first);
        end.set_formats(Formats { comfort: Some(13), receive_comfort: Some(13), ..Formats::only(Codec::Pcmu) });
        end
    });
    let [mut from, mut to] = ends;
    let mut turn = |n: u64| {
        let now = Now { mono: Mono(Duration::from_millis(n * 20)), wall: Wall(n * 20) };
        let frame = [if (n / 100).is_multiple_of(2) { (n as i16).wrapping_mul(97) } else { 3 }; 160];
        if let Some(sealed) = from.send(now, &frame) {
            let mut octets = [0; 200];
            octets[..sealed.bytes.len()].copy_from_slice(sealed.bytes);
            let len = sealed.bytes.len();
            to.handle_datagram(now, "192.168.1.1:4000".parse().unwrap(), &mut octets[..len]);
        }
        to.play(now, &mut [0; 160]);
        while to.poll_event().is_some() {}
    };
    // The first pause makes the noise.
    (0..200).for_each(&mut turn);
    let before = COUNT.with(Cell::get);
    (200..1200).for_each(&mut turn);
    assert_eq!(COUNT.with(Cell::get) - before, 0);
    assert!((400..900).contains(&to.counters().received), "{:?}", to.counters());
}

/// Keys are pressed all the time, and told.
#[test]
fn no_key_of_a_telephone_allocates() {
    let ends = [true, false].map(|first| {
        let mut end = by_ipsec(Bundle::ESP, Suite::Aes128Gcm, first);
        let digits = (Some((101, 8000)), vec![101]);
        end.set_formats(Formats { digits: digits.0, receive_digits: digits.1, ..Formats::only(Codec::Pcmu) });
        end
    });
    let [mut from, to] = ends;
    from.dial(&[Digit::new('5').unwrap(); 64]);
    goes_without("digits", from, to);
}

/// What treats a microphone's sound takes some heap for each frame (`sonora` does), and gives it back. No packet waits in it, and no call without a device has it.
#[test]
fn a_voice_that_is_treated_holds_no_more_after_ten_seconds_than_after_one() {
    let all = Treatment { echo_cancellation: true, noise_suppression: true, gain_control: true };
    let mut acoustics = Acoustics::new(all).expect("there is something to do");
    let mut turn = |n: i32| {
        let mut frame = [0; MAX_FRAME];
        let wave = |k: i32| (k.wrapping_mul(k + n) % 4000) as i16;
        (0..).zip(&mut frame).for_each(|(k, sample)| *sample = wave(k));
        acoustics.played(&frame);
        acoustics.heard(&mut frame);
    };
    (0..50).for_each(&mut turn);
    let (before, count) = (HELD.with(Cell::get), COUNT.with(Cell::get));
    (50..550).for_each(&mut turn);
    println!("{} allocations in a frame", (COUNT.with(Cell::get) - count) / 500);
    let after = HELD.with(Cell::get);
    assert!(after <= before, "{after} octets, {before} before");
}

/// Where both ways have other rates too.
#[test]
fn no_echo_allocates() {
    for (said, heard) in [(8000, 8000), (48_000, 16_000)] {
        let mut echo = Source::open(&AudioSource::Echo, said).unwrap();
        let (mut out, theirs) = ([0; MAX_FRAME], [1000; MAX_FRAME]);
        let [out_len, in_len] = [said, heard].map(|rate| rate as usize / 50);
        let mut frame = || {
            echo.frame(&mut out[..out_len], None);
            echo.hear(&theirs[..in_len]);
        };
        // Which rate it hears shows when it hears.
        frame();
        let before = COUNT.with(Cell::get);
        (0..100).for_each(|_| frame());
        assert_eq!(COUNT.with(Cell::get) - before, 0, "{said} {heard}");
        assert!(out[..out_len].iter().any(|sample| *sample > 500), "{said} {heard}: it comes back");
    }
}

fn goes_without(what: &str, from: Stream, to: Stream) {
    goes_without_in_packets(what, from, to, 20);
}

/// Of so many milliseconds.
fn goes_without_in_packets(what: &str, mut from: Stream, mut to: Stream, time: u16) {
    let source = SOURCE.parse().unwrap();
    let mut datagram = [0; 2048];
    let mut turn = |n: u64| {
        let now = Now { mono: Mono(Duration::from_millis(n * 20)), wall: Wall(n * 20) };
        let frame = [n as i16; MAX_FRAME];
        let len = |rate: u32| rate as usize / 50;
        let mut sound = from.send(now, &frame[..len(from.rate())]);
        while let Some(sealed) = sound {
            let octets = sealed.bytes.len();
            datagram[..octets].copy_from_slice(sealed.bytes);
            to.handle_datagram(now, source, &mut datagram[..octets]);
            sound = from.poll_sound(now);
        }
        assert!(from.poll_handshake(now).is_none() && to.poll_handshake(now).is_none());
        to.play(now, &mut [0; MAX_FRAME][..len(to.heard_rate())]);
        while to.poll_event().is_some() {}
    };
    turn(0);
    let before = COUNT.with(Cell::get);
    (1..1000).for_each(&mut turn);
    assert_eq!(COUNT.with(Cell::get) - before, 0, "{what}");
    assert_eq!((to.counters().received, to.counters().dropped.len()), (20_000 / u64::from(time), 0), "{what}");
}
