//! How an entry of our own stands to what was agreed on with a device: whether it rules what that does, or never comes to it.

use super::{looked_at_before, Spd};
use crate::policy::{Entry, Guarantee, Level};
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
            false => (promised(entry) != promised(other)).then_some(Beside::Behind),
        };
        self.entries_of(entity, device)
            .filter(|other| other.direction == entry.direction && other.in_force(now))
            .filter(|other| other.selector.meets(&entry.selector))
            .find_map(|other| Some((stands(other)?, other)))
    }
}
