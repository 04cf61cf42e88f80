//! Entries that were approved for another place: one of the two sides is less safe now than it was then, and the entry is too weak
//! for that (PROTOCOL section 5). The next call is reviewed first; nothing is loosened or tightened by itself.
//!
//! | step | carries |
//! | --- | --- |
//! | our place, or what a peer says of its own, changes -> `places_changed` | whose entries are marked now; each told once |
//! | `begin_call` -> `is_elsewhere` | a marked entry is as good as none: the peer is asked first |

use std::collections::BTreeSet;

use super::{Agent, Event};
use crate::policy::advice::{danger, grade, Circumstances};
use crate::policy::place::is_for_another_place;
use crate::policy::{infer, Action, Entry, Intent, PlaceCondition, Surroundings};
use crate::vocab::{Device, Entity, Failure, FailureKind, Now};

/// The devices whose entries are marked, as our user was told.
#[derive(Default)]
pub struct Elsewhere(BTreeSet<(Entity, Device)>);

impl Agent {
    /// Whether the entries for this device were approved for another place, as a call for `intent` needs them.
    pub(super) fn is_elsewhere(&self, (entity, device): (&Entity, &Device), intent: Intent) -> bool {
        let (place, least) = self.place_of(entity, device, intent);
        let level = self.config.default_level;
        self.book.entries_of(entity, device).any(|entry| is_for_another_place(entry, place, &least, level))
    }

    /// For a list of entries.
    pub fn entry_is_elsewhere(&self, entry: &Entry) -> bool {
        let (Some(entity), Some(device)) = (&entry.peer.entity, &entry.peer.device) else { return false };
        let (place, least) = self.place_of(entity, device, Intent::default());
        is_for_another_place(entry, place, &least, self.config.default_level)
    }

    /// Where both are, and the least that is advised there.
    fn place_of(&self, entity: &Entity, device: &Device, intent: Intent) -> (PlaceCondition, Action) {
        let ours = self.own.environment();
        let theirs = match self.book.presence(entity, device) {
            None => Surroundings::NotAsked,
            Some(record) => match record.environment {
                Some(environment) => Surroundings::Stated(environment),
                None => {
                    let address = record.address.unwrap_or(self.config.media_address);
                    Surroundings::Withheld { inference: infer(address, self.config.media_address).text }
                }
            },
        };
        let circumstances = Circumstances { relation: self.relation_of(entity, true), intent };
        let least = grade(danger(&theirs, &ours).0, circumstances).action();
        (PlaceCondition { ours: ours.scope, theirs: theirs.scope() }, least)
    }

    /// Our own surroundings, or what a peer says of its own, are others now.
    pub(super) fn places_changed(&mut self, now: Now) {
        let marked: BTreeSet<(Entity, Device)> = self
            .book
            .pins()
            .map(|pin| (pin.entity.clone(), pin.device.clone()))
            .filter(|(entity, device)| self.is_elsewhere((entity, device), Intent::default()))
            .collect();
        let before = std::mem::replace(&mut self.elsewhere.0, marked.clone());
        for (entity, device) in marked.difference(&before) {
            let talks = self
                .calls()
                .any(|call| matches!(call.state, super::CallState::Active) && call.entity.as_ref() == Some(entity));
            let notice = for_another_place(entity, device, talks);
            self.audit(now, notice.code, &notice.subject, &notice.message);
            self.event(Event::Notice(notice));
        }
        if marked != before {
            self.event(Event::PolicyChanged(self.book.generation()));
        }
    }
}

fn for_another_place(entity: &Entity, device: &Device, talks: bool) -> Failure {
    let talking = if talks { ", and you are talking with it" } else { "" };
    Failure::new(
        FailureKind::RefusedByPolicy,
        "another-place",
        format!("the policy for {entity} (device {device}) was approved for another place, and is too weak where you both are now{talking}"),
        entity.as_str(),
        format!("the next call is reviewed first; tighten it at once with `sottovoce ask {entity}`"),
    )
}
