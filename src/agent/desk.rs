//! What every story needs: sending effects and events, counting, auditing, stopping.

use std::time::Duration;

use rand_core::RngCore;

use super::waiting::Waiting;
use super::{Agent, AuditRow, Care, Effect, Event, Output, Pin, StoreOp};
use crate::policy::Statement;
use crate::presence;
use crate::sip::Locate;
use crate::vocab::{EffectId, Generation, Now};

/// How long a stop waits for answers to BYE and to the ends of subscriptions.
const STOP_PATIENCE: Duration = Duration::from_secs(4);

/// Longest text in a row of the audit table or the call history, in characters.
const LONGEST_TEXT: usize = 1000;

impl Agent {
    pub(super) fn effect(&mut self, effect: Effect) {
        self.note_rows(&effect);
        self.outputs.push_back(Output::Effect(effect));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.calls_changed |= matches!(event, Event::CallChanged(_));
        self.outputs.push_back(Output::Event(event));
    }

    /// Numbers an effect, and remembers who waits for its answer.
    pub(super) fn expect(&mut self, waiting: Waiting) -> EffectId {
        self.last_effect += 1;
        let id = EffectId(self.last_effect);
        self.waiting.insert(id, waiting);
        id
    }

    /// Has it found where somebody is.
    pub(super) fn locate(&mut self, waiting: Waiting, what: Locate) {
        let id = self.expect(waiting);
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        self.effect(Effect::Locate { id, what, seed });
    }

    /// Stores what has happened; nobody waits for that. What the disk refuses waits for room where it only adds a row:
    /// what stands in the place of something earlier, as a pin's last version, must not come after something later.
    pub(super) fn keep(&mut self, op: StoreOp) {
        if op.care() == Care::Kept && matches!(op, StoreOp::Audit(_) | StoreOp::RecordCall(_)) {
            return self.keep_row(op);
        }
        let waiting = if op.care() == Care::Stranger { Waiting::Stranger } else { Waiting::Nobody };
        let id = self.expect(waiting);
        self.effect(Effect::Store { id, op });
    }

    /// As [`Agent::keep`], of what strangers caused: it must not take the place of what the user did.
    pub(super) fn keep_for_stranger(&mut self, op: StoreOp) {
        let id = self.expect(Waiting::Stranger);
        self.effect(Effect::Store { id, op });
    }

    pub(super) fn audit(&mut self, now: Now, kind: &'static str, subject: &str, detail: &str) {
        self.keep(audit_row(now, kind, subject, detail));
    }

    /// A statement that we asked for, and that may be acted on.
    pub(super) fn audit_statement(&mut self, now: Now, statement: &Statement) {
        let says = statement.policies.iter().map(|policy| format!("{} {}", policy.direction, policy.action));
        let detail = format!(
            "device {}, version {}, hash {}: {}",
            statement.device,
            statement.version,
            presence::statement_hash(statement),
            says.collect::<Vec<_>>().join("; "),
        );
        self.audit(now, "statement", statement.entity.as_str(), &detail);
    }

    /// The entries in force are others: every stream and every UI must know.
    pub(super) fn policy_changed(&mut self, now: Now, generation: Generation) {
        self.lapse_pending(now);
        self.effect(Effect::SetSpd { spd: self.book.spd().clone() });
        self.event(Event::PolicyChanged(generation));
        self.rekey_calls(now);
        self.put_reviews_anew(now);
        self.sayings_changed(now);
    }

    /// The highest version of a pinned device's statements counts against replays.
    pub(super) fn note_version(&mut self, statement: &Statement) {
        let Some(pin) = self.book.pin(&statement.entity, &statement.device) else { return };
        let same = pin.signing_key == statement.signing_key;
        if same && pin.last_of(statement.purpose) < statement.version {
            let mut pin = pin.clone();
            pin.saw(statement);
            self.keep_pin(pin);
        }
    }

    pub(super) fn keep_pin(&mut self, pin: Pin) {
        self.book.put_pin(pin.clone());
        self.keep(StoreOp::UpdatePin(pin));
    }

    pub(super) fn stop(&mut self, now: Now) {
        if self.stopping.is_none() {
            self.stopping = Some(now.mono + STOP_PATIENCE);
            self.end_calls(now);
            self.endpoint.shutdown(now);
        }
    }

    /// Says [`Event::Stopped`] once everything has ended, or time is up.
    pub(super) fn check_stopped(&mut self, now: Now) {
        let Some(at) = self.stopping else { return };
        let quiet = self.endpoint.is_idle() && self.calls.are_over();
        if quiet || at <= now.mono {
            if !self.stopped {
                self.stopped = true;
                self.keep_all_that_waited();
                self.event(Event::Stopped);
            }
            self.stopping = None;
        }
    }
}

pub(super) fn audit_row(now: Now, kind: &'static str, subject: &str, detail: &str) -> StoreOp {
    StoreOp::Audit(AuditRow { at: now.wall, kind, subject: brief(subject), detail: brief(detail) })
}

/// Text for a row that is kept: no peer makes it as long as it likes.
pub fn brief(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
