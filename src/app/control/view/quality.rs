use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::media::{Far, Quality};

/// How a call sounds, over its last seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QualityView {
    /// Packets of the peer that did not come, in thousandths.
    pub lost: u16,
    /// Sound that was made up for packets lost or late, in thousandths.
    pub concealed: u16,
    /// Interarrival jitter in milliseconds (RFC 3550).
    pub jitter_ms: u16,
    /// How long sound waits here until it is played, in milliseconds.
    pub delay_ms: u16,
    /// There and back, as the peer's reports tell.
    pub round_trip_ms: Option<u16>,
    /// What a listener would say, in hundredths: from 100, bad, to 441 (ITU-T G.107).
    pub mos: u16,
    /// How the peer hears us, as it reports.
    pub far: Option<FarView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FarView {
    /// Packets of ours that did not come there, in thousandths.
    pub lost: u16,
    pub jitter_ms: u16,
    /// In hundredths, of a peer that reports VoIP metrics (RFC 3611).
    pub mos: Option<u16>,
}

impl QualityView {
    /// None before anything was heard.
    pub fn of(quality: &Quality) -> Option<Self> {
        let Quality { lost, concealed, jitter, delay, round_trip, mos, far } = *quality;
        let far = far.map(|Far { lost, jitter, mos }| FarView { lost, jitter_ms: jitter, mos });
        let (jitter_ms, delay_ms, round_trip_ms) = (jitter, delay, round_trip);
        Some(Self { lost, concealed, jitter_ms, delay_ms, round_trip_ms, mos: mos?, far })
    }
}
