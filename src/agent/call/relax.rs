//! Our user wants a running call protected less: its peer is asked what it says by now, and where it asks for more its user is asked by
//! a proposal. What both come to is registered for this peer alone, and the call goes on under it ([`loosen`](super::loosen)).

use super::failures::gone;
use super::tighten::stranger;
use super::Calling;
use crate::agent::{Agent, AskRequest};
use crate::policy::{advise, Action, Answer, Direction, Entry, Guarantee, Selector, Wanted};
use crate::vocab::{AskId, CallId, Failure, FailureKind, Now};

impl Agent {
    /// By these rules, or by what is advised where both sides are now.
    ///
    /// # Errors
    /// The call does not stand, its peer is a stranger, or it has no more than that.
    pub(in crate::agent) fn relax_call(
        &mut self,
        now: Now,
        id: CallId,
        rules: Option<Action>,
        note: Option<String>,
    ) -> Result<AskId, Failure> {
        self.talking(id)?;
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        calling.agrees_within_calls()?;
        let (entity, device) = calling.peer.clone().filter(|_| calling.call.known).ok_or_else(|| stranger(calling))?;
        let rules = match rules {
            Some(rules) => rules,
            None => self.advised_in_call(id).ok_or_else(|| gone(id))?,
        };
        if !self.has_more_than(id, &rules) {
            return Err(nothing_to_relax(calling, &rules));
        }
        let target = calling.target.as_ref();
        let request = AskRequest {
            peer: target.map_or_else(|| entity.to_string(), |target| target.typed()),
            wanted: Wanted::BOTH,
            answer: Some(Answer::Propose { answer: Box::new(Answer::Rules(rules)), note }),
            accept_key: None,
            intent: calling.intent,
            account: target.and_then(|target| target.account.clone()),
        };
        let ask = self.begin_ask(now, request, None)?;
        self.asks.relaxes(ask, id, device);
        Ok(ask)
    }

    /// The least that is advised for the call where both sides are now.
    fn advised_in_call(&self, id: CallId) -> Option<Action> {
        let remote = self.remote_of(id)?;
        let theirs = self.surroundings_in_call(id, remote.ip());
        let about = self.circumstances_of_call(id);
        let both = self.what_runs(id)?;
        Some(advise(&theirs, &self.own.environment(), about, &both, self.config.default_level).least)
    }

    /// What protects the call, as entries: whoever of both wanted it.
    pub(super) fn what_runs(&self, id: CallId) -> Option<[Entry; 2]> {
        // A tunnel to a gateway protects nothing behind it.
        let protected = self.calls.all.get(&id)?.agreement.as_ref()?.protected;
        let runs = |way| Entry::new(Selector::ANY, way, protected.towards(way).required());
        Some([Direction::Out, Direction::In].map(runs))
    }

    fn has_more_than(&self, id: CallId, rules: &Action) -> bool {
        let level = self.config.default_level;
        let enough = Guarantee::of(rules, level);
        let more = |entry: &Entry| !enough.at_least_as_tight_as(&Guarantee::of(&entry.action, level));
        self.what_runs(id).is_some_and(|both| both.iter().any(more))
    }
}

fn nothing_to_relax(calling: &Calling, rules: &Action) -> Failure {
    let (id, peer, bundle) = (calling.call.id, &calling.call.peer, &calling.call.bundle);
    let message = format!("call {id} with {peer} runs under {bundle}, which is no more than `{rules}`");
    let next =
        format!("`sottovoce tighten {id}` protects it better; without rules of yours `relax` takes what is advised");
    Failure::new(FailureKind::Usage, "nothing-to-relax", message, id.to_string(), next)
}
