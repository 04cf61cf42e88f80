use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use crate::agent::{ContactGroup, SavedContact, UnknownWatchers};
use crate::policy::{Action, Permission, Relation};
use crate::vocab::{escape, Entity};

/// Somebody whom you gave a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactView {
    /// It works wherever a peer is typed.
    pub name: String,
    pub entity: String,
    /// Further e-mail addresses and telephone numbers.
    pub addresses: Vec<String>,
    pub group: Option<String>,
    pub note: Option<String>,
    pub since: String,
    /// Keys of it are approved. Without one nothing that its group says counts for it.
    pub approved: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactList {
    /// By name.
    pub contacts: Vec<ContactView>,
}

/// Contacts to whom the same rules apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupView {
    pub name: String,
    /// `own`, `family`, `friend`, `acquaintance`, or `unknown`: everybody who is in no group.
    pub relation: String,
    /// What its members are told: `allow`, `policy-only`, `ask`, `polite-block`, `block`.
    pub watchers: String,
    /// A policy of a member that is at least as tight as this, and not below the advice, is approved without asking.
    pub approve: Option<String>,
    /// Its members may call and ask in quiet hours.
    pub rings: bool,
    /// It is always there.
    pub built_in: bool,
    /// The names of its contacts.
    pub members: Vec<String>,
    /// Those of them of whom no key is approved: nothing that the group says counts for them yet.
    pub unproven: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupList {
    /// The last one is `unknown`, of which the configuration tells.
    pub groups: Vec<GroupView>,
}

impl ContactView {
    pub(in crate::app) fn of(saved: &SavedContact, approved: &BTreeSet<Entity>) -> Self {
        Self {
            approved: approved.contains(&saved.entity),
            name: escape(&saved.name),
            entity: saved.entity.to_string(),
            addresses: saved.addresses.iter().map(|address| escape(address)).collect(),
            group: saved.group.clone(),
            note: saved.note.as_deref().map(escape),
            since: timestamp(saved.since),
        }
    }
}

impl GroupView {
    pub(in crate::app) fn of(group: &ContactGroup, contacts: &[&SavedContact], approved: &BTreeSet<Entity>) -> Self {
        let mine = |saved: &&&SavedContact| saved.group.as_ref() == Some(&group.name);
        let unproven = |saved: &&&SavedContact| !approved.contains(&saved.entity);
        Self {
            name: group.name.clone(),
            relation: group.relation.name().to_owned(),
            watchers: group.watchers.name().to_owned(),
            approve: group.approve.as_ref().map(Action::to_string),
            rings: group.rings,
            built_in: group.is_built_in(),
            members: contacts.iter().filter(mine).map(|saved| escape(&saved.name)).collect(),
            unproven: contacts.iter().filter(mine).filter(unproven).map(|saved| escape(&saved.name)).collect(),
        }
    }

    /// Everybody else, as the configuration has it.
    pub(in crate::app) fn of_strangers(unknown: UnknownWatchers) -> Self {
        let permission: Permission = unknown.permission();
        Self {
            name: Relation::Unknown.name().to_owned(),
            relation: Relation::Unknown.name().to_owned(),
            watchers: permission.name().to_owned(),
            approve: None,
            rings: false,
            built_in: true,
            members: Vec::new(),
            unproven: Vec::new(),
        }
    }
}
