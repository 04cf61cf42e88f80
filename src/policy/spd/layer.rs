//! A set of entries compiled for lookup.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::hash;
use super::order::Place;
use super::shape::{Probe, Shape};
use super::table::{Chains, Table};
use crate::policy::{Direction, Entry};
use crate::vocab::{Device, Entity, EntryId};

#[derive(Debug)]
pub(super) struct Layer {
    /// In lookup order.
    entries: Vec<Arc<Entry>>,
    out: Vec<(Shape, Table)>,
    inward: Vec<(Shape, Table)>,
    chains: Chains,
    /// By entity and device, of those that name both.
    peers: Table,
    peer_chains: Chains,
    /// Numbers and where they stand, in the order of numbers.
    numbers: Vec<(EntryId, u32)>,
    /// An entry is for a contact group.
    pub has_groups: bool,
}

impl Layer {
    /// Of two entries between which nothing decides, the one given first is looked at first.
    pub fn new(mut entries: Vec<Arc<Entry>>) -> Self {
        // As many as there are numbers for.
        entries.truncate(u32::MAX as usize);
        entries.sort_by_cached_key(|entry| Place::of(entry));
        let mut numbers: Vec<(EntryId, u32)> = entries.iter().map(|entry| entry.id).zip(0..).collect();
        numbers.sort_unstable();
        let scoped = entries.iter().filter(|entry| peer_hash(entry).is_some()).count();
        let mut layer = Self {
            out: tables(&entries, Direction::Out),
            inward: tables(&entries, Direction::In),
            chains: Chains::default(),
            peers: Table::for_entries(scoped),
            peer_chains: Chains::default(),
            numbers,
            has_groups: entries.iter().any(|entry| entry.peer.group.is_some()),
            entries: Vec::new(),
        };
        entries.iter().rev().for_each(|entry| layer.put(entry));
        layer.entries = entries;
        layer
    }

    /// Each goes in front of its chain: the last one first.
    fn put(&mut self, entry: &Arc<Entry>) {
        if let Some(hash) = peer_hash(entry) {
            self.peers.put(&mut self.peer_chains, hash, entry);
        }
        let shape = Shape::of(entry);
        let tables = if entry.direction == Direction::Out { &mut self.out } else { &mut self.inward };
        let table = tables.binary_search_by(|(other, _)| other.cmp(&shape)).ok().and_then(|at| tables.get_mut(at));
        if let (Some((_, table)), Some(hash)) = (table, shape.hash(&Probe::of(entry))) {
            table.put(&mut self.chains, hash, entry);
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// The entries that can speak of packets between two ends, in lookup order, and by chance a few others.
    #[inline]
    pub fn candidates(&self, probe: Probe) -> impl Iterator<Item = &Entry> {
        let tables = if probe.direction == Direction::Out { &self.out } else { &self.inward };
        let hashed = tables.iter().filter_map(move |(shape, table)| Some((table, shape.hash(&probe)?)));
        hashed.flat_map(|(table, hash)| table.chain(&self.chains, hash))
    }

    /// Those of one device, in lookup order.
    pub fn of_peer<'a>(&'a self, entity: &'a Entity, device: &'a Device) -> impl Iterator<Item = &'a Entry> {
        let is_theirs = move |entry: &&Entry| {
            (entry.peer.entity.as_ref(), entry.peer.device.as_ref()) == (Some(entity), Some(device))
        };
        self.peers.chain(&self.peer_chains, name_hash(entity, device)).filter(is_theirs)
    }

    pub fn numbered(&self, id: EntryId) -> Option<&Entry> {
        let at = self.numbers.partition_point(|(number, _)| *number < id);
        let (_, at) = self.numbers.get(at).filter(|(number, _)| *number == id)?;
        self.entries.get(*at as usize).map(Arc::as_ref)
    }
}

/// An empty table for each shape of this direction, in lookup order.
fn tables(entries: &[Arc<Entry>], direction: Direction) -> Vec<(Shape, Table)> {
    let mut counts: BTreeMap<Shape, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.direction == direction) {
        *counts.entry(Shape::of(entry)).or_default() += 1;
    }
    counts.into_iter().map(|(shape, count)| (shape, Table::for_entries(count))).collect()
}

fn peer_hash(entry: &Entry) -> Option<u64> {
    Some(name_hash(entry.peer.entity.as_ref()?, entry.peer.device.as_ref()?))
}

fn name_hash(entity: &Entity, device: &Device) -> u64 {
    hash::mix(hash::text(entity.as_str()), hash::text(device.as_str()))
}
