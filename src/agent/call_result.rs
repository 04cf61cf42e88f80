/// What became of a call that is over, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallResult {
    /// Both sides talked.
    Answered,
    /// It rang here too, and another telephone took it (RFC 3326 section 3.1).
    Elsewhere,
    /// It came to nothing for another reason than a user's.
    Failed,
    /// It came, and our user did not take it.
    Missed,
    /// A user said no: ours to a call that came, the peer's to one of ours.
    Refused,
    /// Ours, and nobody took it.
    Unanswered,
}

impl CallResult {
    pub const ALL: [Self; 6] =
        [Self::Answered, Self::Elsewhere, Self::Failed, Self::Missed, Self::Refused, Self::Unanswered];

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

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.name() == name)
    }
}
