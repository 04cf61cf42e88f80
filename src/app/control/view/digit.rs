use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::agent::DigitWay;

/// The peer of a call presses a key of its telephone. Told to whoever listens just then, and kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DigitView {
    /// The call: `c1`.
    pub call: String,
    /// `0` to `9`, `*`, `#`, `A` to `D`.
    pub digit: String,
    pub by: DigitWayView,
}

/// Keys of our telephone that are on their way. Which ones is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DigitsView {
    /// The call: `c1`.
    pub call: String,
    /// With whom it is.
    pub peer: String,
    /// How many.
    pub digits: u32,
    pub by: DigitWayView,
}

/// How a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DigitWayView {
    /// By INFO, with the call's messages.
    Info,
    /// Among the sound, and protected like it (RFC 4733).
    Rtp,
}

impl From<DigitWay> for DigitWayView {
    fn from(way: DigitWay) -> Self {
        match way {
            DigitWay::Info => Self::Info,
            DigitWay::Rtp => Self::Rtp,
        }
    }
}
