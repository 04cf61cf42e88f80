//! Entries that another entry leaves nothing to.

use super::{order, Criterion, Spd};
use crate::policy::spd::shape::Probe;
use crate::policy::{Entry, PeerScope};
use crate::vocab::Wall;

impl Spd {
    /// The entry that is looked at before `entry`, rules all of its packets for as long as that is in force, and otherwise than it
    /// would; with what puts it first. `None`: some packet is left to `entry`, or they say the same.
    pub fn overruling(&self, entry: &Entry, now: Wall) -> Option<(&Entry, Criterion)> {
        if !entry.in_force(now) {
            return None;
        }
        let candidates = self.speaking(Probe::of(entry)).into_iter().filter(|other| self.is_ordinary(other));
        let (first, criterion) = candidates
            .filter(|other| other.in_force(now) && leaves_nothing(other, entry))
            .filter_map(|other| Some((other, order::decide(other, entry)?)))
            .find_map(|(other, (criterion, order))| order.is_lt().then_some((other, criterion)))?;
        let said = |entry: &Entry| (entry.action.clone(), entry.suites.clone(), entry.tfc);
        (said(first) != said(entry)).then_some((first, criterion))
    }
}

/// Whether every packet of `entry` is one of `other`, at every place and time.
fn leaves_nothing(other: &Entry, entry: &Entry) -> bool {
    let outlasts = other.expires.is_none_or(|end| entry.expires.is_some_and(|of_entry| of_entry <= end));
    let everywhere = other.place.is_none() || other.place == entry.place;
    outlasts
        && everywhere
        && other.direction == entry.direction
        && names_all(&other.peer, &entry.peer)
        && other.selector.covers(&entry.selector)
}

fn names_all(other: &PeerScope, entry: &PeerScope) -> bool {
    (other.entity.is_none() || other.entity == entry.entity)
        && (other.device.is_none() || other.device == entry.device)
        && (other.group.is_none() || other.group == entry.group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::setkey::parse;
    use crate::vocab::{EntryId, Generation};

    const OLD: &str = "spdadd any any udp -P out none; # sv: entity=sip:t@h";

    /// What puts an entry, that is added later, behind for good.
    fn behind(old: &str, new: &str) -> Option<Criterion> {
        let read = |text: &str, id| {
            let entry = parse(text).unwrap().remove(0);
            Entry { id: EntryId(id), created: Wall::from_secs(id), ..entry }
        };
        let (old, new) = (read(old, 1), read(new, 2));
        let spd = Spd::compile(Generation(1), vec![old, new.clone()], Vec::new());
        spd.overruling(&new, Wall::from_secs(9)).map(|(entry, criterion)| {
            assert_eq!(entry.id, EntryId(1));
            criterion
        })
    }

    #[test]
    fn the_later_of_two_for_the_same_packets_never_rules() {
        let esp = "ipsec esp/transport//require;";
        let same = format!("spdadd any any udp -P out {esp} # sv: entity=sip:t@h");
        assert_eq!(behind(OLD, &same), Some(Criterion::Age));
        let first = OLD.replace("entity=", "priority=3 entity=");
        let narrower = format!("spdadd any 10.0.0.1 udp -P out {esp} # sv: entity=sip:t@h");
        assert_eq!(behind(&first, &narrower), Some(Criterion::Priority));
        let for_all = "spdadd any any any -P out discard; # sv: priority=3";
        assert_eq!(behind(for_all, &narrower), Some(Criterion::Priority));
    }

    #[test]
    fn an_entry_to_which_some_packet_is_left_may_rule() {
        let esp = "udp -P out ipsec esp/transport//require; # sv:";
        for new in [
            format!("spdadd any any {esp} entity=sip:other@h"),
            format!("spdadd any 10.0.0.1 {esp} entity=sip:t@h"),
            format!("spdadd any any {esp} priority=1 entity=sip:t@h"),
            format!("spdadd any any {esp} disabled entity=sip:t@h"),
        ] {
            assert_eq!(behind(OLD, &new), None, "{new}");
        }
        let same = format!("spdadd any any {esp} entity=sip:t@h");
        assert_eq!(behind(&OLD.replace("entity=", "disabled entity="), &same), None, "the first is not in force");
        let ends = OLD.replace("entity=", "expires=1970-01-01T01:00:00Z entity=");
        assert_eq!(behind(&ends, &same), None, "it outlasts the first");
        assert_eq!(behind(OLD, &format!("{OLD} note=x")), None, "it says the same");
    }
}
