//! Rows that the store refused, as on a full disk: they wait here and are written once something else was.

use std::collections::VecDeque;

use super::waiting::Waiting;
use super::{Agent, Effect, Event, StoreOp};
use crate::vocab::Failure;

/// Rows that wait at most; then the oldest gives way.
const MAX_UNKEPT: usize = 256;

/// Oldest first.
#[derive(Default)]
pub struct Unkept(VecDeque<StoreOp>);

impl Agent {
    /// Stores a row that is not to be lost.
    pub(super) fn keep_row(&mut self, op: StoreOp) {
        self.store_row(op, false);
    }

    fn store_row(&mut self, op: StoreOp, again: bool) {
        let id = self.expect(Waiting::Row { op: op.clone(), again });
        self.effect(Effect::Store { id, op });
    }

    /// Tells the user of the first row that has to wait, and not of each.
    pub(super) fn handle_row_refused(&mut self, op: StoreOp, again: bool, failure: Failure) {
        if again {
            return self.unkept.0.push_front(op);
        }
        if self.unkept.0.is_empty() {
            self.event(Event::Notice(failure));
        }
        if self.unkept.0.len() == MAX_UNKEPT {
            self.unkept.0.pop_front();
            self.count("rows_lost");
        }
        self.unkept.0.push_back(op);
    }

    /// Something was stored: there is room again, for one row at least.
    pub(super) fn keep_what_waited(&mut self) {
        if let Some(op) = self.unkept.0.pop_front() {
            self.store_row(op, true);
        }
    }

    /// The last chance, before the agent stops.
    pub(super) fn keep_all_that_waited(&mut self) {
        while let Some(op) = self.unkept.0.pop_front() {
            let id = self.expect(Waiting::Nobody);
            self.effect(Effect::Store { id, op });
        }
    }
}
