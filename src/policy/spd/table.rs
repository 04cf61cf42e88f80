//! Entries found by a hash, those with the same one in a chain, in the order in which they were put there.

use std::sync::Arc;

use crate::policy::Entry;

/// No entry.
const NONE: u32 = u32::MAX;

/// Where chains begin: open addressing, at most half full.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Box<[Slot]>,
}

/// The first entry of a chain stands here itself: what has to be fetched from memory for it is half of a lookup.
#[derive(Clone, Debug, Default)]
struct Slot {
    tag: u32,
    behind: u32,
    first: Option<Arc<Entry>>,
}

/// Of each entry, where it stands, and the next one in its chain.
#[derive(Debug, Default)]
pub(super) struct Chains(Vec<(Arc<Entry>, u32)>);

impl Table {
    pub fn for_entries(count: usize) -> Self {
        let slots = (count * 2).next_power_of_two();
        Self { slots: vec![Slot::default(); slots].into_boxed_slice() }
    }

    /// Puts an entry in front of its chain.
    pub fn put(&mut self, chains: &mut Chains, hash: u64, entry: &Arc<Entry>) {
        let is_free = |slot: &Slot| slot.first.is_none() || slot.tag == tag(hash);
        let Some(at) = self.places(hash).find(|at| self.slots.get(*at).is_some_and(is_free)) else { return };
        let Some(slot) = self.slots.get_mut(at) else { return };
        let behind = match slot.first.take() {
            None => NONE,
            Some(second) => {
                chains.0.push((second, slot.behind));
                u32::try_from(chains.0.len() - 1).unwrap_or(NONE)
            }
        };
        *slot = Slot { tag: tag(hash), behind, first: Some(entry.clone()) };
    }

    /// The entries with this hash, and by chance a few others.
    #[inline]
    pub fn chain<'a>(&'a self, chains: &'a Chains, hash: u64) -> impl Iterator<Item = &'a Entry> {
        let slots = self.places(hash).map_while(|at| self.slots.get(at)?.first.as_ref().map(|_| at));
        let found = slots.filter_map(|at| self.slots.get(at)).find(|slot| slot.tag == tag(hash));
        let first = found.and_then(|slot| slot.first.as_deref());
        let mut next = found.map_or(NONE, |slot| slot.behind);
        let behind = std::iter::from_fn(move || {
            let (entry, behind) = chains.0.get(next as usize)?;
            next = *behind;
            Some(entry.as_ref())
        });
        first.into_iter().chain(behind)
    }

    fn places(&self, hash: u64) -> impl Iterator<Item = usize> {
        let mask = self.slots.len().wrapping_sub(1);
        (0..self.slots.len()).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}
