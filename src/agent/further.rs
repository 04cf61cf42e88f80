//! A presence server answers for all devices of a peer. Each has a policy and keys of its own, so each is put to the user by
//! itself, one after the other: what is pinned first decides whether the next is a changed key.

use std::net::IpAddr;

use super::document::{is_key_alarm, still_lives, trusted, ReadDocument, ReadPublished};
use super::{Agent, AskState, Event};
use crate::sip::Body;
use crate::vocab::{shell_word, AskId, Failure, FailureKind, Now};

/// What of an answer still has to be put to the user.
#[derive(Default)]
pub struct Further {
    devices: Vec<ReadDocument>,
    body: Option<Body>,
}

impl Agent {
    pub(super) fn keep_answers(
        &mut self,
        now: Now,
        id: AskId,
        observed: Option<IpAddr>,
        body: &Body,
        read: ReadPublished,
    ) {
        for failure in read.unusable {
            self.audit_changed_key(now, &failure);
            self.step(now, id, format!("a part of the answer is left out: {}; {}", failure.message, failure.next));
            if is_key_alarm(&failure) {
                self.event(Event::Notice(failure));
            }
        }
        let only = self.asks.all.get(&id).and_then(|asking| asking.only.clone());
        let is_meant = |one: &ReadDocument| only.as_ref().is_none_or(|only| *only == one.signed.statement.device);
        let mut devices = read.usable.into_iter().filter(is_meant);
        let Some(first) = devices.next() else { return self.fail_unmeant(now, id) };
        let further = Further { devices: devices.collect(), body: Some(body.clone()) };
        self.hold_back(now, id, further);
        self.keep_answer(now, id, observed, body, first);
    }

    /// Another device answered than the one that is meant.
    fn fail_unmeant(&mut self, now: Now, id: AskId) {
        let Some(asking) = self.asks.all.get(&id).filter(|asking| asking.only.is_some()) else { return };
        let failure = another_device(&asking.ask.target);
        self.fail_ask(now, id, failure);
    }

    /// A call waits for one device, and rings there.
    fn hold_back(&mut self, now: Now, id: AskId, further: Further) {
        let count = further.devices.len();
        let Some(asking) = self.asks.all.get_mut(&id).filter(|_| count > 0) else { return };
        let devices = if count == 1 { "1 further device".to_owned() } else { format!("{count} further devices") };
        let what = match asking.call {
            Some(_) => {
                format!("{devices} answered too; `sottovoce ask {}` puts them to you", shell_word(&asking.ask.target))
            }
            None => format!("{devices} answered too, and will be put to you next"),
        };
        if asking.call.is_none() {
            asking.further = further;
        }
        self.step(now, id, what);
    }

    /// What has ended may have another device behind it.
    pub(super) fn put_further_devices(&mut self, now: Now) {
        while let Some(id) = self.asks.ended.pop() {
            let failure = self.asks.all.get(&id).and_then(|asking| match &asking.ask.state {
                AskState::Failed(failure) => Some(failure.kind),
                _ => None,
            });
            self.resuming_ended(now, id, failure);
            self.put_next_device(now, id);
        }
    }

    fn put_next_device(&mut self, now: Now, id: AskId) {
        if self.stopping.is_some() {
            return;
        }
        let Some(asking) = self.asks.all.get_mut(&id) else { return };
        let mut further = std::mem::take(&mut asking.further);
        let Some(body) = further.body.clone().filter(|_| !further.devices.is_empty()) else { return };
        let mut device = further.devices.remove(0);
        let accept_key = asking.accept_key;
        let next = self.asks.next_id();
        let Some(asking) = self.asks.all.get_mut(&id) else { return };
        let beside = asking.beside(next, now, further);
        asking.ask.next = Some(next);
        self.asks.all.insert(next, beside);
        self.forget_old_asks();
        let statement = &device.signed.statement;
        let lives = still_lives(statement, now.wall);
        match lives.and_then(|()| trusted(&self.book, accept_key, statement)) {
            Ok(standing) => {
                device.standing = standing;
                self.keep_answer(now, next, None, &body, device);
            }
            Err(failure) => {
                self.audit_changed_key(now, &failure);
                self.fail_ask(now, next, failure);
            }
        }
        self.event(Event::AskChanged(id));
    }
}

fn another_device(target: &str) -> Failure {
    let message =
        format!("another device of {target} answered than the one that you want less of: nothing was proposed");
    let word = shell_word(target);
    let next = format!("all stays as it is; `sottovoce ask {word}` puts the policy of the device that answered to you");
    Failure::new(FailureKind::Failed, "another-device", message, target, next)
}
