use std::array;

use super::band::saturated;

/// Half of the quadrature mirror filter's coefficients; the other half mirrors them (G.722 table 11).
const HALF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// Two samples each, the oldest first.
type Delay = [[i32; 2]; 12];

fn shifted(delay: &Delay, newest: [i32; 2]) -> Delay {
    array::from_fn(|at| delay.get(at + 1).copied().unwrap_or(newest))
}

/// The sums over the samples at even places and over those at odd ones.
fn sums(delay: &Delay) -> (i32, i32) {
    let terms = delay.iter().zip(HALF.iter().zip(HALF.iter().rev()));
    terms.fold((0, 0), |(even, odd), ([first, second], (forwards, backwards))| {
        (even + first * forwards, odd + second * backwards)
    })
}

/// The transmit filter: two samples at 16 kHz become one of each band (section 3.1).
#[derive(Clone, Debug)]
pub(super) struct Analysis(Delay);

impl Analysis {
    pub(super) fn new() -> Self {
        Self(Default::default())
    }

    /// The lower band's sample, and the upper's.
    pub(super) fn split(&mut self, first: i16, second: i16) -> (i32, i32) {
        self.0 = shifted(&self.0, [first.into(), second.into()]);
        let (even, odd) = sums(&self.0);
        ((odd + even) >> 14, (odd - even) >> 14)
    }
}

/// The receive filter, the way back (section 4.4).
#[derive(Clone, Debug)]
pub(super) struct Synthesis(Delay);

impl Synthesis {
    pub(super) fn new() -> Self {
        Self(Default::default())
    }

    pub(super) fn join(&mut self, low: i32, high: i32) -> [i16; 2] {
        self.0 = shifted(&self.0, [low + high, low - high]);
        let (second, first) = sums(&self.0);
        [first, second].map(|sum| saturated(sum >> 11) as i16)
    }
}
