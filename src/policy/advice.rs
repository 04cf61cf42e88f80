use super::Action;

/// The least protection that we recommend, why, and what it costs (PROTOCOL section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub least: Action,
    /// One sentence each, ours, no peer text.
    pub why: Vec<String>,
    /// Octets that the recommended protection adds to each packet.
    pub octets_per_packet: u16,
    pub verdict: Verdict,
}

/// The policy under review, held against the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    BelowAdvice,
    Enough,
    MoreThanNeeded,
}
