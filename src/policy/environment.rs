use std::fmt;
use std::net::IpAddr;

use super::Judgement;

/// A device's surroundings, as far as it judged or said (PROTOCOL section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Environment {
    pub scope: Scope,
    pub evidence: Evidence,
    /// The address that was judged; withheld from watchers that may not learn it.
    pub address: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    Private,
    Public,
    #[default]
    Unknown,
}

/// What a scope rests on; a private address alone proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// The address only.
    Address,
    /// The gateway's hardware address, DNS suffix or a reachable internal host matched too.
    Network,
    /// The user said so.
    User,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Private, Self::Public, Self::Unknown];

    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
            Self::Unknown => "unknown",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

impl Evidence {
    pub const ALL: [Self; 3] = [Self::Address, Self::Network, Self::User];

    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::User => "user",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|evidence| evidence.name() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Environment {
    /// What we judge of ourselves at `address` (PROTOCOL section 5).
    pub fn of(judgement: &Judgement, address: IpAddr) -> Self {
        Self { scope: judgement.scope, evidence: judgement.evidence, address: Some(address) }
    }
}
