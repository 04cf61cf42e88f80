//! The next snapshot from the one before it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{default_layer, Layer, Spd};
use crate::policy::{Entry, Groups};
use crate::vocab::{EntryId, Generation};

/// So many changes at least before everything is compiled anew, and this part of all entries.
const CHANGES: (usize, usize) = (1024, 8);

impl Spd {
    /// Without the entries numbered `gone`, and with `put`, each in the place of the one that has its number. Takes as long as
    /// there are changes since everything was compiled, which is done anew when they are many.
    pub fn changed(&self, generation: Generation, gone: &[EntryId], put: Vec<Entry>) -> Self {
        let numbers: BTreeSet<EntryId> =
            gone.iter().copied().chain(put.iter().map(|entry| entry.id)).filter(|id| *id != EntryId(0)).collect();
        let mut behind = self.gone.as_ref().clone();
        behind.extend(numbers.iter().filter(|id| self.base.numbered(**id).is_some()));
        let stays = |entry: &&Arc<Entry>| !numbers.contains(&entry.id);
        let mut changed: Vec<Arc<Entry>> = self.changed.entries().iter().filter(stays).cloned().collect();
        changed.extend(put.into_iter().map(Arc::new));
        let next = Self { generation, gone: Arc::new(behind), changed: Arc::new(Layer::new(changed)), ..self.clone() };
        let (least, part) = CHANGES;
        if next.changed.len() + next.gone.len() > least.max(next.base.len() / part) {
            return next.compiled_anew();
        }
        next
    }

    fn compiled_anew(self) -> Self {
        let base = self.base.entries().iter().filter(|entry| self.stays(entry));
        let entries = base.chain(self.changed.entries()).cloned().collect();
        Self {
            base: Arc::new(Layer::new(entries)),
            changed: Arc::new(Layer::new(Vec::new())),
            gone: Arc::default(),
            ..self
        }
    }

    /// With another default for everybody else, as [`Spd::compile`] takes it.
    pub fn with_default(&self, generation: Generation, default: Vec<Entry>) -> Self {
        let default = Arc::new(default_layer(default, &self.floor));
        Self { generation, default, ..self.clone() }
    }

    /// Where contacts belong: by it entries for a group are found.
    pub fn with_groups(&self, groups: Arc<Groups>) -> Self {
        Self { groups, ..self.clone() }
    }
}
