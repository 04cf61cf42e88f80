//! What comes back: the document of an ask, checked, remembered, and put to the user.

use std::net::IpAddr;

use super::book::Standing;
use super::document::{is_key_alarm, read_document, read_published, DocumentExpected, ReadDocument, ReadPublished};
use super::reviews::Opening;
use super::waiting::Waiting;
use super::{Agent, AskState, Effect, Event, StoreOp};
use crate::policy::{KeyState, Provenance, ReviewKind};
use crate::presence::PresenceRecord;
use crate::sip::Body;
use crate::vocab::{AskId, Failure, Now};

impl Agent {
    pub(super) fn take_document(&mut self, now: Now, id: AskId, observed: Option<IpAddr>, body: &Body) {
        let Some(asking) = self.asks.all.get(&id) else { return };
        if asking.ask.state != AskState::Asking || asking.ask.presence.is_some() || asking.direct.is_some() {
            return;
        }
        let names = self.names();
        let expected = DocumentExpected {
            target: Some(&asking.target),
            nonce: Some(asking.nonce),
            entities: &names,
            device: &self.config.device,
            accept_key: asking.accept_key,
            published: asking.by_server,
        };
        let read = match asking.by_server {
            true => read_published(&self.book, &expected, &body.bytes, now.wall),
            false => read_document(&self.book, &expected, &body.bytes, now.wall)
                .map(|one| ReadPublished { usable: vec![one], unusable: Vec::new() }),
        };
        // Of a server's address nothing follows for the peer's.
        let observed = observed.filter(|_| !asking.by_server);
        match read {
            Ok(read) if asking.by_server => self.ask_devices(now, id, body, read),
            Ok(read) => self.keep_answers(now, id, observed, body, read),
            Err(failure) => {
                self.audit_changed_key(now, &failure);
                self.fail_ask(now, id, failure);
            }
        }
    }

    pub(super) fn audit_changed_key(&mut self, now: Now, failure: &Failure) {
        if is_key_alarm(failure) {
            self.audit(now, "key-changed", &failure.subject, &failure.message);
        }
    }

    pub(super) fn keep_answer(
        &mut self,
        now: Now,
        id: AskId,
        observed: Option<IpAddr>,
        body: &Body,
        read: ReadDocument,
    ) {
        self.note_version(&read.signed.statement);
        self.audit_statement(now, &read.signed.statement);
        let Some(asking) = self.asks.all.get_mut(&id) else { return };
        let statement = read.signed.statement.clone();
        let previous = self.book.presence(&statement.entity, &statement.device);
        let record = PresenceRecord::from_statement(&statement, observed, previous);
        asking.ask.presence = Some(record.clone());
        let wanted = asking.ask.wanted;
        self.step(now, id, "the answer came, signed and checked".into());
        if wanted.presence {
            let effect = self.expect(Waiting::Presence { ask: id, record: record.clone() });
            let body = read.own_body.as_ref().unwrap_or(body);
            let op = StoreOp::RememberPresence { record: Box::new(record.clone()), document: body.bytes.to_vec() };
            self.effect(Effect::Store { id: effect, op });
        }
        if wanted.policy {
            let provenance = Provenance { observed, received: now.wall };
            self.put_to_user(now, id, read, provenance, record);
        }
    }

    fn put_to_user(&mut self, now: Now, id: AskId, read: ReadDocument, provenance: Provenance, record: PresenceRecord) {
        let Some(asking) = self.asks.all.get(&id) else { return };
        let call = asking.call;
        let answer = asking.answer.clone();
        let opening = Opening {
            kind: ReviewKind::Statement,
            ours: self.name_to(&asking.target),
            wanted_presence: asking.ask.wanted.presence,
            intent: asking.intent,
            key_state: key_state(read.standing),
            statement: read.signed.statement,
            provenance,
            record,
            ask: Some(id),
            call,
            missing: Vec::new(),
            said: None,
            note: None,
            proposal: None,
        };
        let review = match self.open_review(now, opening) {
            Ok(review) => review,
            Err(failure) => return self.fail_ask(now, id, failure),
        };
        if let Some(asking) = self.asks.all.get_mut(&id) {
            asking.ask.review = Some(review);
        }
        // With an answer at hand nobody is waited for: the ask goes on until the store has spoken.
        if let Some(answer) = answer {
            let answer = if call.is_some() { self.never_looser(review, answer) } else { answer };
            if let Err(failure) = self.answer_review(now, review, answer, "command") {
                self.fail_ask(now, id, failure);
            }
            return;
        }
        if self.resume_proposal(now, id, review) {
            return self.step(now, id, "proposed again as before the restart".into());
        }
        // Nor where a rule answers: who waits for the ask hears of its outcome, not of a question.
        if self.approve_by_rule(now, review) {
            self.step(now, id, "a rule of yours approves it".into());
            return;
        }
        self.set_ask(id, AskState::Reviewing(review));
        if let Some(call) = call {
            self.call_waits_for_review(call, review);
        }
    }

    /// The row is durable: presence alone ends here.
    pub(super) fn handle_presence_stored(
        &mut self,
        now: Now,
        id: AskId,
        record: PresenceRecord,
        result: Result<(), Failure>,
    ) {
        if let Err(failure) = result {
            let review = self.review_of(id);
            self.fail_ask(now, id, failure);
            // A late answer to its review must not make a registered ask of a failed one.
            return self.withdraw(now, review, "nobody: the ask failed");
        }
        self.event(Event::PresenceChanged(record.entity.clone(), record.device.clone()));
        self.book.put_presence(record);
        self.places_changed(now);
        let only_presence = self.asks.all.get(&id).is_some_and(|asking| !asking.ask.wanted.policy);
        if only_presence {
            self.set_ask(id, AskState::PresenceStored);
        }
    }
}

/// A changed key that reached a review is one that the user accepted by its fingerprint.
pub(super) fn key_state(standing: Standing) -> KeyState {
    match standing {
        Standing::Pinned { verified: true } => KeyState::Verified,
        Standing::Pinned { verified: false } => KeyState::Pinned,
        Standing::Changed(pinned) => KeyState::Accepted { pinned },
        // An impostor reaches no review.
        Standing::Unknown | Standing::Impostor => KeyState::New,
    }
}
