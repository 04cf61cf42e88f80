//! How an entry of our own stands to what was agreed on with a device: whether it rules what that does, or never comes to it.

use super::{looked_at_before, Spd};
use crate::policy::{Entry, Guarantee, Level, Upper};
use crate::vocab::{Device, Entity, Wall};

/// Where an entry stands to one that a device has for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Looked at first, and looser: the device was promised more.
    Before,
    /// Looked at later, and another: in this device's streams the other rules what both speak of.
    Behind,
}

impl Spd {
    /// The first of this device's own entries that `entry`, which is not its own, loosens or cannot change.
    pub fn beside<'a>(
        &'a self,
        entry: &Entry,
        (entity, device): (&'a Entity, &'a Device),
        default_level: Level,
        now: Wall,
    ) -> Option<(Beside, &'a Entry)> {
        let is_own = entry.peer.entity.is_some() && entry.peer.device.is_some();
        let group = self.group_of(Some((entity, device)));
        if is_own || !entry.in_force(now) || !entry.peer.matches(Some((entity, device)), group) {
            return None;
        }
        let promised = |entry: &Entry| Guarantee::of(&entry.action, default_level);
        let stands = |other: &Entry| match looked_at_before(entry, other) {
            true => (!promised(entry).at_least_as_tight_as(&promised(other))).then_some(Beside::Before),
            false => (promised(entry) != promised(other) || changes_the_way(entry, other)).then_some(Beside::Behind),
        };
        self.entries_of(entity, device)
            .filter(|other| other.direction == entry.direction && other.in_force(now))
            .filter(|other| other.selector.meets(&entry.selector))
            .find_map(|other| Some((stands(other)?, other)))
    }
}

/// By TCP, where the other lets media go by UDP ([`Spd::transport`]): that is something else, however alike what both promise.
fn changes_the_way(entry: &Entry, other: &Entry) -> bool {
    entry.selector.upper == Upper::Tcp && other.selector.upper != Upper::Tcp
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::setkey::parse;
    use crate::vocab::{EntryId, Generation};

    #[test]
    fn an_entry_for_tcp_behind_the_agreed_one_is_told_and_one_before_it_is_not() {
        let entity = Entity::parse("sip:b@192.168.1.2").unwrap();
        let device = Device::telephone();
        let mut agreed =
            parse("spdadd 192.168.1.1 192.168.1.2 any -P out ipsec esp/transport//require;").unwrap().remove(0);
        (agreed.id, agreed.peer.entity, agreed.peer.device) = (EntryId(1), Some(entity.clone()), Some(device.clone()));
        let spd = Spd::compile(Generation(1), vec![agreed], Vec::new());
        let beside = |text: &str| {
            let entry = parse(text).unwrap().remove(0);
            spd.beside(&entry, (&entity, &device), Level::Require, Wall(1)).map(|(beside, _)| beside)
        };
        let added =
            |upper: &str, more: &str| format!("spdadd any any {upper} -P out ipsec esp/transport//require;{more}");
        assert_eq!(beside(&added("tcp", "")), Some(Beside::Behind));
        assert_eq!(beside(&added("udp", "")), None, "it promises the same");
        assert_eq!(beside(&added("tcp", " # sv: priority=5")), None);
    }
}
