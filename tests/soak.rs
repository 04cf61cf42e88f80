//! One call of eight hours, in virtual time, between clocks that disagree by 200 ppm: nothing grows, and nothing is heard but what was said.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use sottovoce::ipsec::{DirectionKeys, EspKey, Protection};
use sottovoce::media::{Codec, Formats, Held, Stream, StreamConfig};
use sottovoce::policy::setkey::parse;
use sottovoce::policy::{Bundle, Framing, Level, Spd, Suite};
use sottovoce::vocab::{Generation, Mono, Now, Spi, Wall};
use zeroize::Zeroizing;

static HELD: AtomicIsize = AtomicIsize::new(0);

struct Counting;

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as isize, Ordering::Relaxed);
        System.alloc(layout)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        System.dealloc(pointer, layout);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HOURS: u64 = 8;
/// Microseconds between two frames of who has the fast clock, in the time of who has the slow one: 200 ppm less than 20 ms.
const FAST: u64 = 19_996;
const SLOW: u64 = 20_000;
const LEN: usize = 160;
/// What is said: a tone, in hertz, with a pause in every so many frames.
const TONE: f64 = 440.0;
const PHRASE: u64 = 150;
const PAUSE: u64 = 25;

fn keys(direction: u8) -> DirectionKeys {
    let spi = Spi::new(u32::from_be_bytes([200, 0, direction, 1])).unwrap();
    let key = Zeroizing::new(vec![direction; 16]);
    let esp = Some(EspKey { spi, suite: Suite::Aes128Gcm, key, salt: [direction; 4] });
    DirectionKeys { esp, ah: None, framing: Framing::PLAIN }
}

fn stream(local: &str, remote: &str, out: u8, inbound: u8) -> Stream {
    let default = parse(
        "spdadd any any udp -P out ipsec esp/transport//require; spdadd any any udp -P in ipsec esp/transport//require;",
    );
    let config = StreamConfig {
        upper: sottovoce::policy::Upper::Udp,
        heard_first: false,
        only_from: None,
        rtcp_mux: true,
        held: Held::default(),
        tunnel: None,
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        peer: None,
        spd: Arc::new(Spd::compile(Generation(1), vec![], default.unwrap())),
        formats: Formats::only(Codec::Pcmu),
        ssrc: u32::from(out),
        sequence: 1,
        timestamp: 1,
        default_level: Level::Require,
        outbound: Bundle::ESP,
        inbound: Bundle::ESP,
    };
    Stream::new(config, Protection::from_keys(keys(out), keys(inbound)).unwrap())
}

/// One side: what it says by its own clock, and what it heard.
struct Side {
    stream: Stream,
    address: std::net::SocketAddr,
    /// Microseconds between its frames, and when the next one is due.
    every: u64,
    due: u64,
    frames: u64,
    ear: Ear,
}

impl Side {
    fn new(addresses: [&str; 2], numbers: [u8; 2], every: u64) -> Self {
        let [local, remote] = addresses;
        let stream = stream(local, remote, numbers[0], numbers[1]);
        Self { stream, address: local.parse().unwrap(), every, due: 0, frames: 0, ear: Ear::default() }
    }

    /// Says and hears one frame; the datagrams go to the other side.
    fn turn(&mut self, wire: &mut Vec<Vec<u8>>) {
        let now = now(self.due);
        let speaks = self.frames % PHRASE >= PAUSE;
        let amplitude = if speaks { 9000.0 } else { 0.0 };
        let sample = |i: usize| {
            let n = self.frames * LEN as u64 + i as u64;
            (amplitude * (std::f64::consts::TAU * TONE * (n % 8000) as f64 / 8000.0).sin()) as i16
        };
        let said: [i16; LEN] = std::array::from_fn(sample);
        wire.extend(self.stream.send(now, &said).map(|datagram| datagram.bytes.to_vec()));
        wire.extend(self.stream.poll_rtcp(now).map(|datagram| datagram.bytes.to_vec()));
        let mut heard = [0; LEN];
        self.stream.play(now, &mut heard);
        self.ear.hear(&heard);
        self.frames += 1;
        self.due += self.every;
    }
}

fn now(micros: u64) -> Now {
    Now { mono: Mono(Duration::from_micros(micros)), wall: Wall(1_700_000_000_000 + micros / 1000) }
}

/// Judges frame by frame: each is the tone, or silence, or goes from one to the other.
#[derive(Default)]
struct Ear {
    frames: u64,
    tones: u64,
    silences: u64,
    /// Frames that are neither: where a phrase begins or ends there is one.
    others: u64,
    /// The greatest step between two samples: a click.
    step: i32,
    last: i16,
}

impl Ear {
    fn hear(&mut self, frame: &[i16; LEN]) {
        self.frames += 1;
        for sample in frame {
            self.step = self.step.max((i32::from(*sample) - i32::from(self.last)).abs());
            self.last = *sample;
        }
        let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|sample| sample * sample).sum::<f64>();
        let all = power(&mut frame.iter().map(|sample| f64::from(*sample)));
        let angle = |i: usize| std::f64::consts::TAU * TONE * i as f64 / 8000.0;
        let part = |wave: fn(f64) -> f64| {
            frame.iter().enumerate().map(|(i, sample)| f64::from(*sample) * wave(angle(i))).sum::<f64>() * 2.0
                / LEN as f64
        };
        let (sine, cosine) = (part(f64::sin), part(f64::cos));
        let rest = |(i, sample): (usize, &i16)| f64::from(*sample) - sine * angle(i).sin() - cosine * angle(i).cos();
        let other = power(&mut frame.iter().enumerate().map(rest));
        if all < LEN as f64 * 100.0 {
            self.silences += 1;
        } else if other < all / 50.0 {
            self.tones += 1;
        } else {
            self.others += 1;
        }
    }
}

#[test]
fn eight_hours_between_clocks_that_drift() {
    let addresses = ["192.168.1.1:16384", "192.168.1.2:16386"];
    let mut fast = Side::new(addresses, [1, 2], FAST);
    let mut slow = Side::new([addresses[1], addresses[0]], [2, 1], SLOW);
    let (mut after_an_hour, mut delays) = (0, Vec::new());
    for hour in 1..=HOURS {
        while slow.due < hour * 3_600_000_000 {
            let (from, to) = if fast.due <= slow.due { (&mut fast, &mut slow) } else { (&mut slow, &mut fast) };
            let (mut wire, sent) = (Vec::new(), now(from.due));
            from.turn(&mut wire);
            wire.iter_mut().for_each(|datagram| to.stream.handle_datagram(sent, from.address, datagram));
        }
        let held = HELD.load(Ordering::Relaxed);
        after_an_hour = if hour == 1 { held } else { after_an_hour };
        assert!(held - after_an_hour < 4096, "{} octets more after {hour} hours than after one", held - after_an_hour);
        delays.push([&fast, &slow].map(|side| side.stream.counters().quality.delay));
    }
    for (name, side) in [("the fast clock", &fast), ("the slow clock", &slow)] {
        let counters = side.stream.counters();
        assert!(counters.dropped.is_empty() && counters.late == 0, "{name}: {counters:?}");
        // Nothing is lost; what is made up is the fading of the last phrase before a pause, of which there is none: pauses are sent.
        assert_eq!(counters.concealed, 0, "{name}: {counters:?}");
        let Ear { frames, tones, silences, others, step, .. } = side.ear;
        let phrases = frames / PHRASE;
        // One frame at either end of a phrase; now and then one of them is heard in two.
        assert!(tones + silences + others == frames && others * 20 <= 41 * phrases, "{name}: {others} of {frames}");
        assert!(silences.abs_diff(phrases * (PAUSE - 1)) <= phrases / 10, "{name}: {silences} in {phrases} pauses");
        // The tone itself goes 9000 * sin(2 pi 440 / 8000) = 3050 from sample to sample.
        assert!(step < 3600, "{name}: a step of {step}");
    }
    assert!(delays.iter().flatten().all(|delay| (20..=100).contains(delay)), "{delays:?}");
}
