//! What a peer agreed to is not loosened without its word (PROTOCOL section 2.1). What our user tightened by himself is his
//! to take back: to what was agreed last, and no further.

use std::collections::BTreeSet;

use super::Agent;
use crate::policy::{compare_sets, Action, Direction, Entry, PeerScope, Selector, Spd, TooManyPieces, View};
use crate::vocab::{shell_word, Device, Entity, EntryId, Failure, FailureKind, Generation, Wall};

/// Most pieces that a refusal names.
const FIELDS: usize = 4;

/// The entries of one peer's device.
struct Theirs {
    /// As they are.
    before: Vec<Entry>,
    /// As a change would leave them.
    after: Vec<Entry>,
    /// As they were agreed on last.
    agreed: Vec<Entry>,
}

impl Agent {
    /// Refuses a change after which packets of a peer that agreed to its entries would be less protected than these say, and than what
    /// was agreed on last, now or when one of these ends. Without any entry in force the peer is asked anew, and may be left.
    pub(super) fn refuse_disagreed(&self, now: Wall, gone: &[EntryId], put: &[Entry]) -> Result<(), Failure> {
        let mut peers: BTreeSet<(Entity, Device)> = BTreeSet::new();
        let taken = gone.iter().copied().chain(put.iter().map(|entry| entry.id)).collect::<BTreeSet<EntryId>>();
        let before = taken.iter().filter_map(|id| self.book.spd().entry(*id));
        for PeerScope { entity, device, .. } in before.chain(put).map(|entry| &entry.peer) {
            peers.extend(entity.clone().zip(device.clone()).filter(|(e, d)| self.book.pin(e, d).is_some()));
        }
        for (entity, device) in &peers {
            let theirs = |entry: &&Entry| {
                (entry.peer.entity.as_ref(), entry.peer.device.as_ref()) == (Some(entity), Some(device))
            };
            let before: Vec<Entry> = self.book.entries_of(entity, device).cloned().collect();
            let stay = before.iter().filter(|entry| !taken.contains(&entry.id));
            // The store gives what is new the highest number.
            let numbered = |entry: &Entry| match entry.id {
                EntryId(0) => Entry { id: EntryId(u64::MAX), ..entry.clone() },
                _ => entry.clone(),
            };
            let after: Vec<Entry> = stay.cloned().chain(put.iter().filter(theirs).map(numbered)).collect();
            let agreed = self.book.agreed_of(entity, device).to_vec();
            self.refuse_disagreed_for((entity, device), now, &Theirs { before, after, agreed })?;
        }
        Ok(())
    }

    fn refuse_disagreed_for(&self, peer: (&Entity, &Device), now: Wall, theirs: &Theirs) -> Result<(), Failure> {
        let known = theirs.before.iter().chain(&theirs.agreed);
        let ends: BTreeSet<Wall> = known.filter_map(|entry| entry.expires).filter(|end| *end > now).collect();
        for at in std::iter::once(now).chain(ends) {
            let [after, before, agreed] =
                [&theirs.after, &theirs.before, &theirs.agreed].map(|all| self.in_force(all, at, peer));
            let nothing_stood = before.is_empty() && agreed.is_empty();
            if after.is_empty() || (nothing_stood && at == now) {
                continue;
            }
            if nothing_stood {
                return Err(looser(peer.0, &["the end that it agreed to is put off".to_owned()]));
            }
            let mut short = Vec::new();
            for held_against in [before, agreed].into_iter().filter(|all| !all.is_empty()) {
                short = self.shortfall(peer, at, &after, held_against)?;
                if short.is_empty() {
                    break;
                }
            }
            if !short.is_empty() {
                return Err(looser(peer.0, &short));
            }
        }
        Ok(())
    }

    /// A gateway opens its tunnel: what that gives is nothing that the peer has.
    fn in_force(&self, all: &[Entry], at: Wall, peer: (&Entity, &Device)) -> Vec<Entry> {
        let in_force = all.iter().filter(|entry| entry.in_force(at)).cloned();
        in_force.map(|entry| self.beyond_gateways(entry, peer)).collect()
    }

    /// Where the first guarantee less than the others, in words.
    fn shortfall(
        &self,
        peer: (&Entity, &Device),
        at: Wall,
        after: &[Entry],
        held_against: Vec<Entry>,
    ) -> Result<Vec<String>, Failure> {
        let open = || vec![Entry::new(Selector::ANY, Direction::Out, Action::None)];
        let [p, q] = [after.to_vec(), held_against].map(|entries| Spd::compile(Generation::default(), entries, open()));
        let view = View { peer: Some(peer), ends: None, default_level: self.config.default_level, now: at };
        let found = compare_sets(&p, &q, &view).map_err(|why: TooManyPieces| looser(peer.0, &[why.to_string()]))?;
        let short = found.iter().filter(|difference| !difference.relation.at_least());
        let words = |short: &crate::policy::PieceDifference<'_>| {
            format!("{}: {} in the place of {}", short.piece, short.p.action, short.q.action)
        };
        Ok(short.take(FIELDS).map(words).collect())
    }
}

/// What [`Agent::refuse_disagreed`] says.
pub(super) const LOOSER: &str = "looser-than-asked";

fn looser(entity: &Entity, fields: &[String]) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        LOOSER,
        format!("this is looser than {entity} agreed to, which would discard your packets: {}", fields.join("; ")),
        entity.as_str(),
        format!("nothing was changed; `sottovoce ask {}` asks what it says by now", shell_word(entity.as_str())),
    )
}

/// An edit can be put to the peer's user; nothing else can.
pub(super) fn proposable(why: Failure) -> Failure {
    if why.code != LOOSER {
        return why;
    }
    let next = format!(
        "nothing was changed; with --propose its user is asked, and `sottovoce ask {}` asks what it says by now",
        shell_word(&why.subject)
    );
    Failure { next, ..why }
}
