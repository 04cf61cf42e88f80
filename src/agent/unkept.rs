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
        let id = self.expect(Waiting::Row(op.clone()));
        self.effect(Effect::Store { id, op });
    }

    /// Tells the user of the first row that has to wait, and not of each.
    pub(super) fn handle_row_stored(&mut self, op: StoreOp, result: Result<(), Failure>) {
        let Err(failure) = result else { return self.keep_what_waited() };
        if self.unkept.0.is_empty() {
            self.event(Event::Notice(failure));
        }
        if self.unkept.0.len() == MAX_UNKEPT {
            self.unkept.0.pop_front();
        }
        self.unkept.0.push_back(op);
    }

    fn keep_what_waited(&mut self) {
        if let Some(op) = self.unkept.0.pop_front() {
            self.keep_row(op);
        }
    }
}
