//! How sound repeats itself.

/// A repetition: after how many samples, and how like it is, from -1 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Period {
    pub(super) lag: usize,
    pub(super) likeness: f32,
}

/// Voices repeat themselves 66 to 400 times a second.
pub(super) fn lags(rate: u32) -> std::ops::RangeInclusive<usize> {
    let rate = rate as usize;
    rate / 400..=rate * 3 / 200
}

/// The lag in `range` at which the last `window` samples are most like what was before them. `sound` is at least
/// `window` and the longest lag long.
pub(super) fn period(sound: &[i16], window: usize, range: std::ops::RangeInclusive<usize>, rate: u32) -> Period {
    let tail = &sound[sound.len() - window..];
    let before = |lag: usize| &sound[sound.len() - window - lag..][..window];
    best(range, rate, |lag, stride| likeness(tail, before(lag), stride))
}

/// The value of `range` where `likeness` of it is greatest. Sought in steps of an eighth of a millisecond first.
pub(super) fn best(
    range: std::ops::RangeInclusive<usize>,
    rate: u32,
    likeness: impl Fn(usize, usize) -> f32,
) -> Period {
    let stride = (rate / 8000).max(1) as usize;
    let start = Period { lag: *range.start(), likeness: -1.0 };
    let better = |best: Period, (lag, likeness): (usize, f32)| {
        if likeness > best.likeness {
            Period { lag, likeness }
        } else {
            best
        }
    };
    let coarse = range.clone().step_by(stride).map(|lag| (lag, likeness(lag, stride))).fold(start, better);
    if stride == 1 {
        return coarse;
    }
    let near = coarse.lag.saturating_sub(stride - 1).max(*range.start())..=(coarse.lag + stride - 1).min(*range.end());
    near.map(|lag| (lag, likeness(lag, 1))).fold(start, better)
}

/// The normalised correlation of two pieces of the same length, of every `stride`-th sample; 0 where one is silent.
pub(super) fn likeness<A: Copy + Into<f32>, B: Copy + Into<f32>>(a: &[A], b: &[B], stride: usize) -> f32 {
    let (mut ab, mut aa, mut bb) = (0f32, 1f32, 1f32);
    for (a, b) in a.iter().step_by(stride).zip(b.iter().step_by(stride)) {
        let (a, b): (f32, f32) = ((*a).into(), (*b).into());
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt()
}
