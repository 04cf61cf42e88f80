use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::media::{Encoder, Tuning};

mod pauses;

/// A peer that sends PCMU, the line, and the playout: time is virtual, in microseconds.
struct Line {
    playout: Playout,
    /// What is under way, by arrival and number.
    packets: BTreeMap<(u64, u64), Vec<u8>>,
    sent: u64,
    played: u64,
    /// Ours, relative to the peer's: parts of a million by which it is slower.
    drift: i64,
    luck: u64,
    /// How late a packet is, or that it is lost.
    fate: Box<dyn Fn(u64, u64) -> Option<u64>>,
    /// A second of the tone.
    second: Vec<Vec<u8>>,
    counts: BTreeMap<&'static str, u64>,
}

const FRAME: u64 = 20_000;
const START: u64 = 1_000_000;

impl Line {
    fn new(fate: impl Fn(u64, u64) -> Option<u64> + 'static) -> Self {
        Self {
            playout: Playout::new(&[(0, Codec::Pcmu)]),
            packets: BTreeMap::new(),
            sent: 0,
            played: 0,
            drift: 0,
            luck: 0x9E37_79B9_7F4A_7C15,
            fate: Box::new(fate),
            second: (0..50).map(encoded).collect(),
            counts: BTreeMap::new(),
        }
    }

    fn luck(&mut self) -> u64 {
        self.luck ^= self.luck << 13;
        self.luck ^= self.luck >> 7;
        self.luck ^= self.luck << 17;
        self.luck >> 8
    }

    /// The peer's clock counts its own frames.
    fn send(&mut self) {
        let payload = self.second[(self.sent % 50) as usize].clone();
        let at = START as i64 + self.sent as i64 * (FRAME as i64 * (1_000_000 + self.drift)) / 1_000_000;
        let luck = self.luck();
        if let Some(late) = (self.fate)(self.sent, luck) {
            self.packets.insert((at as u64 + late, self.sent), payload);
        }
        self.sent += 1;
    }

    fn deliver(&mut self, until: u64) {
        while let Some(entry) = self.packets.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, number), payload) = entry.remove_entry();
            let insertion = self.playout.insert(mono(at), &header(number), &payload);
            let name = match insertion {
                Insertion::Accepted => "accepted",
                Insertion::Duplicate => "duplicate",
                Insertion::Late => "late",
                Insertion::Malformed | Insertion::Unknown => "refused",
            };
            *self.counts.entry(name).or_default() += 1;
        }
    }

    /// What is heard in so many frames.
    fn hear(&mut self, frames: u64) -> Vec<i16> {
        let mut heard = Vec::new();
        for _ in 0..frames {
            let now = START + self.played * FRAME + 7000;
            while START as i64 + self.sent as i64 * (FRAME as i64 * (1_000_000 + self.drift)) / 1_000_000 <= now as i64
            {
                self.send();
            }
            self.deliver(now);
            let mut frame = [0; 160];
            self.playout.play(mono(now), &mut frame);
            self.played += 1;
            heard.extend(frame);
        }
        heard
    }

    fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    /// How much later than it could be the sound is played, in milliseconds.
    fn delay(&self) -> i64 {
        let timeline = self.playout.timeline.as_ref().unwrap();
        let now = START + self.played * FRAME + 7000;
        (self.playout.delay_of(mono(now), timeline.end)) / 1000
    }
}

fn mono(at: u64) -> Mono {
    Mono(Duration::from_micros(at))
}

fn header(number: u64) -> RtpHeader {
    RtpHeader { marker: false, payload_type: 0, sequence: number as u16, timestamp: (number * 160) as u32, ssrc: 7 }
}

/// A frame of 437 Hz: no whole number of samples.
fn encoded(frame: u64) -> Vec<u8> {
    let tone = |sample: u64| (sample as f32 * 437.0 / 8000.0 * std::f32::consts::TAU).sin() * 8000.0;
    let samples: Vec<i16> = (0..160).map(|i| tone(frame * 160 + i) as i16).collect();
    let mut payload = vec![0; 160];
    Encoder::new(Codec::Pcmu).encode(&samples, &mut payload);
    payload
}

/// The greatest step between two samples, and the quietest 5 ms, of what is heard.
fn events(heard: &[i16]) -> (i32, f32) {
    let (mut step, mut quietest, mut before) = (0, i64::MAX, heard[0]);
    for part in heard.chunks_exact(40) {
        let mut power = 0;
        for sample in part {
            step = step.max((i32::from(*sample) - i32::from(before)).abs());
            power += i64::from(*sample) * i64::from(*sample);
            before = *sample;
        }
        quietest = quietest.min(power / 40);
    }
    (step, (quietest as f32).sqrt())
}

/// The tone's own steps are 2,750 at most, and its level 5,657.
fn assert_smooth(heard: &[i16], what: &str) {
    let (step, quietest) = events(heard);
    assert!(step < 3300 && quietest > 4000.0, "{what}: a step of {step}, a level of {quietest}");
}

#[test]
fn a_clean_line_is_heard_whole_with_little_delay() {
    let mut line = Line::new(|_, _| Some(0));
    line.hear(100);
    assert_smooth(&line.hear(1000), "clean");
    assert_eq!((line.playout.counts.concealed, line.count("late")), (0, 0));
    assert!((20..52).contains(&line.delay()), "{} ms", line.delay());
}

#[test]
fn jitter_costs_delay_and_no_packet() {
    let mut line = Line::new(|_, luck| Some(luck % 30_000));
    line.hear(500);
    let concealed = line.playout.counts.concealed;
    assert_smooth(&line.hear(3000), "jitter");
    assert!(line.playout.counts.concealed - concealed < 3000, "{:?}", line.playout.counts);
    assert_eq!(line.count("late"), 0);
    assert!((45..82).contains(&line.delay()), "{} ms", line.delay());
}

#[test]
fn single_losses_of_a_tone_are_not_heard() {
    let mut line = Line::new(|_, luck| (luck % 100 >= 10).then_some(luck / 100 % 10_000));
    line.hear(200);
    let heard = line.hear(2000);
    let (_, quietest) = events(&heard);
    assert!(quietest > 2000.0, "{quietest}");
    assert!(line.playout.counts.concealed > 20_000);
}

/// A voice as far as a codec cares, at its rate: a hum of many overtones that comes and goes, with some noise; in packets.
fn hum(codec: Codec, frames: usize) -> Vec<Vec<u8>> {
    let mut seed = 1u32;
    let mut at = |n: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let seconds = n as f32 / codec.rate() as f32 * std::f32::consts::TAU;
        let overtones = (1..20).map(|of| (seconds * 130.0 * of as f32).sin() / of as f32).sum::<f32>();
        ((seconds * 3.0).sin().max(0.1) * (overtones * 4000.0 + ((seed >> 22) as f32 - 512.0))) as i16
    };
    let mut encoder = Encoder::tuned(codec, Tuning { redundant: true, ..Tuning::default() });
    let mut packet = |nth: usize| {
        let len = codec.frame_len();
        let sound: Vec<i16> = (nth * len..(nth + 1) * len).map(&mut at).collect();
        let mut octets = vec![0; codec.max_payload(20)];
        let written = encoder.encode(&sound, &mut octets);
        octets.truncate(written);
        octets
    };
    (0..frames).map(&mut packet).collect()
}

/// What is heard of packets of which some are lost, and how much was made up, in samples.
fn heard_without(codec: Codec, packets: &[Vec<u8>], is_lost: impl Fn(u64) -> bool) -> (Vec<i16>, u64) {
    let mut playout = Playout::new(&[(0, codec)]);
    let mut heard = Vec::new();
    for (n, packet) in (0u64..).zip(packets) {
        let now = START + n * FRAME;
        let header = RtpHeader { timestamp: (n * u64::from(codec.frame_ticks())) as u32, ..header(n) };
        if !is_lost(n) {
            playout.insert(mono(now), &header, packet);
        }
        let mut frame = vec![0; codec.frame_len()];
        playout.play(mono(now + 7000), &mut frame);
        heard.extend(frame);
    }
    (heard, playout.counts.concealed)
}

/// How much louder the one is than what differs between them, in dB.
fn ratio(sound: &[i16], other: &[i16]) -> f64 {
    let squares = |sum: f64, value: f64| sum + value * value;
    let signal = sound.iter().map(|sample| f64::from(*sample)).fold(1.0, squares);
    let noise = sound.iter().zip(other).map(|(one, other)| f64::from(*one) - f64::from(*other)).fold(1.0, squares);
    10.0 * (signal / noise).log10()
}

#[test]
fn a_hole_in_g722_does_not_spoil_what_comes_after_it() {
    let packets = hum(Codec::G722, 200);
    let (whole, _) = heard_without(Codec::G722, &packets, |_| false);
    let (heard, concealed) = heard_without(Codec::G722, &packets, |n| n % 10 == 9);
    assert!(concealed >= 18 * 320, "{concealed}");
    let ratio = ratio(&whole[16_000..], &heard[16_000..]);
    assert!(ratio > 10.0, "{ratio} dB");
}

/// Not all have one: of noise libopus makes none.
#[test]
fn of_two_lost_packets_of_opus_one_is_found_in_the_one_after() {
    let packets = hum(Codec::Opus, 200);
    let lost = |first: u64| {
        let (_, concealed) = heard_without(Codec::Opus, &packets, |n| n % 10 >= first);
        concealed / 960
    };
    let (of_20, of_40) = (lost(9), lost(8));
    assert!(of_20 < 14 && (20..34).contains(&of_40), "{of_20} of 20 alone, {of_40} of 40 in twos");
}

#[test]
fn nothing_that_a_line_loses_stops_time() {
    for loss in [0, 2, 5, 10, 20, 50, 99] {
        let mut line =
            Line::new(move |number, luck| (number == 0 || luck % 100 >= loss).then_some(luck / 100 % 30_000));
        assert_eq!(line.hear(2000).len(), 320_000);
        assert!(line.playout.counts.concealed <= 320_000);
    }
}

#[test]
fn what_comes_out_of_order_is_heard_in_order() {
    let mut line = Line::new(|number, _| Some(if number % 5 == 0 { 25_000 } else { 0 }));
    line.hear(200);
    let before = (line.count("late"), line.playout.counts.concealed);
    assert_smooth(&line.hear(500), "reordered");
    assert_eq!((line.count("late"), line.playout.counts.concealed), before);
}

/// Eight hours, and the clocks differ by 200 parts of a million: 5.76 s. The other way round, one hour.
#[test]
fn eight_hours_of_drift_are_neither_heard_nor_remembered() {
    for (drift, hours) in [(-200, 8), (200, 1)] {
        let mut line = Line::new(|_, luck| Some(luck % 2000));
        line.drift = drift;
        line.hear(500);
        let before = line.playout.counts.concealed;
        for minute in 0..hours * 60 {
            let heard = line.hear(3000);
            assert_smooth(&heard, &format!("minute {minute} of drift {drift}: {:?}", line.playout.counts));
            assert!((0..60).contains(&line.delay()), "minute {minute}: {} ms", line.delay());
        }
        let counts = line.playout.counts;
        let (made, taken) = (counts.lengthened as i64, counts.shortened as i64);
        let wanted = hours * 3600 * 8000 * drift / 1_000_000;
        assert!((made - taken - wanted).abs() < 1000, "{counts:?}, {wanted}");
        assert_eq!((counts.concealed - before, line.count("late")), (0, 0));
    }
}

#[test]
fn the_delay_follows_the_line_up_quickly_and_down_slowly() {
    let mut line = Line::new(|number, luck| Some(if (500..1000).contains(&number) { luck % 100_000 } else { 0 }));
    line.hear(500);
    let before = line.delay();
    line.hear(150);
    let within = line.delay();
    line.hear(5000);
    let after = line.delay();
    assert!(before < 52 && within > 120 && after < 70, "{before} {within} {after}");
}

#[test]
fn a_pause_of_the_peer_is_silence_and_not_a_loss() {
    let mut playout = Playout::new(&[(0, Codec::Pcmu)]);
    let mut heard = Vec::new();
    for n in 0..400u64 {
        let now = mono(START + n * FRAME);
        if !(100..300).contains(&n) {
            let number = if n < 100 { n } else { n - 200 };
            let header = RtpHeader { timestamp: (n * 160) as u32, ..header(number) };
            assert_eq!(playout.insert(now, &header, &[0x80; 160]), Insertion::Accepted);
        }
        let mut frame = [0; 160];
        playout.play(now, &mut frame);
        heard.push(frame[80]);
    }
    assert!(heard[150..299].iter().all(|sample| *sample == 0));
    assert!(heard[305..].iter().all(|sample| *sample == 32_124), "{:?}", &heard[300..]);
    assert!(playout.counts.concealed <= 160 * 7, "{:?}", playout.counts);
}

#[test]
fn another_source_is_heard_at_once_and_a_lone_stray_is_not() {
    let mut line = Line::new(|_, _| Some(0));
    line.hear(200);
    let now = mono(START + line.played * FRAME);
    let stray = RtpHeader { timestamp: 0x8000_0000, ..header(line.sent) };
    assert_eq!(line.playout.insert(now, &stray, &[0; 160]), Insertion::Late);
    assert_smooth(&line.hear(50), "stray");
    for n in 0..100u64 {
        let now = mono(START + (line.played + n) * FRAME);
        let other = RtpHeader { ssrc: 8, timestamp: 5 + (n * 160) as u32, ..header(n) };
        assert_eq!(line.playout.insert(now, &other, &[0x80; 160]), Insertion::Accepted);
        let mut frame = [0; 160];
        line.playout.play(now, &mut frame);
        assert!(n < 5 || frame == [32_124; 160], "{n}");
    }
}

#[test]
fn a_time_that_jumps_is_followed() {
    let mut line = Line::new(|_, _| Some(0));
    line.hear(100);
    let mut heard = 0;
    for n in 0..100u64 {
        let now = mono(START + (line.played + n) * FRAME);
        let jumped = RtpHeader { timestamp: 0x7000_0000 + (n * 160) as u32, ..header(line.sent + n) };
        line.playout.insert(now, &jumped, &[0x80; 160]);
        let mut frame = [0; 160];
        line.playout.play(now, &mut frame);
        heard += u32::from(frame == [32_124; 160]);
    }
    assert!(heard > 85, "{heard}");
}

/// A peer whose machine stood still goes on where it stopped: from then on everything comes so much later, and is heard.
#[test]
fn a_peer_that_stood_still_is_heard_again_at_once() {
    for halt in [150_000, 250_000, 600_000, 1_500_000] {
        let mut line = Line::new(move |n, _| Some(if n >= 100 { halt } else { 0 }));
        line.hear(100 + halt / FRAME);
        line.hear(25);
        let heard = line.hear(100);
        let silent = heard.chunks(160).filter(|frame| frame.iter().all(|sample| sample.unsigned_abs() < 500)).count();
        assert_eq!(silent, 0, "of 100 frames after a halt of {halt} us: {:?}", line.counts);
        assert!(line.playout.delay() < 100, "{} ms after a halt of {halt} us", line.playout.delay());
    }
}

#[test]
fn what_is_no_payload_of_the_codec_is_refused() {
    let mut playout = Playout::new(&[(0, Codec::Pcmu)]);
    let other = RtpHeader { payload_type: 8, ..header(0) };
    assert_eq!(playout.insert(mono(0), &other, &[0; 160]), Insertion::Unknown);
    for len in [0, 961, 2000] {
        assert_eq!(playout.insert(mono(0), &header(0), &vec![0; len]), Insertion::Malformed);
    }
    for len in [1, 80, 240, 960] {
        assert_eq!(Playout::new(&[(0, Codec::Pcmu)]).insert(mono(0), &header(0), &vec![0; len]), Insertion::Accepted);
    }
}

proptest! {
    #[test]
    fn no_packets_make_it_panic_or_grow(
        packets in prop::collection::vec((any::<u16>(), any::<u32>(), 0usize..1300, 0u64..60_000, any::<bool>(), 0u8..4), 0..200),
    ) {
        let mut playout = Playout::new(&[(0, Codec::Pcmu)]);
        let mut at = 0;
        for (sequence, timestamp, len, later, near, frames) in packets {
            at += later;
            let (sequence, timestamp) = if near { (sequence % 64, timestamp % 20_000) } else { (sequence, timestamp) };
            let header = RtpHeader { marker: near, payload_type: 0, sequence, timestamp, ssrc: u32::from(sequence % 97 == 0) };
            playout.insert(mono(at), &header, &vec![sequence as u8; len]);
            for _ in 0..frames {
                let mut frame = [0; 160];
                playout.play(mono(at), &mut frame);
            }
            prop_assert!(playout.sound.ahead() < 4000);
        }
    }
}
