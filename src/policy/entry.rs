use sha2::{Digest as _, Sha256};

use super::{Action, Direction, Scope, Selector, Suite};
use crate::vocab::{Device, Digest, Entity, EntryId, Wall};

/// One line of the security policy database (FIG. 7; RFC 4301 section 4.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Zero until the store has given it a number.
    pub id: EntryId,
    pub selector: Selector,
    pub direction: Direction,
    pub action: Action,
    /// Which suites may serve an ESP rule, the best first; empty means every suite that we have.
    pub suites: Vec<Suite>,
    /// Whether ESP pads packets to one size (RFC 4303 section 2.7); `None` does where the codec's rate varies.
    pub tfc: Option<bool>,
    pub keying: Keying,
    /// Higher is looked at first.
    pub priority: i32,
    pub peer: PeerScope,
    pub place: Option<PlaceCondition>,
    pub expires: Option<Wall>,
    /// Kept, and not enforced.
    pub disabled: bool,
    pub origin: Origin,
    pub note: Option<String>,
    /// When it was approved: in lookup the older of two equals wins.
    pub created: Wall,
}

/// Whose streams an entry rules. All `None` is everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PeerScope {
    pub entity: Option<Entity>,
    pub device: Option<Device>,
    pub group: Option<String>,
}

/// How the keys of an entry's SAs come about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Keying {
    /// The key agreement of PROTOCOL section 7.
    #[default]
    Agreement,
}

/// Where both sides were when the entry was approved (PROTOCOL section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaceCondition {
    pub ours: Scope,
    pub theirs: Scope,
}

/// Who said yes to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    Config,
    Import,
    Review,
    User,
}

impl Origin {
    pub const ALL: [Self; 4] = [Self::Config, Self::Import, Self::Review, Self::User];

    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Import => "import",
            Self::Review => "review",
            Self::User => "user",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

impl Entry {
    /// An entry for everybody, with the plainest value in every other field.
    pub fn new(selector: Selector, direction: Direction, action: Action) -> Self {
        Self {
            id: EntryId::default(),
            selector,
            direction,
            action,
            suites: Vec::new(),
            tfc: None,
            keying: Keying::default(),
            priority: 0,
            peer: PeerScope::default(),
            place: None,
            expires: None,
            disabled: false,
            origin: Origin::User,
            note: None,
            created: Wall::default(),
        }
    }

    /// SHA-256 over its [`rule_text`](Self::rule_text): names an approved entry in an offer (PROTOCOL section 7).
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.rule_text()).into())
    }

    /// Its text form without what only its keeper knows of it (number, origin, age, note). Two entries with the same
    /// text rule the same packets in the same way.
    pub fn rule_text(&self) -> String {
        let bare =
            Self { id: EntryId::default(), origin: Origin::User, created: Wall::default(), note: None, ..self.clone() };
        bare.to_setkey()
    }

    pub fn expired(&self, now: Wall) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Neither disabled nor expired.
    pub fn in_force(&self, now: Wall) -> bool {
        !self.disabled && !self.expired(now)
    }

    /// The entry for the same packets on their way back: ends and direction swapped, all else the same.
    pub fn mirror(&self) -> Self {
        Self {
            id: EntryId::default(),
            selector: self.selector.mirror(),
            direction: self.direction.mirror(),
            action: self.action.mirror(),
            ..self.clone()
        }
    }

    /// Whether the two are one registration's two directions: for the same peer, approved together, ends swapped. What
    /// they demand may differ.
    pub fn is_other_direction_of(&self, other: &Self) -> bool {
        let alike = (&self.peer, self.created, self.priority) == (&other.peer, other.created, other.priority);
        alike && self.direction == other.direction.mirror() && self.selector == other.selector.mirror()
    }
}

/// Completes a list that speaks of one direction only: the other is the mirror of it.
pub fn both_directions(mut entries: Vec<Entry>) -> Vec<Entry> {
    for direction in [Direction::Out, Direction::In] {
        if entries.iter().all(|entry| entry.direction != direction) {
            let mirrored: Vec<Entry> = entries.iter().map(Entry::mirror).collect();
            entries.extend(mirrored);
        }
    }
    entries
}
