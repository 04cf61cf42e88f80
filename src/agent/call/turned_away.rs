use std::collections::btree_map::{BTreeMap, Entry};
use std::time::Duration;

use crate::vocab::{Entity, Mono};

/// Who is refused again for the same reason is no news for so long.
const SPAN: Duration = Duration::from_secs(600);

/// Callers that are remembered so; what further ones meet is not told.
const MOST: usize = 64;

/// Whom we refused a tunnel as a gateway, or a call, and why: they may come as often as they like, and the audit table is never shortened.
#[derive(Default)]
pub struct TurnedAway(BTreeMap<(Entity, &'static str), Mono>);

impl TurnedAway {
    pub(super) fn is_news(&mut self, now: Mono, user: &Entity, why: &'static str) -> bool {
        self.0.retain(|_, told| now - *told < SPAN);
        let is_full = self.0.len() >= MOST;
        match self.0.entry((user.clone(), why)) {
            Entry::Vacant(_) if is_full => false,
            Entry::Vacant(place) => {
                place.insert(now);
                true
            }
            Entry::Occupied(_) => false,
        }
    }
}
