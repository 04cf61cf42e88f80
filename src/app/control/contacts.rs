//! Contacts, and the groups that they belong to.

use super::brain::Known;
use super::failures::{no_such, usage};
use super::request::{ContactBody, ContactChangeBody, GroupBody, GroupChangeBody};
use super::view::{ContactList, ContactView, GroupList, GroupView};
use super::Control;
use crate::agent::{Command, ContactChange, ContactCommand, GroupChange, GroupCommand};
use crate::policy::{setkey, Permission, Relation};
use crate::vocab::{Entity, Failure};

impl Control {
    pub async fn contacts(&self) -> Result<ContactList, Failure> {
        self.look(|known| {
            let mut contacts: Vec<ContactView> = known.contacts().into_iter().map(ContactView::from).collect();
            contacts.sort_by_key(|contact| contact.name.to_lowercase());
            ContactList { contacts }
        })
        .await
    }

    /// By its name or its entity.
    pub async fn contact(&self, name: &str) -> Result<ContactView, Failure> {
        let sought = name.to_owned();
        let found = self.look(move |known| saved(known, &sought)).await?;
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
            let groups = known.groups().into_iter().map(|group| GroupView::of(group, &contacts));
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

    /// Whom a user means by what he typed where an entity is expected: the name of a contact, or the entity.
    pub(super) async fn entity_named(&self, typed: &str) -> Option<Entity> {
        let sought = typed.to_owned();
        let named = self.look(move |known| saved(known, &sought).map(|contact| contact.entity)).await.ok().flatten();
        let text = named.as_deref().unwrap_or(typed);
        Entity::parse(text).or_else(|_| Entity::parse(&format!("sip:{text}"))).ok()
    }
}

pub(super) fn saved(known: &dyn Known, name: &str) -> Option<ContactView> {
    let is_named = |contact: &ContactView| contact.name.to_lowercase() == crate::vocab::escape(name).to_lowercase();
    let is_entity = |contact: &ContactView| contact.entity == name || contact.entity == format!("sip:{name}");
    let all = || known.contacts().into_iter().map(ContactView::from);
    all().find(is_named).or_else(|| all().find(is_entity))
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
