use std::f64::consts::TAU;

/// The energy of a piece at one frequency, in turns a sample, and of all together.
pub fn energies(piece: &[f64], frequency: f64) -> (f64, f64) {
    let angles = (0..).map(|n| TAU * frequency * f64::from(n));
    let (re, im) = piece
        .iter()
        .zip(angles)
        .fold((0.0, 0.0), |(re, im), (sample, angle)| (re + sample * angle.cos(), im + sample * angle.sin()));
    let all: f64 = piece.iter().map(|sample| sample * sample).sum();
    (2.0 * (re * re + im * im) / piece.len() as f64, all)
}
