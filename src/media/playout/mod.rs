//! From packets to sound that never stops: puts them in order, waits as long as the line needs it, decodes, fills what is missing, and
//! makes sound shorter or longer so that the delay stays what it should be and the clocks of both sides agree.
//!
//! Time comes in with every call. Nothing is allocated after the construction, and everything is bounded.

mod arrivals;
mod bridge;
mod echo;
mod passed;
mod pitch;
mod sound;
mod store;
mod stretch;
mod timeline;

use arrivals::Arrivals;
use bridge::Bridge;
use echo::Echo;
use passed::Passed;
use sound::Sound;
use store::{Packet, Store, MAX_PAYLOAD};
use timeline::{Clock, Timeline};

use super::comfort::Noise;
use super::rtp::RtpHeader;
use super::sequence::Extender;
use super::{Codec, Decoder, FRAMES_A_SECOND};
use crate::vocab::Mono;

/// One source's sound, as it is to be heard.
pub(super) struct Playout {
    decoders: Box<[(u8, Decoder)]>,
    /// Of the sound that is being played, in hertz, and of its RTP timestamps.
    rate: u32,
    clock: Clock,
    store: Store,
    arrivals: Arrivals,
    sound: Sound,
    echo: Echo,
    bridge: Bridge,
    /// One packet, and a hole before it.
    room: Box<[i16]>,
    hole: Box<[i16]>,
    numbers: Extender,
    passed: Passed,
    /// What is heard in a pause, once the peer has said how loud that is.
    noise: Option<Noise>,
    timeline: Option<Timeline>,
    counts: Counts,
}

/// What is known of a packet before it is taken.
pub(super) struct Look {
    pub(super) codec: Codec,
    ticks: i64,
}

impl Look {
    /// Milliseconds of sound in it.
    pub(super) fn millis(&self) -> u64 {
        self.ticks.unsigned_abs() * 1000 / u64::from(self.codec.clock())
    }
}

/// What became of a packet that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insertion {
    Accepted,
    Duplicate,
    Late,
    /// Its codec does not understand it.
    Malformed,
    /// No codec was agreed for its payload type.
    Unknown,
}

/// What was played so far, in samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) played: u64,
    /// Made up for what did not come.
    pub(super) concealed: u64,
    /// Put in and taken out, so that the delay is what it should be.
    pub(super) lengthened: u64,
    pub(super) shortened: u64,
}

/// Packets that are so far from the others, in microseconds, begin something new when there are several.
const FAR: i64 = 2_000_000;
const ASTRAY: u32 = 3;
/// The longest packet, in milliseconds.
const LONGEST_PACKET: usize = 120;
/// How much the delay may be off its target, in microseconds, before the sound is stretched: where it is quiet, in the midst of speech,
/// and wherever it be.
const OFF_IN_QUIET: std::ops::Range<i64> = -4_000..8_000;
const OFF_IN_SPEECH: std::ops::Range<i64> = -7_000..25_000;
const HURRY: i64 = 60_000;
/// What is so much later than its time, in microseconds, when sound begins again is left out.
const TOO_OLD: i64 = 200_000;
/// The delay is a mean over so many frames.
const SMOOTH: i64 = 16;
/// Samples that are made up in one go.
const CHUNK: usize = 960;
/// Frames between two stretchings.
const REST: u32 = 3;
/// While much is lost one packet more is waited for, in microseconds, so that a hole can be filled from both sides.
const LOOK_AHEAD: i64 = 15_000;

impl Playout {
    /// Understands packets of `formats`, each with its payload type; the first says how the sound begins.
    pub(super) fn new(formats: &[(u8, Codec)]) -> Self {
        let rates = formats.iter().map(|(_, codec)| codec.rate());
        let most = rates.max().unwrap_or(8000);
        let (rate, clock) = formats.first().map_or((8000, 8000), |(_, codec)| (codec.rate(), codec.clock()));
        let clock = Clock(clock);
        let second = most as usize;
        Self {
            decoders: formats.iter().map(|(kind, codec)| (*kind, Decoder::new(*codec))).collect(),
            rate,
            clock,
            store: Store::new(),
            arrivals: Arrivals::new(),
            sound: Sound::new(Echo::past(most).max(stretch::past(most)), second / 2),
            echo: Echo::new(most),
            bridge: Bridge::new(most),
            room: vec![0; second * LONGEST_PACKET / 1000].into_boxed_slice(),
            hole: vec![0; second * (bridge::LONGEST + bridge::OVER) / 1000].into_boxed_slice(),
            numbers: Extender::default(),
            passed: Passed::default(),
            noise: None,
            timeline: None,
            counts: Counts::default(),
        }
    }

    /// Samples a second of what is played, as of the packet that came last.
    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// Frames of 20 ms that were made up so far.
    pub(super) fn concealed(&self) -> u64 {
        self.counts.concealed / u64::from(self.rate / FRAMES_A_SECOND)
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Ticks a second of the RTP timestamps that come.
    pub(super) fn clock(&self) -> u32 {
        self.clock.0
    }

    /// How much later than it could be sound is played at the moment, in milliseconds.
    pub(super) fn delay(&self) -> u16 {
        let delay = self.timeline.as_ref().and_then(|timeline| timeline.delay).unwrap_or(self.target());
        u16::try_from(delay / 1000).unwrap_or_default()
    }

    /// The delay that the line asks for, in microseconds.
    pub(super) fn target(&self) -> i64 {
        let lossy = self.timeline.as_ref().is_some_and(|timeline| timeline.lossy);
        self.arrivals.target() + if lossy { LOOK_AHEAD } else { 0 }
    }

    /// What a packet is, without taking it.
    pub(super) fn look(&self, header: &RtpHeader, payload: &[u8]) -> Result<Look, Insertion> {
        let mut decoders = self.decoders.iter();
        let (_, decoder) = decoders.find(|(kind, _)| *kind == header.payload_type).ok_or(Insertion::Unknown)?;
        let (codec, samples) = (decoder.codec(), decoder.samples(payload));
        if samples == 0 || payload.len() > MAX_PAYLOAD || samples * 1000 > LONGEST_PACKET * codec.rate() as usize {
            return Err(Insertion::Malformed);
        }
        Ok(Look { codec, ticks: samples as i64 * i64::from(codec.clock()) / i64::from(codec.rate()) })
    }

    /// A packet came at `now`.
    pub(super) fn insert(&mut self, now: Mono, header: &RtpHeader, payload: &[u8]) -> Insertion {
        let Look { codec, ticks } = match self.look(header, payload) {
            Ok(look) => look,
            Err(insertion) => return insertion,
        };
        if codec.rate() != self.rate {
            self.set_rate(codec.rate());
        }
        if self.timeline.as_ref().is_some_and(|timeline| timeline.ssrc != header.ssrc) || codec.clock() != self.clock.0
        {
            self.restart();
            self.clock = Clock(codec.clock());
        }
        let Some(start) = self.place(now, header) else { return Insertion::Late };
        let number = self.passed.without(self.numbers.extend(header.sequence));
        if self.store.has(number) {
            return Insertion::Duplicate;
        }
        self.arrivals.note(micros(now) - self.clock.micros(start));
        let packet = Packet::new(number, header.payload_type, start, ticks);
        let timeline = self.timeline.get_or_insert(Timeline::new(header, start, number));
        if packet.end() <= timeline.end {
            return Insertion::Late;
        }
        self.store.insert(packet, payload);
        Insertion::Accepted
    }

    /// A packet came that is no sound, and in whose time there is none.
    pub(super) fn pass(&mut self, header: &RtpHeader) {
        if self.timeline.as_ref().is_some_and(|timeline| timeline.ssrc == header.ssrc) {
            self.passed.note(self.numbers.extend(header.sequence), None);
        }
    }

    /// A packet came that says no more than that nothing is said, until sound comes again: the codec of its payload type, where that is what
    /// is heard, goes on with the noise of the room.
    pub(super) fn pause(&mut self, header: &RtpHeader) {
        if self.timeline.as_ref().is_some_and(|timeline| timeline.ssrc == header.ssrc) {
            self.passed.note(self.numbers.extend(header.sequence), Some(header.payload_type));
        }
    }

    /// How loud a pause of the peer is, in dB below the most: that of now, and those after it until it says otherwise.
    pub(super) fn set_noise(&mut self, level: u8) {
        self.noise.get_or_insert_with(Noise::new).set_level(level);
    }

    /// The RTP time of a packet that does not wrap; `None` where it is far from all others, and alone.
    fn place(&mut self, now: Mono, header: &RtpHeader) -> Option<i64> {
        let Some(timeline) = &mut self.timeline else { return Some(i64::from(header.timestamp)) };
        let start = timeline.newest.1 + i64::from(header.timestamp.wrapping_sub(timeline.newest.0) as i32);
        let transit = micros(now) - self.clock.micros(start);
        if (transit - self.arrivals.base()).abs() <= FAR {
            timeline.astray = 0;
            if start > timeline.newest.1 {
                timeline.newest = (header.timestamp, start);
            }
            return Some(start);
        }
        timeline.astray += 1;
        if timeline.astray < ASTRAY {
            return None;
        }
        self.restart();
        Some(i64::from(header.timestamp))
    }

    /// Something new begins: a source, or a time.
    fn restart(&mut self) {
        self.fall_silent();
        self.store.clear();
        self.arrivals.restart();
        (self.numbers, self.passed, self.noise) = (Extender::default(), Passed::default(), None);
        self.timeline = None;
    }

    /// The peer goes on with a codec of another rate.
    fn set_rate(&mut self, rate: u32) {
        self.forget();
        self.counts.concealed = self.counts.concealed * u64::from(rate) / u64::from(self.rate);
        self.rate = rate;
        self.echo.set_rate(rate);
        self.bridge.set_rate(rate);
    }

    /// Nothing of before is heard any more.
    pub(super) fn forget(&mut self) {
        self.restart();
        self.sound.clear();
    }

    /// The next sound.
    pub(super) fn play(&mut self, now: Mono, out: &mut [i16]) {
        self.fill(now, out.len());
        self.steer(now, out.len());
        self.fill(now, out.len());
        self.sound.pop(out);
        self.counts.played += out.len() as u64;
    }

    fn fill(&mut self, now: Mono, len: usize) {
        while self.sound.ahead() < len {
            self.produce(now, len - self.sound.ahead());
        }
    }

    /// Adds to the sound ahead; `want` samples would be enough.
    fn produce(&mut self, now: Mono, want: usize) {
        let Some(timeline) = &self.timeline else { return self.push_silence(want) };
        let Some(next) = self.store.first() else {
            if self.is_pause() || self.codec_goes_on() {
                self.fall_silent();
            }
            return self.go_on(want);
        };
        if timeline.silent {
            return self.begin(now, next, want);
        }
        let gap = self.samples(next.1.start - timeline.end) - timeline.made;
        if gap <= 0 {
            self.take(next);
        } else if next.1.number == timeline.last + 1 {
            self.fall_silent();
        } else {
            self.conceal(next, gap as usize);
        }
    }

    /// After silence: a packet is played when the delay is what it should be.
    fn begin(&mut self, now: Mono, next: (usize, Packet), want: usize) {
        let wait = self.target() - self.delay_of(now, next.1.start);
        if wait < -TOO_OLD {
            self.store.remove(next.0);
        } else if wait > 0 && self.micros_in_samples(wait) > 0 {
            self.push_silence(self.micros_in_samples(wait).min(want));
        } else {
            self.take(next);
        }
    }

    /// The delay of sound of this RTP time, were it played after what is ahead.
    fn delay_of(&self, now: Mono, start: i64) -> i64 {
        let ahead = self.sound.ahead() as i64 * 1_000_000 / i64::from(self.rate);
        micros(now) + ahead - self.clock.micros(start) - self.arrivals.base()
    }

    fn take(&mut self, next: (usize, Packet)) {
        let (slot, packet) = next;
        let payload = self.store.payload(next);
        let decoder = self.decoders.iter_mut().find(|(kind, _)| *kind == packet.payload_type);
        let len = decoder.map_or(0, |(_, decoder)| decoder.decode(payload, &mut self.room));
        self.store.remove(slot);
        let Some(timeline) = self.timeline.as_mut().filter(|_| len > 0) else { return };
        self.counts.concealed += timeline.note_concealed(&packet, self.passed.follows(timeline.last));
        timeline.note_taken(&packet);
        let known = (timeline.end - packet.start).clamp(0, packet.ticks);
        let late = timeline.made > 0 && !timeline.silent;
        if late && timeline.made > i64::from(self.rate) * (packet.start - timeline.end) / i64::from(self.clock.0) {
            self.arrivals.note_underrun();
        }
        if timeline.silent {
            timeline.delay = None;
        }
        (timeline.end, timeline.made, timeline.silent) = (packet.end(), 0, false);
        let known = known as usize * self.rate as usize / self.clock.0 as usize;
        let sound = &mut self.room[known.min(len)..len];
        if late {
            join(&mut self.echo, self.rate, sound);
        }
        self.sound.push(sound);
    }

    /// Sound for what is lost before `next`, `gap` samples long.
    fn conceal(&mut self, next: (usize, Packet), gap: usize) {
        let longest = self.rate as usize * bridge::LONGEST / 1000;
        if gap > longest {
            return self.go_on((gap - longest).min(self.rate as usize / 50));
        }
        if self.timeline.as_ref().is_some_and(|timeline| timeline.made == 0) {
            self.echo.take_up(self.sound.latest());
        }
        if self.recover(next, gap) {
            return;
        }
        let (slot, packet) = next;
        let payload = self.store.payload(next);
        let decoder = self.decoders.iter_mut().find(|(kind, _)| *kind == packet.payload_type);
        let (len, unsure) = decoder.map_or((0, 0), |(_, decoder)| {
            let missed = &mut self.room[..gap + decoder.lag()];
            self.echo.foretell(missed);
            decoder.miss(missed);
            (decoder.decode(payload, &mut self.room), decoder.unsure())
        });
        self.store.remove(slot);
        let Some(timeline) = self.timeline.as_mut().filter(|_| len > 0) else { return };
        self.counts.concealed += timeline.note_concealed(&packet, self.passed.follows(timeline.last));
        timeline.note_taken(&packet);
        (timeline.end, timeline.made) = (packet.end(), 0);
        let unsure = unsure.min(len / 2);
        let hole = &mut self.hole[..gap + unsure];
        self.bridge.fill(&mut self.echo, self.sound.latest(), &self.room[unsure..len], hole);
        let (hole, over) = hole.split_at(gap);
        fade(over.iter().map(|sample| f32::from(*sample)), &mut self.room[..unsure]);
        self.sound.push(hole);
        self.sound.push(&self.room[..len]);
        self.counts.concealed += gap as u64;
    }

    /// The packet before `next`, as far as that carries it too; what is lost before that one is filled from both sides.
    fn recover(&mut self, next: (usize, Packet), gap: usize) -> bool {
        let (_, packet) = next;
        let whole = self.samples(packet.ticks) as usize;
        let payload = self.store.payload(next);
        let decoder = self.decoders.iter_mut().find(|(kind, _)| *kind == packet.payload_type);
        let recovered = decoder.is_some_and(|(_, decoder)| decoder.recover(payload, &mut self.room[..whole]));
        let Some(timeline) = self.timeline.as_mut().filter(|_| recovered) else { return false };
        let is_under_way = timeline.made > 0;
        self.counts.concealed += timeline.note_concealed(&packet, self.passed.follows(timeline.last));
        (timeline.end, timeline.made) = (packet.start, 0);
        let hole = &mut self.hole[..gap.saturating_sub(whole)];
        let sound = &mut self.room[whole.saturating_sub(gap)..whole];
        if !hole.is_empty() {
            self.bridge.fill(&mut self.echo, self.sound.latest(), sound, hole);
        } else if is_under_way {
            join(&mut self.echo, self.rate, sound);
        }
        self.sound.push(hole);
        self.sound.push(sound);
        self.counts.concealed += hole.len() as u64;
        true
    }

    /// Nothing is there: what was heard goes on for a while.
    fn go_on(&mut self, want: usize) {
        let Some(timeline) = self.timeline.as_mut().filter(|timeline| !timeline.silent) else {
            return self.push_silence(want);
        };
        if timeline.made == 0 {
            self.echo.take_up(self.sound.latest());
        }
        let mut room = [0.0; CHUNK];
        let made = &mut room[..want.min(CHUNK)];
        self.echo.go_on(made);
        timeline.made += made.len() as i64;
        timeline.silent = self.echo.is_silent();
        push_rounded(&mut self.sound, made);
    }

    /// The other side has stopped speaking: the end of it fades, unless its codec has something to go on with.
    fn fall_silent(&mut self) {
        let codec_goes_on = self.codec_goes_on();
        let Some(timeline) = self.timeline.as_mut().filter(|timeline| !timeline.silent) else { return };
        if codec_goes_on && timeline.made == 0 {
            timeline.silent = true;
            return;
        }
        if timeline.made == 0 {
            self.echo.take_up(self.sound.latest());
        }
        timeline.silent = true;
        let mut room = [0.0; CHUNK];
        let len = (self.rate as usize / 200).min(CHUNK);
        self.echo.go_on(&mut room[..len]);
        for (i, sample) in room[..len].iter_mut().enumerate() {
            *sample *= (len - i) as f32 / len as f32;
        }
        push_rounded(&mut self.sound, &room[..len]);
    }

    /// What came last, and is no sound, has followed on all sound that there was.
    fn is_pause(&self) -> bool {
        self.timeline.as_ref().is_some_and(|timeline| self.passed.follows(timeline.last))
    }

    /// What is missing is left to what the codec makes of it: so said the peer, or it left out its last pause altogether.
    fn codec_goes_on(&self) -> bool {
        let Some(timeline) = &self.timeline else { return false };
        let is_left = timeline.leaves_out || self.passed.leaves_noise_to(timeline.payload_type, timeline.last);
        is_left && self.decoders.iter().any(|(kind, decoder)| *kind == timeline.payload_type && decoder.goes_on())
    }

    fn push_silence(&mut self, want: usize) {
        if self.codec_goes_on() && self.push_noise(want) {
            return;
        }
        let mut silence = [0; CHUNK];
        let silence = &mut silence[..want.min(CHUNK)];
        let is_pause = self.is_pause();
        if let Some(noise) = self.noise.as_mut().filter(|_| is_pause) {
            noise.fill(silence);
        }
        self.sound.push(silence);
    }

    /// What the codec of the latest sound makes of a pause, 2.5 ms or so many more; false where it has nothing of its own.
    fn push_noise(&mut self, want: usize) -> bool {
        let Some(timeline) = &mut self.timeline else { return false };
        let (mut room, step) = ([0; CHUNK], self.rate as usize / 400);
        let room = &mut room[..(want.div_ceil(step) * step).min(CHUNK)];
        let decoder = self.decoders.iter_mut().find(|(kind, _)| *kind == timeline.payload_type);
        let made = decoder.is_some_and(|(_, decoder)| decoder.conceal(room));
        if made {
            self.sound.push(room);
        }
        if made && !self.passed.follows(timeline.last) {
            timeline.note_noise(room.len(), self.rate);
        }
        made
    }

    /// Makes the sound ahead shorter or longer where its delay is not what it should be.
    fn steer(&mut self, now: Mono, len: usize) {
        let Some(timeline) = self.timeline.as_ref().filter(|timeline| !timeline.silent && timeline.made == 0) else {
            return;
        };
        let delay = self.delay_of(now, timeline.end);
        let smooth = timeline.delay.map_or(delay, |smooth| smooth + (delay - smooth) / SMOOTH);
        let rested = timeline.rested.saturating_add(1);
        let off = smooth - self.target();
        let good = OFF_IN_QUIET.contains(&off) || OFF_IN_SPEECH.contains(&off) && !self.sound.is_quiet();
        let stretched = if rested < REST || good {
            0
        } else if off > 0 {
            -(self.shorten(len, self.micros_in_samples(off), off > HURRY) as i64)
        } else {
            self.lengthen(self.micros_in_samples(-off), off < -HURRY) as i64
        };
        let Some(timeline) = &mut self.timeline else { return };
        timeline.delay = Some(smooth + stretched * 1_000_000 / i64::from(self.rate));
        timeline.rested = if stretched == 0 { rested } else { 0 };
    }

    fn shorten(&mut self, len: usize, most: usize, hurry: bool) -> usize {
        let needs = stretch::needs(self.rate).max(len);
        while self.sound.ahead() < needs {
            let next = self.store.first().filter(|(_, packet)| {
                self.timeline.as_ref().is_some_and(|timeline| packet.start <= timeline.end && timeline.made == 0)
            });
            let Some(next) = next else { return 0 };
            self.take(next);
        }
        let shortened = stretch::shorten(&mut self.sound, self.rate, most, hurry);
        self.counts.shortened += shortened as u64;
        shortened
    }

    fn lengthen(&mut self, most: usize, hurry: bool) -> usize {
        let lengthened = stretch::lengthen(&mut self.sound, self.rate, most, hurry);
        self.counts.lengthened += lengthened as u64;
        lengthened
    }

    fn samples(&self, ticks: i64) -> i64 {
        ticks.saturating_mul(i64::from(self.rate)) / i64::from(self.clock.0)
    }

    fn micros_in_samples(&self, micros: i64) -> usize {
        (micros * i64::from(self.rate) / 1_000_000) as usize
    }
}

/// What was made up goes on for a moment, and fades into what came.
fn join(echo: &mut Echo, rate: u32, sound: &mut [i16]) {
    let mut room = [0.0; CHUNK];
    let len = (rate as usize / 200).min(sound.len()).min(CHUNK);
    echo.go_on(&mut room[..len]);
    fade(room[..len].iter().copied(), &mut sound[..len]);
}

/// What was made up fades into what came, of which there is as much.
fn fade(made: impl Iterator<Item = f32>, sound: &mut [i16]) {
    let len = sound.len();
    for (i, (sample, made)) in sound.iter_mut().zip(made).enumerate() {
        let weight = (i + 1) as f32 / (len + 1) as f32;
        *sample = (made + (f32::from(*sample) - made) * weight) as i16;
    }
}

fn push_rounded(sound: &mut Sound, made: &[f32]) {
    let mut room = [0; CHUNK];
    room.iter_mut().zip(made).for_each(|(to, from)| *to = *from as i16);
    sound.push(&room[..made.len()]);
}

fn micros(now: Mono) -> i64 {
    i64::try_from(now.0.as_micros()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests;
