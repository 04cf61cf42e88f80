use std::collections::btree_map::{BTreeMap, Entry};
use std::time::Duration;

use crate::vocab::{Entity, Mono};

/// Who is refused again for the same reason is no news for so long.
const SPAN: Duration = Duration::from_secs(600);

/// Callers that are remembered so; what further ones meet is not told.
const MOST: usize = 64;

/// Whom we refused a tunnel as a gateway, or a call, and why: they may come as often as they like, and the audit table is never shortened.
#[derive(Default)]
pub struct TurnedAway(BTreeMap<(Option<Entity>, &'static str), Mono>);

impl TurnedAway {
    /// All whose name is none are one.
    pub(super) fn is_news(&mut self, now: Mono, user: Option<&Entity>, why: &'static str) -> bool {
        self.0.retain(|_, told| now - *told < SPAN);
        let is_full = self.0.len() >= MOST;
        match self.0.entry((user.cloned(), why)) {
            Entry::Vacant(_) if is_full => false,
            Entry::Vacant(place) => {
                place.insert(now);
                true
            }
            Entry::Occupied(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_news_once_in_a_while_the_nameless_together_and_not_more_than_so_many() {
        let (mut away, at) = (TurnedAway::default(), |seconds| Mono(Duration::from_secs(seconds)));
        let one = Entity::parse("sip:t@h").unwrap();
        let told = [Some(&one), Some(&one), None, None].map(|user| away.is_news(at(0), user, "why"));
        assert_eq!(told, [true, false, true, false]);
        assert!(away.is_news(at(1), Some(&one), "another reason"));
        let others = (0..100).map(|n| Entity::parse(&format!("sip:t{n}@h")).unwrap());
        assert_eq!(others.filter(|user| away.is_news(at(2), Some(user), "why")).count(), MOST - 3);
        assert!(away.is_news(at(600), None, "why"));
    }
}
