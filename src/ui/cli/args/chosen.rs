//! Words of which one is chosen.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectKind {
    Sip,
    Pidf,
    Sdp,
}

impl InspectKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pidf => "pidf",
            Self::Sdp => "sdp",
            Self::Sip => "sip",
        }
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OneResult {
    Answered,
    Elsewhere,
    Failed,
    Missed,
    Refused,
    Unanswered,
}

impl OneResult {
    /// As the door writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Elsewhere => "elsewhere",
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    On,
    Off,
}
