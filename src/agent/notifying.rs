//! Whose subscription to us it is: `watchers` follow what we say of ourselves, `informed` devices of our user follow who these are.
//! This file only routes.
//!
//! | step | goes to |
//! | --- | --- |
//! | SUBSCRIBE -> `handle_notifying` | by its event: `answer_watcher`, or `informed` |
//! | SUBSCRIBE within the dialog, `EndpointEvent::NotifierEnded` | whoever holds it |
//! | what is said of us may be another -> `sayings_changed` | both, and `publication` |
//! | `notifying_deadline`, `handle_notifying_timeout` | both: who left is to stand in the lists of then |

use super::answer_watcher::{AskersPlace, Meant};
use super::Agent;
use crate::presence::WATCHER_INFO_PACKAGE;
use crate::sip::EndpointEvent;
use crate::vocab::{Deadline, Now};

impl Agent {
    pub(super) fn handle_notifying(&mut self, now: Now, event: EndpointEvent) {
        match event {
            EndpointEvent::NotifierEnded { id, .. } if self.is_considered(id) => self.consider_no_more(id),
            EndpointEvent::NotifierEnded { id, .. } => match self.is_informed(id) {
                true => self.inform_no_more(id),
                false => self.handle_watcher_ended(now, id),
            },
            EndpointEvent::Subscribed { id, expires, refresh: true, .. } if self.is_considered(id) => {
                self.consider_again(now, id, expires);
            }
            EndpointEvent::Subscribed { id, expires, refresh: true, .. } => match self.is_informed(id) {
                true => self.inform_again(now, id, expires),
                false => self.handle_resubscribed(now, id, expires),
            },
            EndpointEvent::Subscribed { id, event, asked, expires, body, .. } if event == WATCHER_INFO_PACKAGE => {
                self.handle_watchers_asked(now, id, asked.as_ref(), expires, body);
            }
            EndpointEvent::Subscribed { id, from, relayed, asked, contact, expires, body, .. } => {
                let place = AskersPlace::of(&from, relayed, &contact);
                let meant = Meant { names: self.names_told_to(&from), uri: asked };
                self.handle_subscribed(now, id, (place, meant), expires, body);
            }
            _ => {}
        }
    }

    /// Entries, presence, names or pins may be others: what is published and what was told follow.
    pub(super) fn sayings_changed(&mut self, now: Now) {
        self.published_changed(now);
        self.watchers_may_differ(now);
        self.own_devices_changed(now);
        self.handle_notifying_timeout(now);
    }

    pub(super) fn handle_notifying_timeout(&mut self, now: Now) {
        self.handle_watchers_timeout(now);
        self.handle_informed_timeout(now);
    }

    pub(super) fn notifying_deadline(&self) -> Option<Deadline> {
        Deadline::earliest(self.watchers_deadline(), self.informed_deadline())
    }
}
