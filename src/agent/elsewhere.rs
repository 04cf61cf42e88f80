//! Entries that were approved for another place: one of the two sides is less safe now than it was then, and the entry is too weak
//! for that (PROTOCOL section 5). The next call is reviewed first; nothing is loosened or tightened by itself.
//!
//! | step | carries |
//! | --- | --- |
//! | our place, or what a peer says of its own, changes -> `places_changed` | whose entries are marked now; each told once |
//! | `begin_call` -> `is_elsewhere` | a marked entry is as good as none: the peer is asked first |
//! | a call comes -> `is_weak_there` | it is not answered by itself: the user decides |

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::ruling::Protected;
use super::{Agent, Event};
use crate::policy::advice::{danger, grade, Circumstances};
use crate::policy::place::is_for_another_place;
use crate::policy::{infer, Action, Entry, Intent, PlaceCondition, Surroundings};
use crate::vocab::{shell_word, CallId, Device, Entity, Failure, FailureKind, Now};

/// The devices whose entries are marked, as our user was told.
#[derive(Default)]
pub struct Elsewhere(BTreeSet<(Entity, Device)>);

impl Agent {
    /// Whether the entries for this device were approved for another place, as a call for `intent` needs them.
    pub(super) fn is_elsewhere(&self, now: Now, (entity, device): (&Entity, &Device), intent: Intent) -> bool {
        let mut in_force = self.book.entries_of(entity, device).filter(|entry| entry.in_force(now.wall));
        in_force.any(|entry| self.is_for_another_place(entry, (entity, device), intent))
    }

    /// For a list of entries.
    pub fn entry_is_elsewhere(&self, entry: &Entry) -> bool {
        let (Some(entity), Some(device)) = (&entry.peer.entity, &entry.peer.device) else { return false };
        self.is_for_another_place(entry, (entity, device), Intent::default())
    }

    fn is_for_another_place(&self, entry: &Entry, (entity, device): (&Entity, &Device), intent: Intent) -> bool {
        let Some(then) = entry.place else { return false };
        let ours = self.own.environment();
        let heard = self.heard_surroundings(entity, device);
        // Of whom nothing is known any more it is not known either that he has moved.
        let theirs = heard.as_ref().map_or(then.theirs, Surroundings::scope);
        let least = self.advised_there(entity, heard.unwrap_or(Surroundings::NotAsked), intent);
        let far = self.beyond_gateways(entry.clone(), (entity, device));
        is_for_another_place(&far, PlaceCondition { ours: ours.scope, theirs }, &least, self.config.default_level)
    }

    /// What of an entry protects packets as far as this device, and not to a gateway only.
    pub(super) fn beyond_gateways(&self, entry: Entry, peer: (&Entity, &Device)) -> Entry {
        let Some((ours, _)) = entry.tunnel() else { return entry };
        let record = self.book.presence(peer.0, peer.1);
        let theirs = record.and_then(|record| self.peer_address(record)).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let peer = (peer.0.clone(), peer.1.clone());
        entry.beyond(ours, |end| self.is_gateway(end, Some(&peer), theirs)).unwrap_or(entry)
    }

    /// Of an approved peer.
    fn advised_there(&self, entity: &Entity, theirs: Surroundings, intent: Intent) -> Action {
        let circumstances = Circumstances { relation: self.relation_of(entity, true), intent };
        grade(danger(&theirs, &self.own.environment()).0, circumstances).action()
    }

    /// A call of this device comes under entries that were approved for another place, and has less than is advised now.
    pub(super) fn is_weak_there(&self, now: Now, (entity, device): &(Entity, Device), has: Protected) -> bool {
        if !self.is_elsewhere(now, (entity, device), Intent::default()) {
            return false;
        }
        let theirs = self.heard_surroundings(entity, device).unwrap_or(Surroundings::NotAsked);
        let least = self.advised_there(entity, theirs, Intent::default());
        let level = self.config.default_level;
        [has.outbound, has.inbound].iter().any(|bundle| !bundle.missing_for(&least, level).is_empty())
    }

    /// What the peer said last of where it is.
    fn heard_surroundings(&self, entity: &Entity, device: &Device) -> Option<Surroundings> {
        let record = self.book.presence(entity, device)?;
        Some(match record.environment {
            Some(environment) => Surroundings::Stated(environment),
            None => {
                let address = record.address.unwrap_or(self.config.media_address);
                Surroundings::Withheld { inference: infer(address, self.config.media_address).text }
            }
        })
    }

    /// Our own surroundings, or what a peer says of its own, are others now.
    pub(super) fn places_changed(&mut self, now: Now) {
        let marked: BTreeSet<(Entity, Device)> = self
            .book
            .pins()
            .map(|pin| (pin.entity.clone(), pin.device.clone()))
            .filter(|(entity, device)| self.is_elsewhere(now, (entity, device), Intent::default()))
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
        self.judge_moves_anew(now);
        self.seek_again(now);
    }
}

/// Of a call that came.
pub(super) fn weak_there(id: CallId, entity: &Entity) -> Failure {
    let message = format!(
        "call {id} of {entity} is not answered by itself: your policy for it was approved for another place, and is too weak where you both are now"
    );
    let next = format!(
        "`sottovoce answer {id}` takes it as it is; or `sottovoce reject {id}`, then tighten it with `sottovoce ask {}` and call back",
        shell_word(entity.as_str())
    );
    Failure::new(FailureKind::RefusedByPolicy, "another-place", message, id.to_string(), next)
}

fn for_another_place(entity: &Entity, device: &Device, talks: bool) -> Failure {
    let talking = if talks { ", and you are talking with it" } else { "" };
    Failure::new(
        FailureKind::RefusedByPolicy,
        "another-place",
        format!("the policy for {entity} (device {device}) was approved for another place, and is too weak where you both are now{talking}"),
        entity.as_str(),
        format!("the next call is reviewed first; tighten it at once with `sottovoce ask {}`", shell_word(entity.as_str())),
    )
}
