//! What the user changes without a peer: own entries, the default, own presence, names, verified keys.
//! Each is a review without a peer's side, answered at once (ARCHITECTURE section 2).

use std::collections::BTreeSet;

use super::waiting::Waiting;
use super::{Accepted, Agent, AuditRow, Effect, Event, Pin, StoreOp, Stored};
use crate::policy::{both_directions, setkey, Approved, Direction, Entry, Origin, PeerScope, Selector, Upper};
use crate::presence::{self, Names};
use crate::vocab::{escape, shell_word, Device, EffectId, Entity, Failure, FailureKind, Now};

/// Most entries of the database: each takes some 600 octets of memory.
pub const MAX_ENTRIES: usize = 1_000_000;

/// Longest user or place of our own, in octets.
const MAX_OWN_TEXT: usize = 128;

/// Where entries of our own come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    File,
    /// A part of a file that speaks of both directions: none is made up.
    Part,
    User,
}

impl Agent {
    /// Registers the entries of `text` that are not there yet: a twin would stay in force when the other is removed.
    pub(super) fn add_policy(
        &mut self,
        now: Now,
        text: &str,
        scope: &PeerScope,
        source: Source,
    ) -> Result<Accepted, Failure> {
        let mut entries = match source {
            Source::User => typed(text, scope)?,
            Source::File | Source::Part => {
                setkey::parse_file(text).map_err(|why| unreadable(text, &why.to_string()))?.entries
            }
        };
        if entries.is_empty() {
            return Err(unreadable(text, "it holds no spdadd line"));
        }
        let origin = if source == Source::User { Origin::User } else { Origin::Import };
        for entry in &mut entries {
            narrow(&mut entry.peer, scope).map_err(|why| unreadable(text, why))?;
        }
        if source == Source::User {
            self.refuse_unknown_groups(&entries)?;
        }
        let mut there: BTreeSet<String> = BTreeSet::new();
        let mut is_new = |entry: &Entry| self.book.spd().twin_of(entry).is_none() && there.insert(entry.rule_text());
        let entries = if source == Source::Part { entries } else { both_directions(entries) };
        let (added, skipped): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| is_new(entry));
        if self.book.spd().ordinary_len().saturating_add(added.len()) > MAX_ENTRIES {
            return Err(full());
        }
        let newest: Vec<Entry> = added.iter().map(|entry| Entry { created: now.wall, ..entry.clone() }).collect();
        self.refuse_disagreed(now.wall, &[], &newest)?;
        let effect =
            if added.is_empty() { None } else { Some(self.register_own(now, added.clone(), origin, false)?) };
        Ok(Accepted::Registering { effect, added, skipped })
    }

    /// An entry for a group that nobody can belong to would never rule.
    pub(super) fn refuse_unknown_groups(&self, entries: &[Entry]) -> Result<(), Failure> {
        let mut named = entries.iter().filter_map(|entry| entry.peer.group.as_deref());
        match named.find(|group| self.address_book.group(group).is_none()) {
            Some(group) => Err(super::own_contacts::no_such_group(group)),
            None => Ok(()),
        }
    }

    /// Whole `spdadd` lines, or rules for the packets that the default speaks of now.
    pub(super) fn set_default(&mut self, now: Now, text: &str) -> Result<EffectId, Failure> {
        let entries = if text.trim_start().starts_with("spdadd") {
            setkey::parse(text).map_err(|why| unreadable(text, &why.to_string()))?
        } else {
            let action = setkey::parse_action(text).map_err(|why| no_default_rules(text, &why.to_string()))?;
            let default = self.book.default_entries().iter().filter(|entry| entry.direction == Direction::Out);
            let mut selectors: Vec<Selector> = default.map(|entry| entry.selector.clone()).collect();
            if selectors.is_empty() {
                selectors.push(Selector { upper: Upper::Udp, ..Selector::ANY });
            }
            selectors.into_iter().map(|selector| Entry::new(selector, Direction::Out, action.clone())).collect()
        };
        if entries.iter().any(|entry| entry.peer != Default::default() || entry.expires.is_some() || entry.disabled) {
            return Err(unreadable(text, "a default is for everybody, does not expire and cannot be disabled"));
        }
        self.register_own(now, both_directions(entries), Origin::User, true)
    }

    /// Takes the entries as they are: an entry whose other direction is there already stays alone.
    pub(super) fn register_own(
        &mut self,
        now: Now,
        entries: Vec<Entry>,
        origin: Origin,
        default: bool,
    ) -> Result<EffectId, Failure> {
        let lines = super::policy_change::told(&entries);
        let approved = Approved::own(entries, origin, self.book.generation(), now.wall)
            .map_err(|why| why.failure("own entries"))?;
        let audit = AuditRow {
            at: now.wall,
            kind: "approved",
            subject: if default { "the default policy".into() } else { "own entries".into() },
            detail: format!("by {}: {lines}", origin.name()),
        };
        let id = self.expect(Waiting::Own { approved: approved.clone(), default });
        self.effect(Effect::Store { id, op: StoreOp::Register { approved, default, replace_keys: false, audit } });
        Ok(id)
    }

    pub(super) fn remove_presence(&mut self, entity: &Entity) -> Result<EffectId, Failure> {
        if self.is_our_name(entity) {
            return Err(own_record(entity));
        }
        self.known_presence(entity)?;
        let id = self.expect(Waiting::RemovePresence(entity.clone()));
        self.effect(Effect::Store { id, op: StoreOp::RemovePresence { entity: entity.clone() } });
        Ok(id)
    }

    pub(super) fn rename_presence(&mut self, entity: Entity, names: Names) -> Result<EffectId, Failure> {
        self.known_presence(&entity)?;
        let id = self.expect(Waiting::Rename(entity.clone(), names.clone()));
        self.effect(Effect::Store { id, op: StoreOp::RenamePresence { entity, names } });
        Ok(id)
    }

    fn devices_of(&self, entity: &Entity) -> Vec<Device> {
        self.book.presences().filter(|row| row.entity == *entity).map(|row| row.device.clone()).collect()
    }

    fn presences_changed(&mut self, entity: &Entity, devices: Vec<Device>) {
        devices.into_iter().for_each(|device| self.event(Event::PresenceChanged(entity.clone(), device)));
    }

    fn known_presence(&self, entity: &Entity) -> Result<(), Failure> {
        let known = self.book.presences().any(|row| row.entity == *entity);
        known.then_some(()).ok_or_else(|| {
            let message = format!("there is no presence record of {entity}");
            Failure::new(
                FailureKind::Usage,
                "no-such-presence",
                message,
                entity.as_str(),
                "see `sottovoce presence list`",
            )
        })
    }

    pub(super) fn set_own_presence(&mut self, names: Names) -> Result<EffectId, Failure> {
        for text in [&names.user, &names.place].into_iter().flatten() {
            check_own_text(text)?;
        }
        let id = self.expect(Waiting::OwnPresence(names.clone()));
        let Names { user, place, .. } = names;
        self.effect(Effect::Store { id, op: StoreOp::SetOwnPresence { user, place } });
        Ok(id)
    }

    /// The user compared the safety phrases with every pinned device of this entity.
    pub(super) fn mark_verified(&mut self, now: Now, entity: &Entity) -> Result<EffectId, Failure> {
        let pins: Vec<Pin> = self.book.pins().filter(|pin| pin.entity == *entity).cloned().collect();
        if pins.is_empty() {
            return Err(not_pinned(entity));
        }
        let named = pins.iter().map(|pin| format!("device {}: {}", pin.device, pin.fingerprint));
        let detail = named.collect::<Vec<_>>().join("; ");
        let audit = AuditRow { at: now.wall, kind: "key-verified", subject: entity.to_string(), detail };
        let id = self.expect(Waiting::Pins(pins.clone()));
        self.effect(Effect::Store { id, op: StoreOp::VerifyPins { pins, audit } });
        Ok(id)
    }

    pub(super) fn handle_own_stored(
        &mut self,
        now: Now,
        id: EffectId,
        waiting: Waiting,
        result: Result<Stored, Failure>,
    ) {
        let result = result.map(|stored| self.apply_own(now, waiting, stored));
        self.event(Event::StoreSettled { effect: id, result });
    }

    fn apply_own(&mut self, now: Now, waiting: Waiting, stored: Stored) {
        match (waiting, stored) {
            (Waiting::Own { approved, default }, Stored::Registered { generation, entries }) => {
                self.book.register(&approved, default, entries, generation);
                self.policy_changed(now, generation);
            }
            (Waiting::Change { default, gone }, Stored::Registered { generation, entries }) => {
                self.book.change(default, &gone, entries, generation);
                self.policy_changed(now, generation);
            }
            (Waiting::OwnPresence(names), _) => {
                self.own.set(&self.config, &names, now.wall);
                self.sayings_changed(now);
                self.places_changed(now);
                self.event(Event::OwnPresenceChanged);
            }
            (Waiting::DoNotDisturb(until), _) => self.do_not_disturb_stored(now, until),
            (Waiting::Sound(change), _) => self.sound_chosen(change),
            (Waiting::Contact { contact, before }, _) => self.contact_stored(now, *contact, before),
            (Waiting::Group(group), _) => self.group_stored(now, group),
            (Waiting::RemoveContact(entity), _) => self.contact_removed(now, entity),
            (Waiting::RemoveGroup(name), _) => self.group_removed(now, name),
            (Waiting::WatcherRules(rules), _) => self.watcher_rules_stored(now, rules),
            (Waiting::ForgetWatcherRules(watchers), _) => self.watcher_rules_forgotten(now, &watchers),
            (Waiting::AddAccount(config), _) => self.account_added(now, *config),
            (Waiting::RemoveAccount(entity), _) => self.account_removed(now, &entity),
            (Waiting::Vouch(name, vouch), _) => {
                self.own.take_vouch(name, vouch);
                self.sayings_changed(now);
            }
            (Waiting::RevokeVouch(name), _) => {
                self.own.forget_vouch(&name);
                self.sayings_changed(now);
            }
            (Waiting::Pins(pins), _) => {
                pins.iter().for_each(|pin| self.book.verify_pin(pin));
                self.event(Event::PinsChanged);
            }
            (Waiting::RemovePresence(entity), _) => {
                let devices = self.devices_of(&entity);
                self.book.remove_presence(&entity);
                self.presences_changed(&entity, devices);
            }
            (Waiting::Unwatch(peer), _) => self.end_watch(now, &peer),
            (Waiting::Watch(watched), _) => self.begin_watch(now, &watched),
            (Waiting::Rename(entity, names), _) => {
                self.book.rename_presence(&entity, &names);
                let devices = self.devices_of(&entity);
                self.presences_changed(&entity, devices);
            }
            _ => {}
        }
    }
}

pub(super) fn unreadable(text: &str, why: &str) -> Failure {
    let text = if text.trim().is_empty() { "the policy" } else { text };
    Failure::new(
        FailureKind::Usage,
        "policy-text-unreadable",
        format!("this policy cannot be read: {why}"),
        escape(&text.chars().take(200).collect::<String>()),
        "write it as `spdadd any any udp -P out ipsec esp/transport//require;`; nothing was changed",
    )
}

/// Whose streams an entry is for: what the command says, and what its line says must not contradict each other.
fn narrow(own: &mut PeerScope, scope: &PeerScope) -> Result<(), &'static str> {
    fn take<T: Clone + PartialEq>(
        own: &mut Option<T>,
        said: &Option<T>,
        why: &'static str,
    ) -> Result<(), &'static str> {
        match (&own, said) {
            (Some(own), Some(said)) if own != said => Err(why),
            (None, Some(said)) => {
                *own = Some(said.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }
    take(&mut own.entity, &scope.entity, "its line names another entity")?;
    take(&mut own.device, &scope.device, "its line names another device")?;
    take(&mut own.group, &scope.group, "its line names another group")
}

fn full() -> Failure {
    let message = format!("the policy database holds {MAX_ENTRIES} entries at most; nothing was added");
    let next = "remove some, or write one entry for a network in the place of many for its hosts";
    Failure::new(FailureKind::Failed, "policy-full", message, "the policy database", next)
}

fn no_default_rules(text: &str, why: &str) -> Failure {
    let next = "write rules, as `ipsec esp/transport//require`; \
        `sottovoce policy remove default` takes the configuration's again; nothing was changed";
    Failure { next: next.to_owned(), ..unreadable(text, why) }
}

pub(super) fn no_rules(text: &str, why: &str) -> Failure {
    let next = "write rules, as `ipsec esp/transport//require`, or whole lines, as `spdadd any any udp -P out none;`; nothing was changed";
    Failure { next: next.to_owned(), ..unreadable(text, why) }
}

/// Rules for nobody in particular would be a second default, before the one that there is.
fn for_nobody(text: &str) -> Failure {
    let next = "name whose packets they are for (--entity, --device or --group), or write a whole line, as \
        `spdadd any any udp -P out none;`; `sottovoce policy default` sets the rules for everybody else; nothing was changed";
    Failure { next: next.to_owned(), ..unreadable(text, "rules alone say nothing of whom they are for") }
}

/// Whole `spdadd` lines, or rules alone for all packets by UDP of whom the command names.
fn typed(text: &str, scope: &PeerScope) -> Result<Vec<Entry>, Failure> {
    if text.trim().is_empty() || text.contains("spdadd") {
        return setkey::parse(text).map_err(|why| unreadable(text, &why.to_string()));
    }
    let action = setkey::parse_action(text).map_err(|why| no_rules(text, &why.to_string()))?;
    match scope.is_everybody() {
        true => Err(for_nobody(text)),
        false => Ok(vec![Entry::new(Selector { upper: Upper::Udp, ..Selector::ANY }, Direction::Out, action)]),
    }
}

fn own_record(entity: &Entity) -> Failure {
    Failure::new(
        FailureKind::Usage,
        "own-presence",
        format!(
            "{entity} is yourself: what you say of yourself cannot be removed, because askers are answered from it"
        ),
        entity.as_str(),
        "change it with `sottovoce presence set`, or say nothing of it with [watchers] unknown = \"policy\"",
    )
}

/// What we say must survive XML, or nobody could verify it.
fn check_own_text(text: &str) -> Result<(), Failure> {
    if text.len() <= MAX_OWN_TEXT && presence::is_writable(text) {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Usage,
        "own-text",
        format!("a user or place has at most {MAX_OWN_TEXT} octets and no control characters"),
        escape(&text.chars().take(80).collect::<String>()),
        "write it shorter and plainer",
    ))
}

fn not_pinned(entity: &Entity) -> Failure {
    Failure::new(
        FailureKind::Usage,
        "not-pinned",
        format!("no key of {entity} is pinned yet"),
        entity.as_str(),
        format!("ask it and approve its policy first: `sottovoce ask {}`", shell_word(entity.as_str())),
    )
}
