//! What each watcher is told, and what our user answers about it (PROTOCOL section 4).
//!
//! | who asks | is told |
//! | --- | --- |
//! | one about whose key our user has answered, with a fresh request | as he answered |
//! | one whose keys are pinned, in a contact group | as the group says |
//! | any other whose keys are pinned | everything |
//! | everybody else | as `unknown` in `[watchers]` of the configuration says |
//!
//! | step | carries |
//! | --- | --- |
//! | `keep_waiting` -> `Event::WatcherChanged` | a watcher that waits; no answer in time refuses it |
//! | `WatcherCommand::Decide` -> `StoreOp::KeepWatcherRules` | the keys that are meant |
//! | stored -> `sayings_changed` -> `watchers_may_differ` | every subscription, at once |

use std::collections::BTreeMap;

use super::answer_watcher::{watcher_name, Watcher};
use super::config::UnknownWatchers;
use super::effect::Loaded;
use super::waiting::Waiting;
use super::{Accepted, Agent, AuditRow, Effect, Event, StoreOp};
use crate::policy::{Permission, Relation};
use crate::vocab::{escape, Entity, Failure, FailureKind, Now, Wall, WatcherId};

/// What the user answered about the watcher that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatcherRule {
    /// Its signing key, in hexadecimal digits.
    pub watcher: String,
    /// Who it says to be, or is proven to be.
    pub entity: Entity,
    /// Never [`Permission::Ask`].
    pub permission: Permission,
    pub since: Wall,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatcherCommand {
    /// `whom`: the number of a watcher (`w1`), the beginning of its key, or a contact or entity whose keys are pinned.
    Decide { whom: String, permission: Permission },
    /// What was answered counts no more.
    Forget { whom: String },
}

/// By key.
pub struct WatcherRules(BTreeMap<String, WatcherRule>);

/// Least of a key's digits by which it is named.
const SHORTEST_KEY: usize = 8;

impl WatcherRules {
    pub fn new(loaded: &mut Loaded) -> Self {
        Self(loaded.watcher_rules.drain(..).map(|rule| (rule.watcher.clone(), rule)).collect())
    }

    pub fn of(&self, watcher: &str) -> Option<Permission> {
        self.0.get(watcher).map(|rule| rule.permission)
    }
}

impl UnknownWatchers {
    pub fn permission(self) -> Permission {
        match self {
            Self::Ask => Permission::Ask,
            Self::Block => Permission::Block,
            Self::Place => Permission::Allow,
            Self::Policy => Permission::PolicyOnly,
        }
    }
}

impl Agent {
    pub(super) fn permission_of(&self, watcher: &Watcher) -> Permission {
        let answered = self.watcher_rules.of(&watcher.name).filter(|_| watcher.fresh);
        answered.or(watcher.answered).unwrap_or_else(|| match &watcher.known {
            Some((entity, _)) => self.permission_of_known(entity),
            None => self.config.unknown_watchers.permission(),
        })
    }

    fn permission_of_known(&self, entity: &Entity) -> Permission {
        let group = self.group_named_of(entity).and_then(|group| self.address_book.group(&group));
        group.map_or(Permission::Allow, |group| group.watchers)
    }

    /// Whether what we ask somebody with may say who and where we are. Who is not known is a stranger, whatever he is called.
    pub(super) fn discloses_to(&self, entity: &Entity) -> bool {
        let pins: Vec<_> = self.book.pins().filter(|pin| pin.entity == *entity).collect();
        if pins.is_empty() {
            return self.config.unknown_watchers.may_learn_place();
        }
        // It may reach any device of his.
        let tells = |key| self.watcher_rules.of(&watcher_name(key)).unwrap_or(self.permission_of_known(entity));
        pins.iter().all(|pin| tells(&pin.signing_key).tells_place())
    }

    /// Who the peer is to our user, as far as its keys prove that it is that one.
    pub(super) fn relation_of(&self, entity: &Entity, proven: bool) -> Relation {
        match self.group_named_of(entity) {
            Some(group) if proven => self.address_book.group(&group).map_or(Relation::Unknown, |group| group.relation),
            _ => Relation::Unknown,
        }
    }

    /// The group that it belongs to: that of its contact; `own`, where the name is ours and no contact says otherwise.
    pub(super) fn group_named_of(&self, entity: &Entity) -> Option<String> {
        let saved = self.address_book.contact(entity);
        let own = || self.is_our_name(entity).then(|| Relation::Own.name().to_owned());
        saved.map_or_else(own, |contact| contact.group.clone())
    }

    pub(super) fn watcher_command(&mut self, now: Now, what: WatcherCommand) -> Result<Accepted, Failure> {
        match what {
            WatcherCommand::Decide { permission: Permission::Ask, .. } => Err(usage(
                "watcher-answer",
                "an answer is no question".into(),
                "answer",
                "allow, policy-only, or block",
            )),
            WatcherCommand::Decide { whom, permission } => self.decide(now, &whom, permission),
            WatcherCommand::Forget { whom } => self.forget_answer(now, &whom),
        }
    }

    fn decide(&mut self, now: Now, whom: &str, permission: Permission) -> Result<Accepted, Failure> {
        if let Some(silent) = WatcherId::parse_marked(whom).filter(|id| self.is_silent_watcher(*id)) {
            self.audit(now, "watcher-answered", &silent.to_string(), permission.name());
            self.answer_silent(now, silent, permission);
            self.event(Event::WatchersAnswered);
            return Ok(Accepted::Done);
        }
        let meant = self.keys_meant(whom)?;
        let rule = |(watcher, entity)| WatcherRule { watcher, entity, permission, since: now.wall };
        let rules: Vec<WatcherRule> = meant.into_iter().map(rule).collect();
        let audit = answered(now, &rules, permission.name());
        let id = self.expect(Waiting::WatcherRules(rules.clone()));
        self.effect(Effect::Store { id, op: StoreOp::KeepWatcherRules { rules, audit } });
        Ok(Accepted::Storing(id))
    }

    fn forget_answer(&mut self, now: Now, whom: &str) -> Result<Accepted, Failure> {
        let meant = self.keys_meant(whom)?;
        let gone: Vec<WatcherRule> =
            meant.iter().filter_map(|(watcher, _)| self.watcher_rules.0.get(watcher)).cloned().collect();
        if gone.is_empty() {
            let message = format!("nothing was answered about {}", escape(whom));
            return Err(usage("no-such-answer", message, &escape(whom), "see `sottovoce watchers list`"));
        }
        let audit = answered(now, &gone, "forgotten");
        let watchers: Vec<String> = gone.into_iter().map(|rule| rule.watcher).collect();
        let id = self.expect(Waiting::ForgetWatcherRules(watchers.clone()));
        self.effect(Effect::Store { id, op: StoreOp::ForgetWatcherRules { watchers, audit } });
        Ok(Accepted::Storing(id))
    }

    /// Keys, and whose they are.
    fn keys_meant(&self, whom: &str) -> Result<Vec<(String, Entity)>, Failure> {
        if let Some(found) = WatcherId::parse_marked(whom).and_then(|id| self.key_of_watcher(id)) {
            return Ok(vec![found]);
        }
        let by_key = |rule: &&WatcherRule| whom.len() >= SHORTEST_KEY && rule.watcher.starts_with(whom);
        let mut ruled = self.watcher_rules.0.values().filter(by_key);
        if let (Some(rule), None) = (ruled.next(), ruled.next()) {
            return Ok(vec![(rule.watcher.clone(), rule.entity.clone())]);
        }
        let named = self.address_book.named(whom).map(|contact| contact.entity.clone());
        let entity = named.or_else(|| Entity::parse(whom).or_else(|_| Entity::parse(&format!("sip:{whom}"))).ok());
        let pins = self.book.pins().filter(|pin| Some(&pin.entity) == entity.as_ref());
        let keys: Vec<_> = pins.map(|pin| (watcher_name(&pin.signing_key), pin.entity.clone())).collect();
        match keys.is_empty() {
            true => Err(no_such_watcher(whom)),
            false => Ok(keys),
        }
    }

    pub(super) fn watcher_rules_stored(&mut self, now: Now, rules: Vec<WatcherRule>) {
        for rule in rules {
            self.no_longer_waiting(&rule.watcher);
            self.watcher_rules.0.insert(rule.watcher.clone(), rule);
        }
        self.event(Event::WatchersAnswered);
        self.sayings_changed(now);
    }

    pub(super) fn watcher_rules_forgotten(&mut self, now: Now, watchers: &[String]) {
        watchers.iter().for_each(|watcher| drop(self.watcher_rules.0.remove(watcher)));
        self.event(Event::WatchersAnswered);
        self.sayings_changed(now);
    }

    /// What the user has answered, by key.
    pub fn watcher_rules(&self) -> impl Iterator<Item = &WatcherRule> {
        self.watcher_rules.0.values()
    }

    pub(super) fn tell_of_watcher(&mut self, id: WatcherId) {
        self.event(Event::WatcherChanged(id));
    }
}

fn answered(now: Now, rules: &[WatcherRule], what: &str) -> AuditRow {
    let keys: Vec<&str> = rules.iter().map(|rule| rule.watcher.as_str()).collect();
    let subject = rules.first().map(|rule| rule.entity.to_string()).unwrap_or_default();
    let detail = super::desk::brief(&format!("{what}: key {}", keys.join(", ")));
    AuditRow { at: now.wall, kind: "watcher-answered", subject, detail }
}

fn no_such_watcher(whom: &str) -> Failure {
    let whom = escape(&whom.chars().take(80).collect::<String>());
    let message = format!("there is no watcher {whom}, and no pinned key of such a contact");
    usage("no-such-watcher", message, &whom, "see `sottovoce watchers list` for their numbers")
}

fn usage(code: &'static str, message: String, subject: &str, next: &str) -> Failure {
    Failure::new(FailureKind::Usage, code, message, subject, next)
}
