//! What the user changes of entries that are there: edited, disabled, given an end, removed, brought back. Each is a
//! review without a peer's side. What a peer agreed to is not loosened by any of them (PROTOCOL section 2.1).

use std::collections::BTreeSet;

use super::waiting::Waiting;
use super::{Accepted, Agent, AuditRow, Effect, StoreOp};
use crate::policy::{
    compare_sets, setkey, Action, Approved, Direction, Entry, Origin, PeerScope, Selector, Spd, TooManyPieces, View,
};
use crate::vocab::{shell_word, Device, EffectId, Entity, EntryId, Failure, FailureKind, Generation, Now, Wall};

/// What brings back the state before a change of the policy database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restoring {
    /// The number of that change.
    pub change: u64,
    /// The one that this was made out against.
    pub generation: Generation,
    /// It is about the default for everybody else.
    pub default: bool,
    /// Entries as they were, each with its number.
    pub put: Vec<Entry>,
    /// Entries that were not there.
    pub gone: Vec<EntryId>,
}

/// How a change is told of in the audit table.
struct Told {
    kind: &'static str,
    subject: String,
    detail: String,
}

impl Agent {
    /// `text` in the place of an entry and its other direction: one `spdadd` line, which is mirrored, or one for each.
    pub(super) fn edit_policy(&mut self, now: Now, id: EntryId, text: &str) -> Result<Accepted, Failure> {
        let before = self.with_other_direction(id)?;
        let lines = setkey::parse(text).map_err(|why| super::own_policy::unreadable(text, &why.to_string()))?;
        let put = edited(&before, lines).map_err(|why| super::own_policy::unreadable(text, why))?;
        if put == before {
            return Ok(Accepted::Done);
        }
        self.refuse_another_peer(&before, &put)?;
        self.refuse_unknown_groups(&put)?;
        let detail = format!("by user: {} in the place of {}", told(&put), told(&before));
        self.change_policy(now, put, Vec::new(), false, Told { kind: "edited", subject: id.to_string(), detail })
            .map(Accepted::Storing)
    }

    /// Takes an entry and its other direction out of force, or puts them in force again.
    pub(super) fn enable_policy(&mut self, now: Now, id: EntryId, enabled: bool) -> Result<Accepted, Failure> {
        let before = self.with_other_direction(id)?;
        let put: Vec<Entry> = before.iter().map(|entry| Entry { disabled: !enabled, ..entry.clone() }).collect();
        if put == before {
            return Ok(Accepted::Done);
        }
        let kind = if enabled { "enabled" } else { "disabled" };
        let detail = format!("by user: {}", told(&before));
        self.change_policy(now, put, Vec::new(), false, Told { kind, subject: id.to_string(), detail })
            .map(Accepted::Storing)
    }

    /// Gives an entry and its other direction an end, or with `None` takes it away.
    pub(super) fn expire_policy(&mut self, now: Now, id: EntryId, at: Option<Wall>) -> Result<Accepted, Failure> {
        if at.is_some_and(|at| at <= now.wall) {
            return Err(past(id));
        }
        let before = self.with_other_direction(id)?;
        let put: Vec<Entry> = before.iter().map(|entry| Entry { expires: at, ..entry.clone() }).collect();
        if put == before {
            return Ok(Accepted::Done);
        }
        let detail = format!("by user: {} in the place of {}", told(&put), told(&before));
        self.change_policy(now, put, Vec::new(), false, Told { kind: "expiry", subject: id.to_string(), detail })
            .map(Accepted::Storing)
    }

    /// Removes an entry together with its other direction, as they were registered: one alone would rule half a call.
    pub(super) fn remove_policy(&mut self, now: Now, id: EntryId) -> Result<EffectId, Failure> {
        let before = self.with_other_direction(id)?;
        let gone = before.iter().map(|entry| entry.id).collect();
        let detail = told(&before);
        self.change_policy(now, Vec::new(), gone, false, Told { kind: "removed", subject: id.to_string(), detail })
    }

    /// Forgets the default that was set: that of the configuration is in force again.
    pub(super) fn remove_default(&mut self, now: Now) -> Result<EffectId, Failure> {
        let set = self.book.default_entries().iter().filter(|entry| entry.id != EntryId(0));
        let set: Vec<Entry> = set.cloned().collect();
        if set.is_empty() {
            return Err(no_default());
        }
        let gone = set.iter().map(|entry| entry.id).collect();
        let told = Told { kind: "removed", subject: "the default policy".to_owned(), detail: told(&set) };
        self.change_policy(now, Vec::new(), gone, true, told)
    }

    /// Brings back the state before a change: a change of its own.
    pub(super) fn restore_policy(&mut self, now: Now, what: Restoring) -> Result<EffectId, Failure> {
        if what.generation != self.book.generation() {
            return Err(stale(what.change));
        }
        let put = if what.put.is_empty() { "nothing".to_owned() } else { told(&what.put) };
        let gone: Vec<String> = what.gone.iter().take(TOLD).map(EntryId::to_string).collect();
        let gone = if gone.is_empty() { "nothing".to_owned() } else { gone.join(" ") };
        let detail = format!("by user: change {} is taken back: {put} is back, {gone} is gone", what.change);
        let told = Told { kind: "undone", subject: format!("change {}", what.change), detail };
        self.change_policy(now, what.put, what.gone, what.default, told)
    }

    fn change_policy(
        &mut self,
        now: Now,
        put: Vec<Entry>,
        gone: Vec<EntryId>,
        default: bool,
        told: Told,
    ) -> Result<EffectId, Failure> {
        if !default {
            self.refuse_disagreed(now.wall, &gone, &put)?;
        }
        let generation = self.book.generation();
        let put = match put.is_empty() {
            true => None,
            false => Some(Approved::changed(put, generation).map_err(|why| why.failure(&told.subject))?),
        };
        let Told { kind, subject, detail } = told;
        let audit = AuditRow { at: now.wall, kind, subject, detail };
        let id = self.expect(Waiting::Change { default, gone: gone.clone() });
        self.effect(Effect::Store { id, op: StoreOp::ChangePolicy { put, gone, default, generation, audit } });
        Ok(id)
    }

    /// The entry, and behind it its other direction when it has one; out first.
    fn with_other_direction(&self, id: EntryId) -> Result<Vec<Entry>, Failure> {
        let spd = self.book.spd();
        if spd.default_entries().any(|entry| entry.id == id) {
            return Err(is_default(id));
        }
        let Some(known) = spd.entry(id) else { return Err(no_such_entry(id)) };
        let other = spd.other_direction_of(known);
        let mut both: Vec<Entry> = std::iter::once(known).chain(other).cloned().collect();
        both.sort_by_key(|entry| entry.direction == Direction::In);
        Ok(both)
    }

    /// What was approved for a device stays for it, or what it agreed to would be gone by a slip.
    fn refuse_another_peer(&self, before: &[Entry], put: &[Entry]) -> Result<(), Failure> {
        let Some(PeerScope { entity: Some(entity), device: Some(device), .. }) =
            before.first().map(|entry| &entry.peer)
        else {
            return Ok(());
        };
        let stays = before.iter().chain(put).all(|entry| before.iter().all(|other| other.peer == entry.peer));
        if stays || self.book.pin(entity, device).is_none() {
            return Ok(());
        }
        let message = format!("the entry is for the calls of {entity}, device {device}, and the new text is not");
        let next = format!(
            "keep `entity={entity} device={device}` behind `# sv:`; `sottovoce policy remove` lets what was agreed go; nothing was changed"
        );
        Err(Failure::new(FailureKind::RefusedByPolicy, "another-peer", message, entity.as_str(), next))
    }

    /// Refuses a change after which packets of a peer that agreed to its entries would be less protected than these say, now or
    /// when one of these ends. Without any entry in force the peer is asked anew, and may be left.
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
            self.refuse_disagreed_for((entity, device), now, &before, &after)?;
        }
        Ok(())
    }

    fn refuse_disagreed_for(
        &self,
        peer: (&Entity, &Device),
        now: Wall,
        before: &[Entry],
        after: &[Entry],
    ) -> Result<(), Failure> {
        let ends = before.iter().filter_map(|entry| entry.expires).filter(|end| *end > now);
        for at in std::iter::once(now).chain(ends) {
            let in_force =
                |all: &[Entry]| all.iter().filter(|entry| entry.in_force(at)).cloned().collect::<Vec<Entry>>();
            // A gateway opens its tunnel: what that gives is nothing that the peer has.
            let beyond = |all: Vec<Entry>| all.into_iter().map(|entry| self.beyond_gateways(entry, peer)).collect();
            let (p, q): (Vec<Entry>, Vec<Entry>) = (beyond(in_force(after)), beyond(in_force(before)));
            if p.is_empty() || (q.is_empty() && at == now) {
                continue;
            }
            if q.is_empty() {
                return Err(looser(peer.0, &["the end that it agreed to is put off".to_owned()]));
            }
            let open = || vec![Entry::new(Selector::ANY, Direction::Out, Action::None)];
            let [p, q] = [p, q].map(|entries| Spd::compile(Generation::default(), entries, open()));
            let view = View { peer: Some(peer), ends: None, default_level: self.config.default_level, now: at };
            let found = compare_sets(&p, &q, &view).map_err(|why: TooManyPieces| looser(peer.0, &[why.to_string()]))?;
            let short = found.iter().filter(|difference| !difference.relation.at_least());
            let words = |short: &crate::policy::PieceDifference<'_>| {
                format!("{}: {} in the place of {}", short.piece, short.p.action, short.q.action)
            };
            let fields: Vec<String> = short.take(FIELDS).map(words).collect();
            if !fields.is_empty() {
                return Err(looser(peer.0, &fields));
            }
        }
        Ok(())
    }
}

/// Most pieces that a refusal names, and entries that an audit row does.
const FIELDS: usize = 4;
const TOLD: usize = 20;

/// Entries in setkey's form, for an audit row.
pub(super) fn told(entries: &[Entry]) -> String {
    let mut lines: Vec<String> = entries.iter().take(TOLD).map(Entry::to_setkey).collect();
    if let Some(more) = entries.len().checked_sub(TOLD).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join(" ")
}

/// The new entries under the numbers of those that they replace. What only the store can say stays as it was, and so does the place
/// condition where the text names none: an edit is no approval for every place.
fn edited(before: &[Entry], lines: Vec<Entry>) -> Result<Vec<Entry>, &'static str> {
    let of = |all: &[Entry], direction| -> Option<Entry> { all.iter().find(|e| e.direction == direction).cloned() };
    let count = |direction| lines.iter().filter(|entry| entry.direction == direction).count();
    if lines.is_empty() {
        return Err("it holds no spdadd line; `sottovoce policy remove` removes an entry");
    }
    if count(Direction::Out) > 1 || count(Direction::In) > 1 {
        return Err("it holds more than one line for a direction");
    }
    let mut put = Vec::new();
    for direction in [Direction::Out, Direction::In] {
        let old = of(before, direction);
        let new = of(&lines, direction).or_else(|| lines.first().filter(|_| old.is_some()).map(Entry::mirror));
        let Some(new) = new else { continue };
        let known = old.as_ref().or(before.first());
        put.push(Entry {
            id: old.as_ref().map_or(EntryId(0), |old| old.id),
            created: known.map_or(new.created, |old| old.created),
            origin: Origin::User,
            place: new.place.or(known.and_then(|old| old.place)),
            ..new
        });
    }
    // An entry that says what it said before keeps who said it.
    let same = put.len() == before.len()
        && put.iter().zip(before).all(|(new, old)| Entry { origin: old.origin, ..new.clone() } == *old);
    Ok(if same { before.to_vec() } else { put })
}

fn looser(entity: &Entity, fields: &[String]) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "looser-than-asked",
        format!("this is looser than {entity} agreed to, which would discard your packets: {}", fields.join("; ")),
        entity.as_str(),
        format!(
            "nothing was changed; with --propose its user is asked, and `sottovoce ask {}` asks what it says by now",
            shell_word(entity.as_str())
        ),
    )
}

fn no_such_entry(entry: EntryId) -> Failure {
    let message = format!("there is no entry {entry}");
    let next = "see `sottovoce policy list`; the default is changed with `sottovoce policy default`";
    Failure::new(FailureKind::Usage, "no-such-entry", message, entry.to_string(), next)
}

fn is_default(entry: EntryId) -> Failure {
    let message = format!("{entry} belongs to the default for everybody else, which always exists");
    let next = "it cannot be removed, disabled or given an end; `sottovoce policy default` changes it";
    Failure::new(FailureKind::Usage, "the-default", message, entry.to_string(), next)
}

fn no_default() -> Failure {
    let message = "the default in force is that of the configuration, and cannot be removed: there always is one";
    let next = "change it with `sottovoce policy default`, or in the configuration";
    Failure::new(FailureKind::Usage, "the-default", message, "default", next)
}

fn past(entry: EntryId) -> Failure {
    let message = format!("{entry} cannot end in the past");
    let next = "`sottovoce policy disable` takes it out of force at once";
    Failure::new(FailureKind::Usage, "bad-expiry", message, entry.to_string(), next)
}

fn stale(change: u64) -> Failure {
    let message =
        format!("the policy database changed while change {change} was to be taken back; nothing was changed");
    let next = "look at `sottovoce policy history`, and try again";
    Failure::new(FailureKind::Failed, "policy-stale", message, change.to_string(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<Entry> {
        setkey::parse(text).unwrap()
    }

    #[test]
    fn one_line_is_mirrored_and_numbers_age_and_other_directions_stay() {
        let before = parse(
            "spdadd any 10.0.0.1 udp -P out none; # sv: id=e3 origin=import created=7
             spdadd 10.0.0.1 any udp -P in none; # sv: id=e4 origin=import created=7",
        );
        let put = edited(&before, parse("spdadd any 10.0.0.1 udp -P out discard; # sv: id=e9 created=1")).unwrap();
        let lines: Vec<String> = put.iter().map(Entry::to_setkey).collect();
        assert_eq!(
            lines,
            [
                "spdadd 0.0.0.0/0[any] 10.0.0.1/32[any] udp -P out discard; # sv: id=e3 created=7",
                "spdadd 10.0.0.1/32[any] 0.0.0.0/0[any] udp -P in discard; # sv: id=e4 created=7"
            ]
        );
        assert_eq!(edited(&before, before.clone()).unwrap(), before, "nothing new, nothing of the user's");
        let alone = edited(&before[..1], parse("spdadd any 10.0.0.2 udp -P out none;")).unwrap();
        assert_eq!(alone.len(), 1, "an entry without its other direction stays alone");
        assert!(edited(&before, Vec::new()).is_err());
        assert!(edited(&before, parse("spdadd any any any -P in none; spdadd any any udp -P in none;")).is_err());
    }

    #[test]
    fn an_edit_keeps_the_place_condition_unless_it_names_another() {
        let place = "place=private/private";
        let before = parse(&format!(
            "spdadd any 10.0.0.1 udp -P out none; # sv: id=e3 {place}
             spdadd 10.0.0.1 any udp -P in none; # sv: id=e4 {place}",
        ));
        let places = |text: &str| {
            let put = edited(&before, parse(text)).unwrap();
            put.into_iter().map(|entry| entry.place).collect::<Vec<_>>()
        };
        assert_eq!(places("spdadd any 10.0.0.1 udp -P out discard;"), [before[0].place; 2]);
        let other = parse("spdadd any any any -P out none; # sv: place=private/public")[0].place;
        assert!(other.is_some() && other != before[0].place);
        assert_eq!(places("spdadd any 10.0.0.1 udp -P out none; # sv: place=private/public"), [other; 2]);
    }
}
