//! What a listener would say of a call, computed from what is lost and how late it is (ITU-T G.107 clause 7, with the values of its table 3
//! but for delay and loss).

/// The rating without delay and loss (G.107 clause 7.7).
const BEST: f32 = 93.2;
/// Of the highest MOS that its scale has (G.107 annex B).
const HIGHEST_MOS: f32 = 4.5;
/// How much packet loss a decoder with concealment bears: of G.711 (G.113 appendix I, table I.3). Opus and G.722 have none that was agreed
/// on for this scale, and are taken to be no worse.
const ROBUSTNESS: f32 = 25.1;
/// One-way delay, in milliseconds, from which on people talk into each other's words.
const BEARABLE: f32 = 177.3;

/// The rating R, 0 to 93, of `loss` (a share, 0 to 1, of what should have been heard), and of the delay from mouth to ear in milliseconds.
/// The impairment by delay is the line that fits G.107's curve (Cole and Rosenbluth, "Voice over IP performance monitoring", 2001).
pub(super) fn rating(loss: f32, delay: f32) -> f32 {
    let percent = loss.clamp(0.0, 1.0) * 100.0;
    let by_loss = 95.0 * percent / (percent + ROBUSTNESS);
    let by_delay = 0.024 * delay + 0.11 * (delay - BEARABLE).max(0.0);
    (BEST - by_loss - by_delay).clamp(0.0, BEST)
}

/// The mean opinion score, 1 to 4.5, of a rating (G.107 annex B).
pub(super) fn mos(rating: f32) -> f32 {
    let score = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    score.clamp(1.0, HIGHEST_MOS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// G.107 annex B, table B.1: the limits of its categories.
    #[test]
    fn ratings_have_the_scores_of_the_recommendation() {
        for (rating, score) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58), (0.0, 1.0)] {
            assert!((mos(rating) - score).abs() < 0.01, "{rating}: {} and not {score}", mos(rating));
        }
    }

    #[test]
    fn loss_and_delay_make_it_worse_and_nothing_better_than_the_best() {
        assert!((rating(0.0, 0.0) - BEST).abs() < 0.001);
        assert!((mos(BEST) - 4.41).abs() < 0.01);
        let (clean, lossy, late) = (rating(0.0, 60.0), rating(0.1, 60.0), rating(0.0, 400.0));
        assert!(clean > late && clean > lossy, "{clean} {late} {lossy}");
        assert!((rating(1.0, 10_000.0) - 0.0).abs() < f32::EPSILON);
    }
}
