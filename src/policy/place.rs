//! Whether an entry still suits where both sides are (PROTOCOL section 5, "Place condition").

use super::advice::{verdict, Verdict};
use super::{Action, Entry, Level, PlaceCondition, Scope};

impl PlaceCondition {
    /// Either side is less safe than it was `before`.
    pub fn is_less_safe_than(self, before: Self) -> bool {
        risk(self.ours) > risk(before.ours) || risk(self.theirs) > risk(before.theirs)
    }
}

/// Nobody knows what an unknown place is, so it is as bad as the worst.
fn risk(scope: Scope) -> u8 {
    match scope {
        Scope::Private => 0,
        Scope::Public | Scope::Unknown => 1,
    }
}

/// Whether the entry was approved for another place: one of the two is less safe `now` than at its approval, and the entry is
/// below the `least` that is advised now. A call under it has to be reviewed first.
pub fn is_for_another_place(entry: &Entry, now: PlaceCondition, least: &Action, default_level: Level) -> bool {
    let moved = entry.place.is_some_and(|then| now.is_less_safe_than(then));
    moved && verdict(least, &entry.action, default_level) == Verdict::BelowAdvice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::setkey::{parse, parse_action};

    fn place(ours: Scope, theirs: Scope) -> PlaceCondition {
        PlaceCondition { ours, theirs }
    }

    /// Every pair of places, then and now, under every grade of protection.
    #[test]
    fn only_who_moved_to_a_less_safe_place_and_is_too_weak_there_is_asked_again() {
        let pairs = || Scope::ALL.into_iter().flat_map(|ours| Scope::ALL.map(|theirs| place(ours, theirs)));
        let least = parse_action("ipsec esp/transport//require").unwrap();
        for action in ["none", "ipsec esp/transport//use", "ipsec esp/transport//require", "discard"] {
            let entry = parse(&format!("spdadd any any any -P out {action}")).unwrap().remove(0);
            let weak = action == "none" || action.ends_with("use");
            for then in pairs() {
                let entry = Entry { place: Some(then), ..entry.clone() };
                for now in pairs() {
                    let was_private = |then: Scope, now: Scope| then == Scope::Private && now != Scope::Private;
                    let moved = was_private(then.ours, now.ours) || was_private(then.theirs, now.theirs);
                    let marked = is_for_another_place(&entry, now, &least, Level::Require);
                    assert_eq!(marked, moved && weak, "{action}: {then:?} -> {now:?}");
                }
            }
            assert!(!is_for_another_place(&entry, place(Scope::Public, Scope::Public), &least, Level::Require));
        }
    }
}
