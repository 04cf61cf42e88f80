//! The agent's copy of what the store holds: entries in force, pins, presence, what was given to whom.
//! It changes only when the store has said that a change is durable.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::built_in::is_built_in;
use super::effect::{Given, Loaded, Pin};
use crate::policy::{Approved, ApprovedPeer, Entry, Groups, Pending, Spd};
use crate::presence::{Names, PresenceRecord};
use crate::vocab::{AgreementKey, Device, Digest, Entity, EntryId, Fingerprint, Generation, VerifyKey, Wall};

/// Watchers whose last statements are remembered; the ones that expire first are forgotten first.
const MAX_GIVEN: usize = 1024;

/// Statements remembered for one watcher.
const MAX_GIVEN_EACH: usize = 8;

pub struct Book {
    /// The default of the configuration, in force while the store has no other.
    configured: Vec<Entry>,
    /// What was set, or else what is configured.
    default: Vec<Entry>,
    /// Every entry; the default's as they are enforced.
    spd: Arc<Spd>,
    /// What our user agreed to and the peer has not used yet, one for each device.
    pending: Vec<Pending>,
    /// What a device's entries were when they were agreed on last.
    agreed: BTreeMap<(Entity, Device), Vec<Entry>>,
    pins: BTreeMap<(Entity, Device), Pin>,
    presences: BTreeMap<(Entity, Device), PresenceRecord>,
    given: BTreeMap<String, Vec<Given>>,
    /// Of the peer that is built in, once it was made.
    built_in: Option<(VerifyKey, AgreementKey)>,
    /// Pins, or where their devices are, have changed since that was last asked.
    places_changed: bool,
}

/// How the keys in a statement stand to those that are pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Another key is pinned for this device, or another device for this entity.
    Changed(Fingerprint),
    /// It bears the name of the peer that is built in, and not its keys.
    Impostor,
    Pinned {
        verified: bool,
    },
    Unknown,
}

impl Book {
    pub fn new(loaded: &mut Loaded, configured: Vec<Entry>) -> Self {
        let entries: Vec<Arc<Entry>> =
            std::mem::take(&mut loaded.entries).into_iter().flat_map(Approved::into_entries).map(Arc::new).collect();
        let default = loaded.default.take().map_or_else(|| configured.clone(), |approved| approved.entries().to_vec());
        let key = |entity: &Entity, device: &Device| (entity.clone(), device.clone());
        let mut book = Self {
            spd: Arc::new(
                Spd::of_shared(loaded.generation, entries, default.clone()).with_pending(loaded.pending.clone()),
            ),
            pending: std::mem::take(&mut loaded.pending),
            default,
            agreed: loaded.agreed.drain(..).map(|last| ((last.entity, last.device), last.entries)).collect(),
            configured,
            pins: loaded.pins.drain(..).map(|pin| (key(&pin.entity, &pin.device), pin)).collect(),
            presences: loaded.presences.drain(..).map(|row| (key(&row.entity, &row.device), row)).collect(),
            given: BTreeMap::new(),
            built_in: None,
            places_changed: false,
        };
        loaded.given.drain(..).for_each(|given| book.give(given));
        book
    }

    pub fn spd(&self) -> &Arc<Spd> {
        &self.spd
    }

    pub fn generation(&self) -> Generation {
        self.spd.generation()
    }

    /// The store has registered an approval: the same change here.
    pub fn register(&mut self, approved: &Approved, default: bool, stored: Vec<Entry>, generation: Generation) {
        if default {
            return self.set_default(stored, generation);
        }
        let Some(peer) = approved.peer() else {
            self.spd = Arc::new(self.spd.changed(generation, &[], stored));
            return;
        };
        let replaced = self.numbers_of(&peer.entity, &peer.device);
        self.agreed.insert((peer.entity.clone(), peer.device.clone()), stored.clone());
        // Our user's newer word.
        self.pending.retain(|pending| !pending.is_of(&peer.entity, &peer.device));
        self.spd = Arc::new(self.spd.changed(generation, &replaced, stored).with_pending(self.pending.clone()));
    }

    /// What is in force for everybody without an entry of his own.
    pub fn default_entries(&self) -> &[Entry] {
        &self.default
    }

    /// The store has taken entries away, and put others in the place of those that have their numbers, or among them.
    pub fn change(&mut self, default: bool, gone: &[EntryId], put: Vec<Entry>, generation: Generation) {
        if !default {
            self.spd = Arc::new(self.spd.changed(generation, gone, put));
            return;
        }
        let stays = |entry: &&Entry| {
            entry.id != EntryId(0) && !gone.contains(&entry.id) && put.iter().all(|other| other.id != entry.id)
        };
        let default = self.default.iter().filter(stays).cloned().chain(put.iter().cloned()).collect();
        self.set_default(default, generation);
    }

    /// With its last entry a default of the store is gone, and the configuration's is in force again.
    fn set_default(&mut self, default: Vec<Entry>, generation: Generation) {
        self.default = if default.is_empty() { self.configured.clone() } else { default };
        self.spd = Arc::new(self.spd.with_default(generation, self.default.clone()));
    }

    pub fn pendings(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter()
    }

    pub fn pending_of(&self, entity: &Entity, device: &Device) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.is_of(entity, device))
    }

    /// The store keeps what our user agreed to.
    pub fn put_pending(&mut self, pending: Pending, generation: Generation) {
        self.pending.retain(|other| !other.is_of(pending.entity(), pending.device()));
        self.pending.push(pending);
        self.spd = Arc::new(self.spd.changed(generation, &[], Vec::new()).with_pending(self.pending.clone()));
    }

    pub fn drop_pending(&mut self, entity: &Entity, device: &Device, generation: Generation) {
        self.pending.retain(|pending| !pending.is_of(entity, device));
        self.spd = Arc::new(self.spd.changed(generation, &[], Vec::new()).with_pending(self.pending.clone()));
    }

    /// The store has put in force what was agreed.
    pub fn use_pending(&mut self, used: &Pending, stored: Vec<Entry>, generation: Generation) {
        let replaced = self.numbers_of(used.entity(), used.device());
        self.agreed.insert((used.entity().clone(), used.device().clone()), stored.clone());
        self.spd = Arc::new(self.spd.changed(generation, &replaced, stored));
        self.drop_pending(used.entity(), used.device(), generation);
    }

    /// The entries as they will be once this device has used what was agreed with it.
    pub fn spd_once_used(&self, entity: &Entity, device: &Device) -> Spd {
        let spd = match self.pending_of(entity, device) {
            Some(pending) => {
                let replaced = self.numbers_of(entity, device);
                self.spd.changed(self.generation(), &replaced, pending.entries().to_vec())
            }
            None => self.spd.as_ref().clone(),
        };
        spd.with_pending(Vec::new())
    }

    fn numbers_of(&self, entity: &Entity, device: &Device) -> Vec<EntryId> {
        self.entries_of(entity, device).map(|entry| entry.id).collect()
    }

    /// Which contact belongs to which group, from now on: entries for a group rule the streams of its contacts.
    pub fn set_groups(&mut self, groups: Groups) {
        self.spd = Arc::new(self.spd.with_groups(Arc::new(groups)));
    }

    /// What is kept for this device's streams alone, disabled and expired entries too.
    pub fn entries_of<'a>(&'a self, entity: &'a Entity, device: &'a Device) -> impl Iterator<Item = &'a Entry> {
        self.spd.entries_of(entity, device)
    }

    /// What was agreed on with this device last, in a review or a proposal, whatever our user made of it since; nothing where that is
    /// not known.
    pub fn agreed_of(&self, entity: &Entity, device: &Device) -> &[Entry] {
        self.agreed.get(&(entity.clone(), device.clone())).map_or(&[], Vec::as_slice)
    }

    /// Whether the user has approved entries for this device's streams, and they are in force.
    pub fn has_entry_for(&self, entity: &Entity, device: &Device, now: Wall) -> bool {
        self.entries_of(entity, device).any(|entry| entry.in_force(now))
    }

    pub fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.pins.values()
    }

    pub fn pin(&self, entity: &Entity, device: &Device) -> Option<&Pin> {
        self.pins.get(&(entity.clone(), device.clone()))
    }

    pub fn put_pin(&mut self, pin: Pin) {
        self.places_changed = true;
        self.pins.insert((pin.entity.clone(), pin.device.clone()), pin);
    }

    /// The user compared the safety phrase for these keys.
    pub fn verify_pin(&mut self, verified: &Pin) {
        let pinned = self.pins.get_mut(&(verified.entity.clone(), verified.device.clone()));
        if let Some(pin) = pinned.filter(|pin| pin.fingerprint == verified.fingerprint) {
            pin.verified = true;
        }
    }

    /// Pins the keys of an approved peer; with `replace`, every other device of the entity is let go.
    pub fn pin_approved(&mut self, peer: &ApprovedPeer, fingerprint: Fingerprint, replace: bool, now: Wall) {
        if replace {
            self.places_changed = true;
            self.pins.retain(|(entity, _), _| *entity != peer.entity);
            self.pending.retain(|pending| *pending.entity() != peer.entity);
            self.agreed.retain(|(entity, device), _| *entity != peer.entity || *device == peer.device);
        }
        let same = |pin: &&Pin| pin.signing_key == peer.signing_key && pin.agreement_key == peer.agreement_key;
        if self.pin(&peer.entity, &peer.device).as_ref().is_some_and(same) {
            return;
        }
        self.put_pin(Pin {
            entity: peer.entity.clone(),
            device: peer.device.clone(),
            signing_key: peer.signing_key,
            agreement_key: peer.agreement_key,
            fingerprint,
            since: now,
            verified: false,
            last_version: 0,
            last_published: 0,
            statement: None,
        });
    }

    pub fn know_built_in(&mut self, keys: (VerifyKey, AgreementKey)) {
        self.built_in = Some(keys);
    }

    /// How a device's keys stand to ours; `vouched` is a key whose signature over them was verified.
    pub fn standing(
        &self,
        entity: &Entity,
        device: &Device,
        keys: (VerifyKey, AgreementKey),
        vouched: Option<VerifyKey>,
    ) -> Standing {
        if is_built_in(entity) && self.built_in != Some(keys) {
            return Standing::Impostor;
        }
        if let Some(pin) = self.pin(entity, device) {
            let same = (pin.signing_key, pin.agreement_key) == keys;
            return if same { Standing::Pinned { verified: pin.verified } } else { Standing::Changed(pin.fingerprint) };
        }
        let mut others = self.pins.values().filter(|pin| pin.entity == *entity).peekable();
        match others.peek() {
            None => Standing::Unknown,
            Some(first) => {
                let print = first.fingerprint;
                let known = others.any(|pin| Some(pin.signing_key) == vouched);
                if known {
                    Standing::Unknown
                } else {
                    Standing::Changed(print)
                }
            }
        }
    }

    pub fn presences(&self) -> impl Iterator<Item = &PresenceRecord> {
        self.presences.values()
    }

    pub fn presence(&self, entity: &Entity, device: &Device) -> Option<&PresenceRecord> {
        self.presences.get(&(entity.clone(), device.clone()))
    }

    /// Whether who is approved, or where somebody is, may be another than when this was last asked.
    pub fn take_places_changed(&mut self) -> bool {
        std::mem::take(&mut self.places_changed)
    }

    pub fn put_presence(&mut self, record: PresenceRecord) {
        self.places_changed = true;
        self.presences.insert((record.entity.clone(), record.device.clone()), record);
    }

    pub fn remove_presence(&mut self, entity: &Entity) {
        self.places_changed = true;
        self.presences.retain(|(of, _), _| of != entity);
    }

    /// Our user's own names for a peer, on every row of it.
    pub fn rename_presence(&mut self, entity: &Entity, change: &Names) {
        let rows = self.presences.values_mut().filter(|row| row.entity == *entity);
        rows.for_each(|row| row.names.change(change));
    }

    /// Remembers a statement that we gave.
    pub fn give(&mut self, given: Given) {
        if !self.given.contains_key(&given.watcher) && self.given.len() >= MAX_GIVEN {
            self.forget_oldest();
        }
        let all = self.given.entry(given.watcher.clone()).or_default();
        if all.len() >= MAX_GIVEN_EACH {
            all.remove(0);
        }
        all.push(given);
    }

    fn forget_oldest(&mut self) {
        let last = |all: &Vec<Given>| all.iter().map(|given| given.expires).max();
        let oldest = self.given.iter().min_by_key(|(_, all)| last(all)).map(|(watcher, _)| watcher.clone());
        oldest.map(|watcher| self.given.remove(&watcher));
    }

    /// Whether `hash` is of a statement that we gave this watcher and that has not expired.
    pub fn was_given(&self, watcher: &str, hash: &Digest, now: Wall) -> bool {
        let lives = |given: &&Given| given.expires > now && given.hash == *hash;
        self.given.get(watcher).is_some_and(|all| all.iter().any(|given| lives(&given)))
    }
}
