use std::sync::atomic::{AtomicI32, Ordering};

use crate::media::{Gain, Gains};

/// What sound of devices and other programs is multiplied by, in every leg ([`Gain::factor`]).
pub struct Loudness {
    input: AtomicI32,
    output: AtomicI32,
}

impl Default for Loudness {
    fn default() -> Self {
        let unity = || AtomicI32::new(Gain::default().factor());
        Self { input: unity(), output: unity() }
    }
}

impl Loudness {
    pub fn set(&self, gains: Gains) {
        self.input.store(gains.input.factor(), Ordering::Relaxed);
        self.output.store(gains.output.factor(), Ordering::Relaxed);
    }

    pub fn input(&self) -> i32 {
        self.input.load(Ordering::Relaxed)
    }

    pub fn output(&self) -> i32 {
        self.output.load(Ordering::Relaxed)
    }
}
