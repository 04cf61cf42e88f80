//! What the user changes of contacts and groups. Each change is durable before it is in force.

use super::address_book::{is_same_name, ContactGroup, SavedContact};
use super::naming::{is_mail, is_phone};
use super::target::Target;
use super::waiting::Waiting;
use super::{Agent, AuditRow, Effect, Event, StoreOp};
use crate::policy::{Action, Permission, Relation};
use crate::vocab::{escape, shell_word, EffectId, Entity, Failure, FailureKind, Now, Wall};

/// Most contacts, and most groups.
const MAX_CONTACTS: usize = 10_000;
const MAX_GROUPS: usize = 64;
/// Further addresses of one contact.
const MAX_ADDRESSES: usize = 8;
/// Octets of a name.
const MAX_NAME: usize = 64;
/// Octets of a note, and of an address.
const MAX_TEXT: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactCommand {
    /// `peer` as the user types one: a SIP URI, `user@host`, or the address of somebody who was asked before.
    Add {
        name: String,
        peer: String,
        change: ContactChange,
    },
    /// `contact` is a name or an entity, here and below.
    Remove {
        contact: String,
    },
    Set {
        contact: String,
        change: ContactChange,
    },
}

/// What is to be another; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactChange {
    pub name: Option<String>,
    pub peer: Option<String>,
    pub addresses: Option<Vec<String>>,
    /// An empty one: none.
    pub group: Option<String>,
    /// An empty one: none.
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupCommand {
    Add { name: String, relation: Relation, change: GroupChange },
    Remove { name: String },
    Set { name: String, change: GroupChange },
}

/// What is to be another; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    pub watchers: Option<Permission>,
    /// `Some(None)`: nothing of its members is approved without asking.
    pub approve: Option<Option<Action>>,
    pub rings: Option<bool>,
}

impl Agent {
    pub(super) fn contact_command(&mut self, now: Now, what: ContactCommand) -> Result<EffectId, Failure> {
        match what {
            ContactCommand::Add { name, peer, change } => {
                let fresh = SavedContact {
                    name,
                    entity: self.contact_entity(&peer)?,
                    addresses: Vec::new(),
                    group: None,
                    note: None,
                    since: now.wall,
                };
                if self.address_book.contacts().count() >= MAX_CONTACTS {
                    return Err(too_many("contacts", MAX_CONTACTS));
                }
                let contact = self.changed(fresh, ContactChange { name: None, peer: None, ..change })?;
                self.check_contact(&contact, None)?;
                Ok(self.keep_contact_row(now, contact, None, "contact-added"))
            }
            ContactCommand::Set { contact, change } => {
                let before = self.the_contact(&contact)?.clone();
                let contact = self.changed(before.clone(), change)?;
                self.check_contact(&contact, Some(&before.entity))?;
                Ok(self.keep_contact_row(now, contact, Some(before.entity), "contact-changed"))
            }
            ContactCommand::Remove { contact } => {
                let gone = self.the_contact(&contact)?.clone();
                let audit = audit(now.wall, "contact-removed", gone.entity.as_str(), &described(&gone));
                let id = self.expect(Waiting::RemoveContact(gone.entity.clone()));
                self.effect(Effect::Store { id, op: StoreOp::RemoveContact { entity: gone.entity, audit } });
                Ok(id)
            }
        }
    }

    pub(super) fn group_command(&mut self, now: Now, what: GroupCommand) -> Result<EffectId, Failure> {
        match what {
            GroupCommand::Add { name, relation, change } => {
                check_group_name(&name)?;
                if self.address_book.group(&name).is_some() {
                    return Err(usage(
                        "group-there",
                        format!("there is a group {name} already"),
                        &name,
                        "`sottovoce group set` changes it",
                    ));
                }
                if self.address_book.groups().count() >= MAX_GROUPS {
                    return Err(too_many("groups", MAX_GROUPS));
                }
                Ok(self.keep_group_row(now, change.of(ContactGroup::new(&name, relation)), "group-added"))
            }
            GroupCommand::Set { name, change } => {
                let before = self.the_group(&name)?.clone();
                Ok(self.keep_group_row(now, change.of(before), "group-changed"))
            }
            GroupCommand::Remove { name } => self.remove_group(now, &name),
        }
    }

    fn remove_group(&mut self, now: Now, name: &str) -> Result<EffectId, Failure> {
        let group = self.the_group(name)?;
        if group.is_built_in() {
            let message = format!("{name} is always there");
            return Err(usage("group-built-in", message, name, "`sottovoce group set` changes what it says"));
        }
        let members: Vec<&str> = self
            .address_book
            .contacts()
            .filter(|contact| contact.group.as_deref() == Some(name))
            .map(|contact| contact.name.as_str())
            .collect();
        if !members.is_empty() {
            let message = format!("{name} has members: {}", escape(&members.join(", ")));
            let next = "move them first: `sottovoce contact set NAME --group GROUP`, or \"\" for none";
            return Err(usage("group-in-use", message, name, next));
        }
        let audit = audit(now.wall, "group-removed", name, &said(group));
        let id = self.expect(Waiting::RemoveGroup(name.to_owned()));
        self.effect(Effect::Store { id, op: StoreOp::RemoveGroup { name: name.to_owned(), audit } });
        Ok(id)
    }

    fn keep_contact_row(
        &mut self,
        now: Now,
        contact: SavedContact,
        before: Option<Entity>,
        kind: &'static str,
    ) -> EffectId {
        let audit = audit(now.wall, kind, contact.entity.as_str(), &described(&contact));
        let contact = Box::new(contact);
        let id = self.expect(Waiting::Contact { contact: contact.clone(), before: before.clone() });
        self.effect(Effect::Store { id, op: StoreOp::KeepContact { contact, before, audit } });
        id
    }

    fn keep_group_row(&mut self, now: Now, group: ContactGroup, kind: &'static str) -> EffectId {
        let audit = audit(now.wall, kind, &group.name, &said(&group));
        let id = self.expect(Waiting::Group(group.clone()));
        self.effect(Effect::Store { id, op: StoreOp::KeepGroup { group, audit } });
        id
    }

    fn the_contact(&self, text: &str) -> Result<&SavedContact, Failure> {
        let by_entity = || {
            let entity = Entity::parse(text).or_else(|_| Entity::parse(&format!("sip:{text}"))).ok()?;
            self.address_book.contact(&entity)
        };
        self.address_book.named(text).or_else(by_entity).ok_or_else(|| {
            let text = escape(text);
            usage("no-such-contact", format!("there is no contact {text}"), &text, "see `sottovoce contact list`")
        })
    }

    fn the_group(&self, name: &str) -> Result<&ContactGroup, Failure> {
        if name == Relation::Unknown.name() {
            let message = "unknown is everybody who is in no group";
            let next = "what strangers are told stands in the configuration: `unknown` in [watchers]";
            return Err(usage("group-unknown", message.to_owned(), name, next));
        }
        self.address_book.group(name).ok_or_else(|| no_such_group(name))
    }

    /// A bare address names whoever answered there; the entity by which he is known is the one of his statement.
    fn contact_entity(&self, typed: &str) -> Result<Entity, Failure> {
        let target = Target::parse(typed)?;
        if !target.bare || typed.contains(':') && !typed.contains("::") {
            return Ok(target.entity);
        }
        let there = |entity: &&Entity| entity.host() == target.entity.host();
        let mut known: Vec<&Entity> = self.book.presences().map(|row| &row.entity).filter(there).collect();
        known.dedup();
        match known[..] {
            [entity] => Ok(entity.clone()),
            _ => {
                let message = format!("{} names a place, and nobody, or more than one, is known there", escape(typed));
                let next = format!(
                    "ask there first: `sottovoce ask {}`; or write sip:USER@{}",
                    shell_word(&escape(typed)),
                    escape(typed)
                );
                Err(usage("contact-entity", message, &escape(typed), &next))
            }
        }
    }

    fn changed(&self, contact: SavedContact, change: ContactChange) -> Result<SavedContact, Failure> {
        let text = |new: Option<String>, old: Option<String>| match new {
            Some(new) => Some(new).filter(|new| !new.is_empty()),
            None => old,
        };
        let entity = match &change.peer {
            Some(peer) => self.contact_entity(peer)?,
            None => contact.entity,
        };
        Ok(SavedContact {
            name: change.name.unwrap_or(contact.name),
            entity,
            addresses: change.addresses.unwrap_or(contact.addresses),
            group: text(change.group, contact.group),
            note: text(change.note, contact.note),
            since: contact.since,
        })
    }

    /// `before` is the contact that it takes the place of.
    fn check_contact(&self, contact: &SavedContact, before: Option<&Entity>) -> Result<(), Failure> {
        check_contact_name(&contact.name)?;
        if let Some(group) = &contact.group {
            self.the_group(group)?;
        }
        let texts = contact.addresses.iter().chain(&contact.note);
        if let Some(text) = texts.clone().find(|text| text.len() > MAX_TEXT || text.chars().any(char::is_control)) {
            let message = format!("a note or an address has at most {MAX_TEXT} octets, on one line");
            return Err(usage("contact-text", message, &escape(text), "write it shorter"));
        }
        if contact.addresses.len() > MAX_ADDRESSES {
            return Err(too_many("addresses of one contact", MAX_ADDRESSES));
        }
        let reads = |address: &str| is_phone(address) || is_mail(address.trim_start_matches("mailto:"));
        if let Some(address) = contact.addresses.iter().find(|address| !reads(address)) {
            let message = format!("{} is neither an e-mail address nor a telephone number", escape(address));
            return Err(usage("contact-address", message, &escape(address), "write bob@example.org or +493012345678"));
        }
        let others = || self.address_book.contacts().filter(|other| Some(&other.entity) != before);
        if let Some(other) = others().find(|other| is_same_name(&other.name, &contact.name)) {
            let message = format!("there is a contact {} already: {}", escape(&other.name), other.entity);
            return Err(usage("contact-there", message, &escape(&contact.name), "choose another name"));
        }
        if let Some(other) = others().find(|other| other.entity == contact.entity) {
            let message = format!("{} is a contact already: {}", other.entity, escape(&other.name));
            return Err(usage("contact-there", message, other.entity.as_str(), "`sottovoce contact set` changes it"));
        }
        Ok(())
    }

    pub(super) fn contact_stored(&mut self, now: Now, contact: SavedContact, before: Option<Entity>) {
        let entity = contact.entity.clone();
        if let Some(before) = before.filter(|before| *before != entity) {
            self.address_book.remove_contact(&before);
            self.event(Event::ContactChanged(before));
        }
        self.address_book.keep_contact(contact);
        self.groups_changed(now);
        self.event(Event::ContactChanged(entity));
    }

    pub(super) fn contact_removed(&mut self, now: Now, entity: Entity) {
        self.address_book.remove_contact(&entity);
        self.groups_changed(now);
        self.event(Event::ContactChanged(entity));
    }

    pub(super) fn group_stored(&mut self, now: Now, group: ContactGroup) {
        let name = group.name.clone();
        self.address_book.keep_group(group);
        self.groups_changed(now);
        self.event(Event::GroupChanged(name));
    }

    pub(super) fn group_removed(&mut self, now: Now, name: String) {
        self.address_book.remove_group(&name);
        self.groups_changed(now);
        self.event(Event::GroupChanged(name));
    }

    /// Who is in which group, and what that means, may be another: entries, and what watchers are told, follow.
    fn groups_changed(&mut self, now: Now) {
        self.book.set_groups(self.address_book.to_groups(&self.names()));
        self.effect(Effect::SetSpd { spd: self.book.spd().clone() });
        self.sayings_changed(now);
    }

    /// Every contact, and every group.
    pub fn contacts(&self) -> impl Iterator<Item = &SavedContact> {
        self.address_book.contacts()
    }

    pub fn groups(&self) -> impl Iterator<Item = &ContactGroup> {
        self.address_book.groups()
    }
}

impl GroupChange {
    fn of(self, group: ContactGroup) -> ContactGroup {
        ContactGroup {
            watchers: self.watchers.unwrap_or(group.watchers),
            approve: self.approve.unwrap_or(group.approve),
            rings: self.rings.unwrap_or(group.rings),
            ..group
        }
    }
}

/// It must not be read as a peer of another kind.
fn check_contact_name(name: &str) -> Result<(), Failure> {
    let is_text = !name.trim().is_empty() && name.trim() == name && name.len() <= MAX_NAME;
    let is_place = name.contains([':', '@', '/']) || name.contains('.') && !name.contains(' ');
    if is_text && !is_place && !is_phone(name) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!("{} is no name for a contact", escape(&name.chars().take(80).collect::<String>()));
    let next = format!(
        "write 1 to {MAX_NAME} octets that are not read as an address, a number or the name of a machine: \"Bob\", \"Dr. Eve\""
    );
    Err(usage("contact-name", message, "name", &next))
}

fn check_group_name(name: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = (1..=32).contains(&name.len()) && name.chars().all(fits) && name != Relation::Unknown.name();
    is_name.then_some(()).ok_or_else(|| {
        let message = format!("{} is no name for a group", escape(&name.chars().take(80).collect::<String>()));
        usage("group-name", message, "name", "write 1 to 32 of a-z, 0-9 and -, as work; unknown is everybody else")
    })
}

fn audit(at: Wall, kind: &'static str, subject: &str, detail: &str) -> AuditRow {
    AuditRow { at, kind, subject: super::desk::brief(subject), detail: super::desk::brief(detail) }
}

fn described(contact: &SavedContact) -> String {
    let group = contact.group.as_deref().unwrap_or("none");
    let more = match contact.addresses.is_empty() {
        true => String::new(),
        false => format!(", {}", escape(&contact.addresses.join(", "))),
    };
    format!("{}, group {group}{more}", escape(&contact.name))
}

fn said(group: &ContactGroup) -> String {
    let approve = group.approve.as_ref().map_or("nothing".to_owned(), |least| format!("from {least}"));
    let rings = if group.rings { "rings" } else { "does not ring" };
    format!(
        "relation {}, watchers {}, approves {approve} by itself, {rings} in quiet hours",
        group.relation, group.watchers
    )
}

pub(super) fn no_such_group(name: &str) -> Failure {
    let name = escape(&name.chars().take(80).collect::<String>());
    usage("no-such-group", format!("there is no group {name}"), &name, "see `sottovoce group list`")
}

fn too_many(what: &str, most: usize) -> Failure {
    usage("too-many", format!("there are {most} {what} already"), what, "remove one that is of no use")
}

fn usage(code: &'static str, message: String, subject: &str, next: &str) -> Failure {
    Failure::new(FailureKind::Usage, code, message, subject, next)
}
