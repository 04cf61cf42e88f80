//! Contacts, and the groups that they belong to.

use std::collections::BTreeSet;

use super::brain::Known;
use super::failures::{no_such, usage};
use super::request::{ContactBody, ContactChangeBody, GroupBody, GroupChangeBody};
use super::view::{ContactList, ContactView, GroupList, GroupView};
use super::Control;
use crate::agent::{Command, ContactChange, ContactCommand, GroupChange, GroupCommand, SavedContact};
use crate::policy::{setkey, Permission, Relation};
use crate::vocab::{Entity, Failure};

impl Control {
    pub async fn contacts(&self) -> Result<ContactList, Failure> {
        self.look(|known| {
            let approved = approved(known);
            let view = |contact| ContactView::of(contact, &approved);
            let mut contacts: Vec<ContactView> = known.contacts().into_iter().map(view).collect();
            contacts.sort_by_key(|contact| contact.name.to_lowercase());
            ContactList { contacts }
        })
        .await
    }

    /// By its name or its entity.
    pub async fn contact(&self, name: &str) -> Result<ContactView, Failure> {
        let sought = name.to_owned();
        let view = move |known: &dyn Known| Some(ContactView::of(saved(known, &sought)?, &approved(known)));
        let found = self.look(view).await?;
        found.ok_or_else(|| no_such("no-such-contact", "contact", name, "contact list"))
    }

    pub async fn contact_add(&self, body: &ContactBody) -> Result<ContactView, Failure> {
        let change = ContactChange {
            addresses: Some(body.addresses.clone()),
            group: body.group.clone(),
            note: body.note.clone(),
            ..ContactChange::default()
        };
        let add = ContactCommand::Add { name: body.name.clone(), peer: body.peer.clone(), change };
        self.change_store(Command::Contact(add)).await?;
        self.contact(&body.name).await
    }

    pub async fn contact_set(&self, name: &str, body: &ContactChangeBody) -> Result<ContactView, Failure> {
        if *body == ContactChangeBody::default() {
            let what = "nothing is named that is to be another".to_owned();
            return Err(usage("nothing-to-change", what, name, "give --name, --peer, --address, --group or --note"));
        }
        let change = ContactChange {
            name: body.name.clone(),
            peer: body.peer.clone(),
            addresses: body.addresses.clone(),
            group: body.group.clone(),
            note: body.note.clone(),
        };
        self.change_store(Command::Contact(ContactCommand::Set { contact: name.to_owned(), change })).await?;
        self.contact(body.name.as_deref().unwrap_or(name)).await
    }

    pub async fn contact_remove(&self, name: &str) -> Result<ContactList, Failure> {
        self.change_store(Command::Contact(ContactCommand::Remove { contact: name.to_owned() })).await?;
        self.contacts().await
    }

    pub async fn groups(&self) -> Result<GroupList, Failure> {
        self.look(|known| {
            let contacts = known.contacts();
            let approved = approved(known);
            let groups = known.groups().into_iter().map(|group| GroupView::of(group, &contacts, &approved));
            GroupList { groups: groups.chain([GroupView::of_strangers(known.unknown_watchers())]).collect() }
        })
        .await
    }

    pub async fn group(&self, name: &str) -> Result<GroupView, Failure> {
        let found = self.groups().await?.groups.into_iter().find(|group| group.name == name);
        found.ok_or_else(|| no_such("no-such-group", "group", name, "group list"))
    }

    pub async fn group_add(&self, body: &GroupBody) -> Result<GroupView, Failure> {
        let relation = Relation::from_name(&body.relation).filter(|relation| *relation != Relation::Unknown);
        let relation = relation.ok_or_else(|| {
            let what = format!("there is no relation {}", crate::vocab::escape(&body.relation));
            usage("bad-relation", what, "relation", "write own, family, friend or acquaintance")
        })?;
        let change = group_change(&body.change)?;
        let add = GroupCommand::Add { name: body.name.clone(), relation, change };
        self.change_store(Command::Group(add)).await?;
        self.group(&body.name).await
    }

    pub async fn group_set(&self, name: &str, body: &GroupChangeBody) -> Result<GroupView, Failure> {
        if *body == GroupChangeBody::default() {
            let what = "nothing is named that is to be another".to_owned();
            return Err(usage("nothing-to-change", what, name, "give --watchers, --approve, or --rings"));
        }
        let change = group_change(body)?;
        self.change_store(Command::Group(GroupCommand::Set { name: name.to_owned(), change })).await?;
        self.group(name).await
    }

    pub async fn group_remove(&self, name: &str) -> Result<GroupList, Failure> {
        self.change_store(Command::Group(GroupCommand::Remove { name: name.to_owned() })).await?;
        self.groups().await
    }

    /// Whom a user means by what he typed where an entity is expected: somebody known, or the entity.
    pub(super) async fn entity_named(&self, typed: &str) -> Option<Entity> {
        let known = self.known_by(typed).await.ok().flatten();
        known.or_else(|| Entity::parse(typed).or_else(|_| Entity::parse(&format!("sip:{typed}"))).ok())
    }

    pub(super) async fn known_by(&self, typed: &str) -> Result<Option<Entity>, Failure> {
        let sought = typed.to_owned();
        self.look(move |known| known_by(known, &sought)).await
    }
}

/// Who is known by what a user typed: the name of a contact; an entity, with `sip:` or without; the place of a single one.
fn known_by(known: &dyn Known, typed: &str) -> Option<Entity> {
    if let Some(contact) = saved(known, typed) {
        return Some(contact.entity.clone());
    }
    let (pins, rows) = (known.pins(), known.presences());
    let all = || pins.iter().map(|pin| &pin.entity).chain(rows.iter().map(|row| &row.entity));
    let is_written = |entity: &&Entity| entity.as_str() == typed || entity.as_str().strip_prefix("sip:") == Some(typed);
    if let Some(entity) = all().find(is_written) {
        return Some(entity.clone());
    }
    let there: BTreeSet<&Entity> = all().filter(|entity| entity.host().eq_ignore_ascii_case(typed)).collect();
    there.first().filter(|_| there.len() == 1).map(|entity| (*entity).clone())
}

fn saved<'a>(known: &'a dyn Known, name: &str) -> Option<&'a SavedContact> {
    let all = known.contacts();
    let is_named = |contact: &&SavedContact| contact.name.to_lowercase() == name.to_lowercase();
    let is_entity = |contact: &&SavedContact| {
        contact.entity.as_str() == name || contact.entity.as_str().strip_prefix("sip:") == Some(name)
    };
    all.iter().copied().find(is_named).or_else(|| all.iter().copied().find(is_entity))
}

/// Whose keys our user has approved: what a group says counts for nobody else.
pub(super) fn approved(known: &dyn Known) -> BTreeSet<Entity> {
    known.pins().into_iter().map(|pin| pin.entity.clone()).collect()
}

fn group_change(body: &GroupChangeBody) -> Result<GroupChange, Failure> {
    let watchers = body.watchers.as_deref().map(permission).transpose()?;
    let approve = match body.approve.as_deref() {
        None => None,
        Some("" | "never") => Some(None),
        Some(rules) => Some(Some(setkey::parse_action(rules).map_err(|error| {
            let next = "write `never`, `none`, or `ipsec esp/transport//require`";
            usage("bad-rules", format!("these rules cannot be read: {error}"), "approve", next)
        })?)),
    };
    Ok(GroupChange { watchers, approve, rings: body.rings })
}

pub(super) fn permission(text: &str) -> Result<Permission, Failure> {
    Permission::from_name(text).ok_or_else(|| {
        let what = format!("{} is no answer about watchers", crate::vocab::escape(text));
        usage("bad-permission", what, "watchers", "write allow, policy-only, ask, polite-block or block")
    })
}
