use crate::app::control::view::{FarView, QualityView};

/// `4.3 of 5 (0.2 % lost, jitter 3 ms, delay 58 ms, 24 ms there and back); the peer: 4.2 of 5 (1.2 % lost)`.
pub fn words(quality: &QualityView) -> String {
    let score = |mos: u16| format!("{}.{} of 5", mos / 100, mos / 10 % 10);
    let lost = |share: u16| format!("{}.{} % lost", share / 10, share % 10);
    let trip = quality.round_trip_ms.map(|trip| format!(", {trip} ms there and back")).unwrap_or_default();
    let here = format!(
        "{} ({}, jitter {} ms, delay {} ms{trip})",
        score(quality.mos),
        lost(quality.lost),
        quality.jitter_ms,
        quality.delay_ms
    );
    match &quality.far {
        Some(FarView { lost: far, mos: Some(mos), .. }) => {
            format!("{here}; the peer: {} ({})", score(*mos), lost(*far))
        }
        Some(FarView { lost: far, .. }) => format!("{here}; the peer: {}", lost(*far)),
        None => here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_in_one_line_and_what_is_not_known_is_left_out() {
        let far = Some(FarView { lost: 12, jitter_ms: 5, mos: Some(420) });
        let known =
            QualityView { lost: 2, concealed: 0, jitter_ms: 3, delay_ms: 58, round_trip_ms: Some(24), mos: 431, far };
        let line =
            "4.3 of 5 (0.2 % lost, jitter 3 ms, delay 58 ms, 24 ms there and back); the peer: 4.2 of 5 (1.2 % lost)";
        assert_eq!(words(&known), line);
        let little = QualityView { round_trip_ms: None, far: None, ..known };
        assert_eq!(words(&little), "4.3 of 5 (0.2 % lost, jitter 3 ms, delay 58 ms)");
    }
}
