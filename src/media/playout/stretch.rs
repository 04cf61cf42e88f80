//! Sound is made a little shorter or longer by one of its periods, where nobody hears it.

use super::pitch::{self, likeness, Period};
use super::sound::{power, Sound};

/// How much alike the periods must be that are laid over each other.
const ALIKE: f32 = 0.92;
/// The same when the delay is far from what it should be.
const ALIKE_IN_A_HURRY: f32 = 0.5;

/// What is quieter than this, the mean square of samples, may be laid over anything.
const SILENT: f32 = 900.0;

/// Samples that [`shorten`] has to have ahead.
pub(super) fn needs(rate: u32) -> usize {
    *pitch::lags(rate).end() + window(rate)
}

/// Samples of the past that [`lengthen`] looks at.
pub(super) fn past(rate: u32) -> usize {
    *pitch::lags(rate).end()
}

/// Periods of at most `most` samples, and the shortest in any case.
fn lags(rate: u32, most: usize) -> std::ops::RangeInclusive<usize> {
    let all = pitch::lags(rate);
    *all.start()..=most.clamp(*all.start(), *all.end())
}

fn window(rate: u32) -> usize {
    rate as usize / 100
}

/// Takes one period of what is ahead away, of at most `most` samples; gives its length in samples, 0 where the sound does not allow it.
pub(super) fn shorten(sound: &mut Sound, rate: u32, most: usize, hurry: bool) -> usize {
    let window = window(rate);
    let ahead = sound.around(0);
    if ahead.len() < needs(rate) {
        return 0;
    }
    let found = pitch::best(lags(rate, most), rate, |lag, stride| {
        likeness(&ahead[..window], &ahead[lag..lag + window], stride)
    });
    if !allows(&ahead[..window], found, hurry) {
        return 0;
    }
    let (ahead, seam) = (sound.ahead_mut(), window.min(found.lag));
    for i in 0..seam {
        ahead[found.lag + i] = mix(ahead[i], ahead[found.lag + i], i + 1, seam + 1);
    }
    sound.skip(found.lag);
    found.lag
}

/// Plays the last period, of at most `most` samples, once more; gives its length in samples, 0 where the sound does not allow it.
pub(super) fn lengthen(sound: &mut Sound, rate: u32, most: usize, hurry: bool) -> usize {
    let (window, past) = (window(rate), past(rate));
    if sound.ahead() < window {
        return 0;
    }
    let around = sound.around(past);
    let found = pitch::best(lags(rate, most), rate, |lag, stride| {
        likeness(&around[past..past + window], &around[past - lag..][..window], stride)
    });
    if !allows(&around[past..past + window], found, hurry) || !sound.open(found.lag) {
        return 0;
    }
    // Before the opened place lies what is to be played once more, after it what it begins with.
    let (lag, seam) = (found.lag, window.min(found.lag));
    let around = sound.around_mut(lag);
    for i in 0..lag {
        around[lag + i] = if i < seam { mix(around[lag * 2 + i], around[i], i + 1, seam + 1) } else { around[i] };
    }
    lag
}

fn allows(piece: &[i16], found: Period, hurry: bool) -> bool {
    let alike = if hurry { ALIKE_IN_A_HURRY } else { ALIKE };
    found.likeness >= alike || power(piece) < SILENT
}

/// `weight` of `of` parts of the second, the rest of the first.
fn mix(first: i16, second: i16, weight: usize, of: usize) -> i16 {
    let (weight, of) = (weight as i32, of as i32);
    ((i32::from(first) * (of - weight) + i32::from(second) * weight) / of) as i16
}
