//! Store operations that wait for a place in the store's queue, in the order in which the agent gave them: none
//! overtakes an earlier one.
//!
//! | operation, by its [`Care`] | when much waits |
//! | --- | --- |
//! | asked for by a user | answered `store-busy` while [`ASKED`] wait, so that the user can try again |
//! | caused by a stranger | at most [`STRANGERS`] wait; one more, and the oldest of them is let go |
//! | of what has happened (audit rows, pins, calls) | waits. While [`PAUSE`] wait the loop takes nothing from the network, so that only users can add more; above [`LIMIT`] it is lost, and the user is told |
//!
//! Of two operations of which the later leaves nothing of the earlier, the later alone waits.

use std::collections::VecDeque;

use crate::agent::{Care, StoreOp, Stored};
use crate::io::store;
use crate::vocab::{EffectId, Failure};

/// Operations before one that a user asked for; with more the answer would come too late.
pub const ASKED: usize = 256;
/// Operations of strangers.
pub const STRANGERS: usize = 64;
/// Operations with which the network has to wait.
pub const PAUSE: usize = 4096;
/// Operations in all.
pub const LIMIT: usize = 8192;

#[derive(Default)]
pub struct Backlog {
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    id: EffectId,
    op: StoreOp,
}

/// An operation that will not be carried out, and the answer to whoever gave it.
pub type LetGo = (EffectId, Result<Stored, Failure>);

impl Backlog {
    /// Takes one more, at the price of at most one, which may be itself.
    pub fn push(&mut self, id: EffectId, op: StoreOp) -> Option<LetGo> {
        let care = op.care();
        if care == Care::Asked && self.waiting.len() >= ASKED {
            return Some((id, Err(store::busy())));
        }
        let replaced = self.take_first(|earlier| op.replaces(earlier)).map(|earlier| (earlier, Ok(Stored::Replaced)));
        let let_go = replaced.or_else(|| match care {
            Care::Stranger if self.strangers() >= STRANGERS => {
                self.take_first(is_of_stranger).map(|oldest| (oldest, Err(store::busy())))
            }
            _ => None,
        });
        if self.waiting.len() >= LIMIT {
            return Some((id, Err(store::behind())));
        }
        self.waiting.push_back(Waiting { id, op });
        let_go
    }

    /// The one whose turn it is.
    pub fn pop(&mut self) -> Option<(EffectId, StoreOp)> {
        self.waiting.pop_front().map(|Waiting { id, op }| (id, op))
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The network has to wait.
    pub fn is_long(&self) -> bool {
        self.waiting.len() >= PAUSE
    }

    fn strangers(&self) -> usize {
        self.waiting.iter().filter(|waiting| is_of_stranger(&waiting.op)).count()
    }

    fn take_first(&mut self, is_it: impl Fn(&StoreOp) -> bool) -> Option<EffectId> {
        let at = self.waiting.iter().position(|waiting| is_it(&waiting.op))?;
        self.waiting.remove(at).map(|waiting| waiting.id)
    }
}

fn is_of_stranger(op: &StoreOp) -> bool {
    op.care() == Care::Stranger
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{AuditRow, CallRecord, Given};
    use crate::media::Counters;
    use crate::vocab::{CallId, Digest, Wall};

    fn audit(number: u64) -> StoreOp {
        StoreOp::Audit(AuditRow { at: Wall(number), kind: "call", subject: String::new(), detail: String::new() })
    }

    fn asked() -> StoreOp {
        StoreOp::SetOwnPresence { user: None, place: None }
    }

    fn given(watcher: &str, version: u64, known: bool) -> StoreOp {
        let watcher = watcher.to_owned();
        let given = Given { watcher, version, hash: Digest([0; 32]), expires: Wall(0), nonce: None };
        StoreOp::RecordGiven { given, known }
    }

    fn call(known: bool) -> StoreOp {
        StoreOp::RecordCall(Box::new(CallRecord {
            call: CallId(1),
            peer: String::new(),
            outgoing: false,
            known,
            started: Wall(0),
            answered: None,
            ended: Wall(0),
            result: crate::agent::CallResult::Missed,
            outcome: String::new(),
            action: String::new(),
            bundle: String::new(),
            suite: None,
            counters: Counters::default(),
        }))
    }

    /// Takes all, numbered from one; what each cost.
    fn filled(ops: impl IntoIterator<Item = StoreOp>) -> (Backlog, Vec<(u64, &'static str)>) {
        let mut backlog = Backlog::default();
        let let_go = ops.into_iter().zip(1..).filter_map(|(op, number)| backlog.push(EffectId(number), op));
        let told = let_go.map(|(id, answer)| (id.0, answer.map_or_else(|failure| failure.code, |_| "replaced")));
        let told = told.collect();
        (backlog, told)
    }

    fn left(mut backlog: Backlog) -> Vec<u64> {
        std::iter::from_fn(|| backlog.pop()).map(|(id, _)| id.0).collect()
    }

    #[test]
    fn what_happened_waits_in_its_order_long_after_users_are_told_to_try_again() {
        let ops = (1..=2 * ASKED as u64).map(|number| if number % 2 == 0 { asked() } else { audit(number) });
        let (backlog, told) = filled(ops);
        let odd = |number: &u64| number % 2 == 1;
        let refused: Vec<_> =
            (ASKED as u64 + 1..=2 * ASKED as u64).filter(|n| !odd(n)).map(|n| (n, "store-busy")).collect();
        assert_eq!(told, refused);
        let kept: Vec<u64> = (1..=2 * ASKED as u64).filter(|n| odd(n) || *n <= ASKED as u64).collect();
        assert_eq!(left(backlog), kept);
    }

    #[test]
    fn strangers_give_way_to_themselves_and_to_nobody_else() {
        let strangers = STRANGERS as u64;
        let ops =
            (0..strangers).map(|_| call(false)).chain([audit(0), call(true), given("new", 1, false), call(false)]);
        let (backlog, told) = filled(ops);
        assert_eq!(told, [(1, "store-busy"), (2, "store-busy")]);
        assert_eq!(left(backlog), (3..=strangers + 4).collect::<Vec<_>>());
    }

    #[test]
    fn of_statements_to_one_watcher_the_last_one_waits_in_its_own_place() {
        let ops = [given("a", 1, true), audit(0), given("b", 2, true), given("a", 3, true), audit(0)];
        let (backlog, told) = filled(ops);
        assert_eq!(told, [(1, "replaced")]);
        assert_eq!(left(backlog), [2, 3, 4, 5]);
    }

    #[test]
    fn the_network_waits_before_anything_that_happened_is_lost() {
        let (backlog, told) = filled((1..PAUSE as u64).map(audit));
        assert!(!backlog.is_long() && told.is_empty());
        let (backlog, told) = filled((1..=PAUSE as u64).map(audit));
        assert!(backlog.is_long() && told.is_empty());
        let (backlog, told) = filled((1..=LIMIT as u64 + 1).map(audit));
        assert_eq!(told, [(LIMIT as u64 + 1, "store-behind")]);
        assert_eq!(left(backlog).len(), LIMIT);
    }
}
