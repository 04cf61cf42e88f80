use std::fmt;

/// Who a peer is to our user (SPECIFICATION, situation 6), the closest first. Every contact group has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// Another device, or another account, of the user himself.
    Own,
    Family,
    Friend,
    Acquaintance,
    /// Nobody's contact, or one whose keys are not approved.
    #[default]
    Unknown,
}

impl Relation {
    pub const ALL: [Self; 5] = [Self::Own, Self::Family, Self::Friend, Self::Acquaintance, Self::Unknown];

    pub fn name(self) -> &'static str {
        match self {
            Self::Acquaintance => "acquaintance",
            Self::Family => "family",
            Self::Friend => "friend",
            Self::Own => "own",
            Self::Unknown => "unknown",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.name() == name)
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
