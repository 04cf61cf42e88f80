//! How much of what was said was heard: Pearson's correlation at 8 kHz after alignment.

use std::f64::consts::PI;
use std::ops::Range;

use super::speech::{CALL_RATE, RATE};

/// Samples of what was said for one of what was heard.
const STEP: usize = RATE / CALL_RATE;
/// Taps of the low pass on each side.
const TAPS: isize = 96;
/// Where it ends, in Hertz.
const CUTOFF: f64 = 3_800.0;
/// The coarse search looks at every fourth sample, up to two seconds away.
const COARSE: usize = 4;
const FURTHEST: isize = 2 * CALL_RATE as isize;
/// The listener's side makes sound longer or shorter by whole periods of the voice, so that its delay follows the line: alignment follows
/// that, up to so many samples away, in pieces of a tenth of a second.
const STRETCH: isize = CALL_RATE as isize / 20;
const PIECE: usize = CALL_RATE / 10;
/// A piece is found where it is so alike, and so much more alike than where the one before was.
const FITS: f64 = 0.7;
const CLEARLY: f64 = 1.05;
/// So much of what was said has to be there at all.
const LEAST_HEARD: f64 = 0.95;

/// The correlation of what was `said` (48 kHz) with what was `heard` (8 kHz).
pub fn correlation(said: &[i16], heard: &[i16]) -> Result<f64, String> {
    let heard: Vec<f64> = heard.iter().map(|sample| f64::from(*sample)).collect();
    let smooth = low_pass(said);
    let lag = coarse(&phase(&smooth, 0), &heard);
    let nearest = (0..STEP).map(|at| phase(&smooth, at)).map(|said| (fine(&said, &heard, lag), said));
    let best = nearest.max_by(|one, other| one.0 .1.total_cmp(&other.0 .1));
    let ((lag, _), said) = best.ok_or("nothing was said")?;
    let pairs = follow(&said, &heard, lag);
    if (pairs.len() as f64) < said.len() as f64 * LEAST_HEARD {
        return Err(format!("only {} of {} samples were heard", pairs.len(), said.len()));
    }
    Ok(pearson(&pairs))
}

/// Windowed sinc.
fn low_pass(samples: &[i16]) -> Vec<f64> {
    let tap = |at: isize| {
        let (x, at) = (2.0 * CUTOFF / RATE as f64, at as f64);
        let sinc = if at == 0.0 { 1.0 } else { (PI * x * at).sin() / (PI * x * at) };
        x * sinc * (0.5 + 0.5 * (PI * at / TAPS as f64).cos())
    };
    let taps: Vec<f64> = (-TAPS..=TAPS).map(tap).collect();
    let padding = vec![0.0; TAPS as usize];
    let samples = samples.iter().map(|sample| f64::from(*sample));
    let padded: Vec<f64> = padding.iter().copied().chain(samples).chain(padding.iter().copied()).collect();
    padded.windows(taps.len()).map(|window| window.iter().zip(&taps).map(|(a, b)| a * b).sum()).collect()
}

/// At 8 kHz, beginning with the sample `at`: a sixth of a sample is told apart.
fn phase(smooth: &[f64], at: usize) -> Vec<f64> {
    smooth.iter().skip(at).step_by(STEP).copied().collect()
}

/// How many samples later than said it was heard, to within [`COARSE`].
fn coarse(said: &[f64], heard: &[f64]) -> isize {
    let thin = |samples: &[f64]| -> Vec<f64> { samples.chunks(COARSE).map(|four| four.iter().sum()).collect() };
    let (said, heard) = (thin(said), thin(heard));
    let furthest = FURTHEST / COARSE as isize;
    let product = |lag: isize| product(&said, &heard, lag);
    let best = (-furthest..=furthest).map(|lag| (lag, product(lag))).max_by(|one, other| one.1.total_cmp(&other.1));
    best.map_or(0, |(lag, _)| lag * COARSE as isize)
}

fn fine(said: &[f64], heard: &[f64], near: isize) -> (isize, f64) {
    let around = near - 2 * COARSE as isize..=near + 2 * COARSE as isize;
    let lags = around.map(|lag| (lag, product(said, heard, lag)));
    lags.max_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((near, 0.0))
}

fn product(said: &[f64], heard: &[f64], lag: isize) -> f64 {
    pairs(said, heard, lag, 0..said.len()).map(|(a, b)| a * b).sum()
}

fn follow(said: &[f64], heard: &[f64], lag: isize) -> Vec<(f64, f64)> {
    let mut all = Vec::new();
    let mut lag = lag;
    for start in (0..said.len()).step_by(PIECE) {
        let piece = start..(start + PIECE).min(said.len());
        let with = |lag: isize| likeness(said, heard, lag, piece.clone());
        // The lag stays unless another one fits, and better: in silence every one is as good.
        let other = (lag - STRETCH..=lag + STRETCH).map(|lag| (lag, with(lag)));
        let best = other.max_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((lag, 0.0));
        if best.1 > FITS.max(CLEARLY * with(lag)) {
            lag = best.0;
        }
        all.extend(pairs(said, heard, lag, piece.clone()));
    }
    all
}

/// The same from -1 to 1, however loud it is there.
fn likeness(said: &[f64], heard: &[f64], lag: isize, piece: Range<usize>) -> f64 {
    let add = |(both, one, other): (f64, f64, f64), (a, b): (f64, f64)| (both + a * b, one + a * a, other + b * b);
    let (both, one, other) = pairs(said, heard, lag, piece).fold((0.0, 0.0, 0.0), add);
    both / (one * other).sqrt().max(1.0)
}

/// What was said in `piece`, each sample with the one heard `lag` later.
fn pairs<'a>(
    said: &'a [f64],
    heard: &'a [f64],
    lag: isize,
    piece: Range<usize>,
) -> impl Iterator<Item = (f64, f64)> + 'a {
    let first = piece.start.max(lag.saturating_neg().max(0) as usize);
    let from = said.get(first..piece.end).unwrap_or_default();
    let to = heard.get(first.saturating_add_signed(lag)..).unwrap_or_default();
    from.iter().copied().zip(to.iter().copied())
}

fn pearson(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let (mean_a, mean_b) = (sum(&|pair| pair.0) / count, sum(&|pair| pair.1) / count);
    let both = sum(&|(a, b)| (a - mean_a) * (b - mean_b));
    let (a, b) = (sum(&|pair| (pair.0 - mean_a).powi(2)), sum(&|pair| (pair.1 - mean_b).powi(2)));
    match a * b > 0.0 {
        true => both / (a * b).sqrt(),
        false => 0.0,
    }
}
