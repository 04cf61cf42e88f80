use std::fmt;

/// What somebody who asks for our presence and policy, or follows it, is told (PROTOCOL section 4; the first four are the
/// subscription handling of RFC 5025 section 3.2.1), the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Refused, and told so.
    Block,
    /// Taken for a subscriber, and told that we are away: no place, no policy.
    PoliteBlock,
    /// Nothing, until our user has answered.
    Ask,
    /// Policy and key; no user, no place, no address beyond our contact.
    PolicyOnly,
    /// All of it.
    Allow,
}

impl Permission {
    pub const ALL: [Self; 5] = [Self::Block, Self::PoliteBlock, Self::Ask, Self::PolicyOnly, Self::Allow];

    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Block => "block",
            Self::PoliteBlock => "polite-block",
            Self::PolicyOnly => "policy-only",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }

    /// Whether user and place are told.
    pub fn tells_place(self) -> bool {
        self == Self::Allow
    }

    pub fn tells_policy(self) -> bool {
        matches!(self, Self::Allow | Self::PolicyOnly)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
