//! A presence server told what a peer's devices publish for everybody. Each device is then asked by itself, at its GRUU: to
//! those whom it knows it says more (PROTOCOL section 4), and what it says to us outranks what it published.
//!
//! | step | carries |
//! | --- | --- |
//! | `ask_devices` | published statements, checked -> one fetch for each device |
//! | NOTIFY -> `handle_device_notified` | what the device says to us, in the place of what it published |
//! | the last answer, or no more patience -> `keep_answers` | the one review of each device |

use std::collections::BTreeMap;
use std::time::Duration;

use super::document::{read_document, DocumentExpected, ReadDocument, ReadPublished};
use super::own::random_nonce;
use super::question::Question;
use super::watch_news::gruu_of;
use super::{Agent, AskState};
use crate::policy::Purpose;
use crate::sip::{Body, SubscriptionId, Uri};
use crate::vocab::{AskId, Device, Failure, Mono, Nonce, Now};

/// Devices of one peer that are asked by themselves.
const MAX_DEVICES: usize = 4;
/// What was published is at hand: nobody waits longer than this for more.
const PATIENCE: Duration = Duration::from_secs(8);

/// What was published, while its authors are asked.
pub struct Direct {
    read: ReadPublished,
    body: Body,
    open: BTreeMap<SubscriptionId, (Device, Nonce)>,
    pub until: Mono,
}

impl Agent {
    /// Puts the answers to the user at once where no device can be asked.
    pub(super) fn ask_devices(&mut self, now: Now, id: AskId, body: &Body, read: ReadPublished) {
        let published = read.usable.iter().filter(|one| one.signed.statement.purpose == Purpose::Publish);
        let places =
            published.filter_map(|one| Some((one.signed.statement.device.clone(), gruu_of(&one.signed.statement)?)));
        let places: Vec<(Device, Uri)> = places.take(MAX_DEVICES).collect();
        let mut open = BTreeMap::new();
        for (device, gruu) in places {
            if let Some((subscription, nonce)) = self.ask_device(now, id, gruu) {
                self.asks.devices.insert(subscription, id);
                open.insert(subscription, (device, nonce));
            }
        }
        if open.is_empty() {
            return self.keep_answers(now, id, None, body, read);
        }
        let what = match open.len() {
            1 => "the server told what is published; the device itself is asked for more".to_owned(),
            many => format!("the server told what is published; {many} devices are asked for more themselves"),
        };
        let Some(asking) = self.asks.all.get_mut(&id) else { return };
        asking.direct = Some(Direct { read, body: body.clone(), open, until: now.mono + PATIENCE });
        self.step(now, id, what);
    }

    fn ask_device(&mut self, now: Now, id: AskId, gruu: Uri) -> Option<(SubscriptionId, Nonce)> {
        let nonce = random_nonce(&mut self.rng);
        let asking = self.asks.all.get(&id)?;
        let route = self.route_of(&asking.target).ok()??;
        let question = Question {
            target: asking.target.clone(),
            uri: gruu,
            nonce,
            wanted: asking.ask.wanted,
            by_server: true,
            expires: Duration::ZERO,
            resumes: None,
        };
        Some((self.put_question(now, question, route), nonce))
    }

    /// Whether it is the answer of a device that was asked by itself.
    pub(super) fn handle_device_notified(&mut self, now: Now, id: SubscriptionId, body: Option<&Body>) -> bool {
        let Some(ask) = self.asks.devices.get(&id).copied() else { return false };
        let Some(asking) = self.asks.all.get(&ask) else { return true };
        let Some((device, nonce)) = asking.direct.as_ref().and_then(|direct| direct.open.get(&id)).cloned() else {
            return true;
        };
        let Some(body) = body else { return true };
        let names = self.names();
        let expected = DocumentExpected {
            target: Some(&asking.target),
            nonce: Some(nonce),
            entities: &names,
            device: &self.config.device,
            accept_key: asking.accept_key,
            published: false,
        };
        match read_document(&self.book, &expected, &body.bytes, now.wall) {
            Ok(read) if read.signed.statement.device == device => self.outrank(now, ask, read, body),
            Ok(_) => {
                self.step(now, ask, format!("another device than {device} answered for it, and is not listened to"))
            }
            Err(failure) => self.leave_published(now, ask, failure),
        }
        self.settle_device(now, ask, id);
        true
    }

    fn leave_published(&mut self, now: Now, ask: AskId, failure: Failure) {
        let Some(asking) = self.asks.all.get(&ask) else { return };
        let failure = &self.in_its_place(&asking.target, failure);
        self.audit_changed_key(now, failure);
        self.step(now, ask, format!("what the device itself says is left out: {}; {}", failure.message, failure.next));
    }

    fn outrank(&mut self, now: Now, ask: AskId, read: ReadDocument, body: &Body) {
        let Some(direct) = self.asks.all.get_mut(&ask).and_then(|asking| asking.direct.as_mut()) else { return };
        let device = &read.signed.statement.device;
        let Some(place) = direct.read.usable.iter_mut().find(|one| one.signed.statement.device == *device) else {
            return;
        };
        let what = format!("device {device} has answered itself");
        *place = ReadDocument { own_body: Some(body.clone()), ..read };
        self.step(now, ask, what);
    }

    /// Whether it was a question to a device by itself that ended.
    pub(super) fn handle_device_ended(&mut self, now: Now, id: SubscriptionId) -> bool {
        let Some(ask) = self.asks.devices.remove(&id) else { return false };
        let waited = |direct: &Direct| direct.open.get(&id).map(|(device, _)| device.clone());
        let silent = self.asks.all.get(&ask).and_then(|asking| asking.direct.as_ref()).and_then(waited);
        if let Some(device) = silent {
            self.step(now, ask, unanswered(&device));
        }
        self.settle_device(now, ask, id);
        true
    }

    fn settle_device(&mut self, now: Now, ask: AskId, id: SubscriptionId) {
        let Some(asking) = self.asks.all.get_mut(&ask) else { return };
        let Some(direct) = asking.direct.as_mut() else { return };
        direct.open.remove(&id);
        if direct.open.is_empty() {
            self.keep_what_came(now, ask);
        }
    }

    /// What did not come by now is not waited for.
    pub(super) fn handle_direct_timeout(&mut self, now: Now) {
        let due = |direct: &Direct| direct.until <= now.mono;
        let due: Vec<AskId> =
            self.asks.all.values().filter(|a| a.direct.as_ref().is_some_and(due)).map(|a| a.ask.id).collect();
        for ask in due {
            let open = self.asks.all.get(&ask).and_then(|asking| asking.direct.as_ref());
            let silent: Vec<Device> =
                open.iter().flat_map(|d| d.open.values()).map(|(device, _)| device.clone()).collect();
            silent.iter().for_each(|device| self.step(now, ask, unanswered(device)));
            self.end_direct(now, ask);
            self.keep_what_came(now, ask);
        }
    }

    fn keep_what_came(&mut self, now: Now, ask: AskId) {
        let Some(asking) = self.asks.all.get_mut(&ask) else { return };
        let Some(Direct { read, body, .. }) = asking.direct.take() else { return };
        if asking.ask.state == AskState::Asking {
            self.keep_answers(now, ask, None, &body, read);
        }
    }

    /// Nobody waits for the devices any more.
    pub(super) fn end_direct(&mut self, now: Now, ask: AskId) {
        let open = self.asks.all.get_mut(&ask).and_then(|asking| asking.direct.as_mut());
        let open = open.map(|direct| std::mem::take(&mut direct.open)).unwrap_or_default();
        for id in open.into_keys() {
            self.asks.devices.remove(&id);
            self.endpoint.unsubscribe(now, id);
        }
    }
}

fn unanswered(device: &Device) -> String {
    format!("device {device} did not answer itself: what it published is all that is known of it")
}
