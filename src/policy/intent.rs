//! What an ask or a call is for and what is said in it, as our user says beforehand (SPECIFICATION, situation 6). Nothing of it is
//! told to the peer.

use std::fmt;

/// What for, from what needs the least protection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aim {
    /// Somebody wants to be heard by everybody.
    Advertising,
    /// Our user's own affairs: another device of his, his own mailbox.
    Own,
    /// What it is without a word of the user.
    #[default]
    Private,
    Business,
}

/// What is said, from what needs the least protection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Content {
    /// Anybody may know it.
    Public,
    /// What it is without a word of the user.
    #[default]
    Personal,
    /// It does harm when others know it.
    Confidential,
}

/// What our user said of an ask or a call; what he did not say is assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Intent {
    pub purpose: Option<Aim>,
    pub content: Option<Content>,
}

impl Intent {
    pub fn aim(self) -> Aim {
        self.purpose.unwrap_or_default()
    }

    pub fn content(self) -> Content {
        self.content.unwrap_or_default()
    }
}

impl Aim {
    pub const ALL: [Self; 4] = [Self::Advertising, Self::Own, Self::Private, Self::Business];

    pub fn name(self) -> &'static str {
        match self {
            Self::Advertising => "advertising",
            Self::Business => "business",
            Self::Own => "own",
            Self::Private => "private",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aim| aim.name() == name)
    }
}

impl Content {
    pub const ALL: [Self; 3] = [Self::Public, Self::Personal, Self::Confidential];

    pub fn name(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Personal => "personal",
            Self::Public => "public",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|content| content.name() == name)
    }
}

/// `purpose business, content confidential`; for the audit table.
impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |said: bool| if said { "" } else { " (assumed)" };
        write!(f, "purpose {}{}, ", self.aim().name(), said(self.purpose.is_some()))?;
        write!(f, "content {}{}", self.content().name(), said(self.content.is_some()))
    }
}
