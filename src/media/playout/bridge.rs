use super::echo::Echo;
use super::pitch::{best, likeness};

/// Fills a hole of which both sides are known: what was before it goes on, what is after it is led back, each is stretched
/// a little so that it meets the other side in phase, and the one fades into the other.
pub(super) struct Bridge {
    rate: u32,
    before: Box<[f32]>,
    after: Box<[f32]>,
    turned: Box<[i16]>,
    back: Echo,
}

/// The longest hole, in milliseconds, and how much of what comes after it may be filled with it.
pub(super) const LONGEST: usize = 60;
pub(super) const OVER: usize = 4;
/// What meets the other side less well than this is not stretched; and how much less likely a side is taken to be stretched by half a
/// period than not at all.
const MEETS: f32 = 0.4;
const RELUCTANCE: f32 = 0.4;

impl Bridge {
    pub(super) fn new(rate: u32) -> Self {
        let room = rate as usize * (LONGEST + OVER) / 1000 + reach(rate) + window(rate);
        Self {
            rate,
            before: vec![0.0; room].into_boxed_slice(),
            after: vec![0.0; room].into_boxed_slice(),
            turned: vec![0; Echo::past(rate)].into_boxed_slice(),
            back: Echo::new(rate),
        }
    }

    /// Of a rate that is no higher than that of the construction.
    pub(super) fn set_rate(&mut self, rate: u32) {
        self.rate = rate;
        self.back.set_rate(rate);
    }

    /// `echo` is of `heard`, what was before the hole; `next` comes after it. A hole is at most [`LONGEST`] and [`OVER`].
    pub(super) fn fill(&mut self, echo: &mut Echo, heard: &[i16], next: &[i16], hole: &mut [i16]) {
        let room = (hole.len() + reach(self.rate) + window(self.rate)).min(self.before.len());
        let (before, after) = (&mut self.before[..room], &mut self.after[..room]);
        self.back.take_up(turn(next, &mut self.turned));
        echo.go_on(before);
        self.back.go_on(after);
        let half = |echo: &Echo| echo.period().lag / 2;
        let meets_next = meeting(before, hole.len(), next, half(echo), self.rate);
        let meets_heard =
            meeting(after, hole.len(), turn_end(heard, &mut self.turned, self.rate), half(&self.back), self.rate);
        fade(&Stretched { line: before, to: meets_next }, &Stretched { line: after, to: meets_heard }, hole);
    }
}

/// Samples that a side is stretched by at most: half of the longest period.
fn reach(rate: u32) -> usize {
    rate as usize * 8 / 1000
}

/// Samples by which it is judged how well two sides meet.
fn window(rate: u32) -> usize {
    rate as usize / 200
}

fn turn<'a>(sound: &[i16], room: &'a mut [i16]) -> &'a [i16] {
    let len = sound.len().min(room.len());
    room.iter_mut().zip(sound[..len].iter().rev()).for_each(|(to, from)| *to = *from);
    &room[..len]
}

fn turn_end<'a>(sound: &[i16], room: &'a mut [i16], rate: u32) -> &'a [i16] {
    turn(&sound[sound.len() - window(rate).min(sound.len())..], room)
}

/// Where, near `len`, a line is most like `other`.
fn meeting(line: &[f32], len: usize, other: &[i16], half: usize, rate: u32) -> usize {
    let window = window(rate).min(other.len());
    let last = (len + half.min(reach(rate))).min(line.len() - window);
    let first = len.saturating_sub(half.min(reach(rate))).max(len / 2);
    let found = best(first..=last, rate, |at, stride| {
        likeness(&line[at..at + window], &other[..window], stride)
            - RELUCTANCE * (at.abs_diff(len) as f32 / half.max(1) as f32)
    });
    if found.likeness < MEETS {
        len
    } else {
        found.lag
    }
}

/// A line of which `to` samples fill the hole.
struct Stretched<'a> {
    line: &'a [f32],
    to: usize,
}

impl Stretched<'_> {
    fn at(&self, i: usize, len: usize) -> f32 {
        let place = i as f32 * self.to as f32 / len as f32;
        let (whole, part) = (place as usize, place.fract());
        let value = |at: usize| self.line.get(at).copied().unwrap_or_default();
        value(whole) + (value(whole + 1) - value(whole)) * part
    }
}

/// What is alike adds up in strength, what is not adds up in power.
fn fade(before: &Stretched<'_>, after: &Stretched<'_>, hole: &mut [i16]) {
    let len = hole.len();
    let pair = |i: usize| (before.at(i, len), after.at(len - 1 - i, len));
    let (ab, aa, bb) =
        (0..len).map(pair).fold((0f32, 1f32, 1f32), |(ab, aa, bb), (a, b)| (ab + a * b, aa + a * a, bb + b * b));
    let alike = (ab / (aa * bb).sqrt()).clamp(0.0, 1.0);
    let (ea, eb) = ((aa / len as f32).sqrt(), (bb / len as f32).sqrt());
    for (i, sample) in hole.iter_mut().enumerate() {
        let place = (i as f32 + 0.5) / len as f32;
        let weight = place * place * (3.0 - 2.0 * place);
        let rest = 1.0 - weight;
        let strength = (weight * weight + rest * rest + 2.0 * alike * weight * rest).sqrt();
        let (a, b) = pair(i);
        let level = ea.powf(1.0 - place) * eb.powf(place);
        let plain =
            ((ea * rest).powi(2) + (eb * weight).powi(2) + 2.0 * alike * ea * eb * rest * weight).sqrt() / strength;
        *sample = ((a * rest + b * weight) / strength * (level / plain).min(1.0)) as i16;
    }
}
