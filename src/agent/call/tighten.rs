//! Our user wants a running call protected better, in one step: an entry for this peer alone, before the one that rules it now; the
//! call goes on under it as soon as it is durable (`rekey`).

use super::failures::gone;
use super::Calling;
use crate::agent::Agent;
use crate::policy::{
    advise, compare, tighten, Action, Bundle, Direction, Entry, Guarantee, Origin, PeerScope, Tightness,
};
use crate::vocab::{CallId, EffectId, Entity, Failure, FailureKind, Now};

impl Agent {
    /// By these rules, or by what is advised where both sides are now. What rules already is never loosened by it.
    ///
    /// # Errors
    /// The call does not stand, its peer is a stranger, or the rules would change nothing.
    pub(in crate::agent) fn tighten_call(
        &mut self,
        now: Now,
        id: CallId,
        rules: Option<Action>,
    ) -> Result<EffectId, Failure> {
        self.talking(id)?;
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        calling.agrees_within_calls()?;
        let (entity, device) = calling.peer.clone().filter(|_| calling.call.known).ok_or_else(|| stranger(calling))?;
        let remote = self.remote_of(id).ok_or_else(|| gone(id))?;
        let (local, upper) = (calling.local.ok_or_else(|| gone(id))?, calling.upper);
        let (out, inward) = self.entries_by(now, Some((&entity, &device)), (local, remote), upper);
        let rules = match rules {
            Some(rules) => rules,
            None => {
                let theirs = self.surroundings_in_call(id, remote.ip());
                let both = [out.clone(), inward.clone()];
                let about = self.circumstances_of_call(id);
                advise(&theirs, &self.own.environment(), about, &both, self.config.default_level).least
            }
        };
        let level = self.config.default_level;
        let peer = PeerScope { entity: Some(entity.clone()), device: Some(device), group: None };
        let guarantee = |action: &Action| Guarantee::of(action, level);
        // Written as for packets of ours: a tunnel's ends change places on the way back.
        let towards = |direction| if direction == Direction::In { rules.mirror() } else { rules.clone() };
        let tighter = |entry: &Entry| Entry {
            action: tighten(&entry.action, &towards(entry.direction), level),
            priority: entry.priority.saturating_add(1),
            peer: peer.clone(),
            suites: entry.suites.clone(),
            tfc: entry.tfc,
            ..Entry::new(entry.selector.clone(), entry.direction, Action::None)
        };
        let changes = |entry: &Entry| {
            let (before, after) = (guarantee(&entry.action), guarantee(&tighter(entry).action));
            compare(&after, &before) == Tightness::Tighter
        };
        if ![&out, &inward].into_iter().any(changes) {
            let most = |entry: &Entry| tighten(&entry.action, &Bundle::AH_ESP.required(), level);
            let can =
                |entry: &Entry| compare(&guarantee(&most(entry)), &guarantee(&entry.action)) == Tightness::Tighter;
            return Err(nothing_tighter(id, &entity, &rules, [&out, &inward].into_iter().any(can)));
        }
        self.register_own(now, vec![tighter(&out), tighter(&inward)], Origin::User, false)
    }
}

impl Calling {
    /// Another protection than that of its beginning can be had by a key agreement alone.
    ///
    /// # Errors
    /// At the other end is an ordinary telephone.
    pub(super) fn agrees_within_calls(&self) -> Result<(), Failure> {
        let by_keys = self.agreement.as_ref().is_some_and(|agreement| agreement.hash.is_some());
        let is_agreed = by_keys || self.call.known && !self.is_telephone();
        is_agreed.then_some(()).ok_or_else(|| ordinary_telephone(self))
    }
}

fn ordinary_telephone(calling: &Calling) -> Failure {
    let (id, peer) = (calling.call.id, &calling.call.peer);
    let message =
        format!("{peer} is an ordinary telephone, as far as can be seen: nothing is agreed on with it within a call");
    let next = format!(
        "`sottovoce policy edit` changes the entry for it, which `sottovoce policy list` shows; then `sottovoce hangup {id}`, and call anew"
    );
    Failure::new(FailureKind::RefusedByPolicy, "telephone-in-call", message, id.to_string(), next)
}

pub(super) fn stranger(calling: &Calling) -> Failure {
    let (id, peer) = (calling.call.id, &calling.call.peer);
    let message = format!("{peer} is nobody whose keys you approved, so no entry can be for it alone");
    let next = format!("hang up with `sottovoce hangup {id}`, ask it, approve a policy, and call it");
    Failure::new(FailureKind::RefusedByPolicy, "peer-unknown", message, id.to_string(), next)
}

fn nothing_tighter(id: CallId, entity: &Entity, rules: &Action, more: bool) -> Failure {
    let message = format!("call {id} with {entity} is protected at least as well as by `{rules}` already");
    let next = match more {
        true => format!("name tighter rules: sottovoce tighten {id} \"{}\"", Bundle::AH_ESP.required()),
        false => format!("there is nothing tighter: go on as it is, or `sottovoce hangup {id}`"),
    };
    Failure::new(FailureKind::Usage, "nothing-to-tighten", message, id.to_string(), next)
}
