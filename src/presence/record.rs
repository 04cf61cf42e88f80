use std::net::IpAddr;

use super::check::contact_address;
use crate::policy::{Environment, StatedPolicy, Statement};
use crate::vocab::{Device, Entity, PeerText, Wall};

/// One row of the presence database (FIG. 6): what a device said of itself, as we last heard it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceRecord {
    /// Item 620.
    pub entity: Entity,
    pub device: Device,
    pub contact: PeerText,
    /// Item 621: where the answer came from.
    pub address: Option<IpAddr>,
    /// Whether `address` was observed; otherwise it is as stated.
    pub observed: bool,
    /// Item 622, the peer's own word.
    pub user: Option<PeerText>,
    /// Item 623, the peer's own word.
    pub place: Option<PeerText>,
    pub environment: Option<Environment>,
    /// Item 624: when the peer produced the information.
    pub time: Wall,
    /// The statement's version and expiry.
    pub version: u64,
    pub expires: Wall,
    /// Our user's own names for the peer's user and place: never published, never used in advice.
    pub names: Names,
}

/// Names of our user's own: typed in for himself, or kept beside a peer's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub user: Option<String>,
    pub place: Option<String>,
    /// The e-mail address under which our user knows a peer; for himself there is none.
    pub mail: Option<String>,
}

impl Names {
    /// Puts in what `change` says: an absent name leaves what there is, an empty one forgets it.
    pub fn change(&mut self, change: &Self) {
        let all = [(&mut self.user, &change.user), (&mut self.place, &change.place), (&mut self.mail, &change.mail)];
        for (name, change) in all {
            if let Some(text) = change {
                *name = Some(text.clone()).filter(|text| !text.is_empty());
            }
        }
    }
}

/// Where a device says that it is. Who is reached by a name, and tells no place, still says whose packets its policies are
/// about.
fn stated_address(statement: &Statement) -> Option<IpAddr> {
    let stated = statement.environment.and_then(|environment| environment.address);
    let named = || contact_address(statement.contact.raw()).is_none();
    stated.or_else(|| named().then(|| own_end(statement)).flatten())
}

/// The one address at the author's end of all policies.
fn own_end(statement: &Statement) -> Option<IpAddr> {
    let mut ends = statement.policies.iter().map(StatedPolicy::authors_end);
    let first = ends.next()??;
    ends.all(|end| end == Some(first)).then_some(first)
}

impl PresenceRecord {
    /// What a verified statement makes of a device's record. `observed` is the network source of a NOTIFY that came straight
    /// from the peer; without it the address is the one that the statement itself states. Our own names
    /// are kept from `previous`, if that is the same entity's.
    ///
    /// Only what is signed is taken: never the document's `person`, `timestamp` or other tuples.
    pub fn from_statement(statement: &Statement, observed: Option<IpAddr>, previous: Option<&Self>) -> Self {
        let person = statement.person.clone().unwrap_or_default();
        let same = previous.filter(|previous| previous.entity == statement.entity);
        Self {
            entity: statement.entity.clone(),
            device: statement.device.clone(),
            contact: statement.contact.clone(),
            address: observed.or_else(|| stated_address(statement)),
            observed: observed.is_some(),
            user: person.user,
            place: person.place,
            environment: statement.environment,
            time: statement.issued,
            version: statement.version,
            expires: statement.expires,
            names: same.map(|previous| previous.names.clone()).unwrap_or_default(),
        }
    }
}
