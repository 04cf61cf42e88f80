use std::array;

use super::tables::{ILB, ILN, ILP, Q6, QM2, QM4, QM6, WH, WL};

/// What a sub-band's coder and its decoder both know: the scale factor, and a predictor of two poles and six zeros.
#[derive(Clone, Debug)]
pub(super) struct Band {
    /// The scale factor's logarithm (`nb`), and the scale factor itself (`det`).
    log_scale: i32,
    scale: i32,
    /// The prediction (`s`), and the part of the zeros in it (`sz`).
    predicted: i32,
    from_zeros: i32,
    /// `a1` and `a2`.
    poles: [i32; 2],
    /// `b1` to `b6`.
    zeros: [i32; 6],
    /// Reconstructed signals (`r`) and partly reconstructed ones (`p`), the newest first.
    signals: [i32; 2],
    partial: [i32; 2],
    /// Quantized differences (`d`), the newest first.
    differences: [i32; 6],
}

impl Band {
    pub(super) fn lower() -> Self {
        Self::of_scale(32)
    }

    pub(super) fn upper() -> Self {
        Self::of_scale(8)
    }

    fn of_scale(scale: i32) -> Self {
        Self {
            log_scale: 0,
            scale,
            predicted: 0,
            from_zeros: 0,
            poles: [0; 2],
            zeros: [0; 6],
            signals: [0; 2],
            partial: [0; 2],
            differences: [0; 6],
        }
    }

    /// Six bits for a sample of the lower band (SUBTRA and QUANTL of section 6.2.1).
    pub(super) fn code_low(&mut self, sample: i32) -> u8 {
        let error = saturated(sample - self.predicted);
        let size = magnitude(error);
        let level = Q6.iter().skip(1).take_while(|level| size >= (**level * self.scale) >> 12).count() + 1;
        let codes = if error < 0 { &ILN } else { &ILP };
        let code = at(codes, level);
        self.adapt_low(code >> 2);
        code
    }

    /// Two bits for a sample of the upper band (SUBTRA and QUANTH).
    pub(super) fn code_high(&mut self, sample: i32) -> u8 {
        let error = saturated(sample - self.predicted);
        let is_outer = magnitude(error) >= (564 * self.scale) >> 12;
        let code = match (error < 0, is_outer) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.adapt_high(code);
        code
    }

    /// The sample that six bits mean (INVQBL and LIMIT of section 6.2.2).
    pub(super) fn signal_low(&mut self, code: u8) -> i32 {
        let signal = limited(self.predicted + ((self.scale * at(&QM6, code.into())) >> 15));
        self.adapt_low(code >> 2);
        signal
    }

    /// The sample that two bits mean.
    pub(super) fn signal_high(&mut self, code: u8) -> i32 {
        limited(self.adapt_high(code))
    }

    fn adapt_low(&mut self, code: u8) {
        let difference = (self.scale * at(&QM4, code.into())) >> 15;
        self.rescale(at(&WL, code.into()), 18_432, 8);
        self.predict(difference);
    }

    /// What the code means, with the prediction of before.
    fn adapt_high(&mut self, code: u8) -> i32 {
        let difference = (self.scale * at(&QM2, code.into())) >> 15;
        let signal = self.predicted + difference;
        self.rescale(at(&WH, code.into()), 22_528, 10);
        self.predict(difference);
        signal
    }

    /// LOGSCL and SCALEL, or LOGSCH and SCALEH.
    fn rescale(&mut self, gain: i32, most: i32, octaves: i32) {
        self.log_scale = (((self.log_scale * 127) >> 7) + gain).clamp(0, most);
        let step = at(&ILB, (self.log_scale >> 6 & 31) as usize);
        let shift = octaves - (self.log_scale >> 11);
        let scale = if shift < 0 { step << -shift } else { step >> shift };
        self.scale = scale << 2;
    }

    /// Block 4 of section 6.2.1: the predictor learns what the difference was, and predicts.
    fn predict(&mut self, difference: i32) {
        let signal = saturated(self.predicted + difference);
        let partial = saturated(self.from_zeros + difference);
        self.poles = self.moved_poles(partial);
        self.zeros = self.moved_zeros(difference);
        self.signals = [signal, self.signals[0]];
        self.partial = [partial, self.partial[0]];
        self.differences = array::from_fn(|nth| match nth.checked_sub(1) {
            None => difference,
            Some(before) => at(&self.differences, before),
        });
        self.from_zeros = saturated(products(&self.zeros, &self.differences));
        self.predicted = saturated(saturated(products(&self.poles, &self.signals)) + self.from_zeros);
    }

    /// UPPOL2 and UPPOL1.
    fn moved_poles(&self, partial: i32) -> [i32; 2] {
        let ([a1, a2], [p1, p2]) = (self.poles, self.partial);
        let [like_last, like_last_but_one] = [p1, p2].map(|before| before >> 15 == partial >> 15);
        let quadruple = saturated(a1 << 2);
        let pull = if like_last { (-quadruple).min(32_767) } else { quadruple };
        let push = if like_last_but_one { 128 } else { -128 };
        let a2 = (push + (pull >> 7) + ((a2 * 32_512) >> 15)).clamp(-12_288, 12_288);
        let step = if like_last { 192 } else { -192 };
        let most = saturated(15_360 - a2);
        [saturated(step + ((a1 * 32_640) >> 15)).clamp(-most, most), a2]
    }

    /// UPZERO.
    fn moved_zeros(&self, difference: i32) -> [i32; 6] {
        let step = if difference == 0 { 0 } else { 128 };
        array::from_fn(|nth| {
            let is_alike = at(&self.differences, nth) >> 15 == difference >> 15;
            let step = if is_alike { step } else { -step };
            saturated(step + ((at(&self.zeros, nth) * 32_640) >> 15))
        })
    }
}

/// FILTEP and FILTEZ.
fn products(weights: &[i32], values: &[i32]) -> i32 {
    weights.iter().zip(values).map(|(weight, value)| (weight * saturated(value + value)) >> 15).sum()
}

/// One's complement below zero, as the recommendation has it.
fn magnitude(error: i32) -> i32 {
    if error < 0 {
        !error
    } else {
        error
    }
}

/// To 16 bits.
pub(super) fn saturated(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}

/// To 15 bits.
fn limited(value: i32) -> i32 {
    value.clamp(-16_384, 16_383)
}

/// Every index above is one of the table.
fn at<T: Copy + Default>(table: &[T], index: usize) -> T {
    table.get(index).copied().unwrap_or_default()
}
