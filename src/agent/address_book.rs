//! Whom our user knows: contacts, and the groups that they belong to. What a group says holds for a contact only once its
//! keys are proven (PROTOCOL sections 1, 2 and 4).

use std::collections::BTreeMap;

use super::effect::Loaded;
use crate::policy::{Action, Groups, Permission, Relation};
use crate::vocab::{Entity, Wall};

/// Somebody whom our user gave a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedContact {
    /// By which he is named wherever a peer is typed; no two are the same but for case.
    pub name: String,
    pub entity: Entity,
    /// Further ones by which he is meant: e-mail addresses and telephone numbers, as they were typed.
    pub addresses: Vec<String>,
    pub group: Option<String>,
    pub note: Option<String>,
    pub since: Wall,
}

/// Contacts to whom the same rules apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactGroup {
    pub name: String,
    pub relation: Relation,
    /// What its members are told when they ask for us.
    pub watchers: Permission,
    /// A policy of a member that is at least as tight as this is approved without asking.
    pub approve: Option<Action>,
    /// Its members may call and ask in quiet hours.
    pub rings: bool,
}

impl ContactGroup {
    /// As it is until the user says otherwise.
    pub fn new(name: &str, relation: Relation) -> Self {
        let rings = matches!(relation, Relation::Own | Relation::Family);
        Self { name: name.to_owned(), relation, watchers: Permission::Allow, approve: None, rings }
    }

    /// It can be changed, and is never removed.
    pub fn is_built_in(&self) -> bool {
        BUILT_IN.iter().any(|relation| relation.name() == self.name)
    }
}

/// Of each a group is always there, by the same name.
const BUILT_IN: [Relation; 4] = [Relation::Own, Relation::Family, Relation::Friend, Relation::Acquaintance];

/// Every contact and group, as the store holds them.
pub struct AddressBook {
    contacts: BTreeMap<Entity, SavedContact>,
    groups: BTreeMap<String, ContactGroup>,
}

impl AddressBook {
    pub fn new(loaded: &mut Loaded) -> Self {
        let built_in = BUILT_IN.iter().map(|relation| ContactGroup::new(relation.name(), *relation));
        let kept = loaded.groups.drain(..);
        let groups = built_in.chain(kept).map(|group| (group.name.clone(), group)).collect();
        let contacts = loaded.contacts.drain(..).map(|contact| (contact.entity.clone(), contact)).collect();
        Self { contacts, groups }
    }

    pub fn contacts(&self) -> impl Iterator<Item = &SavedContact> {
        self.contacts.values()
    }

    /// The built-in ones among the others, by name.
    pub fn groups(&self) -> impl Iterator<Item = &ContactGroup> {
        self.groups.values()
    }

    pub fn group(&self, name: &str) -> Option<&ContactGroup> {
        self.groups.get(name)
    }

    pub fn contact(&self, entity: &Entity) -> Option<&SavedContact> {
        self.contacts.get(entity)
    }

    pub fn named(&self, name: &str) -> Option<&SavedContact> {
        self.contacts.values().find(|contact| is_same_name(&contact.name, name))
    }

    /// Those who are meant by this e-mail address or telephone number.
    pub fn known_by<'a>(&'a self, address: &'a str) -> impl Iterator<Item = &'a SavedContact> {
        let sought = plain(address);
        self.contacts.values().filter(move |contact| contact.addresses.iter().any(|known| plain(known) == sought))
    }

    /// For the policy database. Our own names belong to the group `own`, unless they are contacts that say otherwise.
    pub fn to_groups(&self, names: &[Entity]) -> Groups {
        let of = |contact: &SavedContact| Some((contact.entity.clone(), contact.group.clone()?));
        let ours = names.iter().filter(|name| !self.contacts.contains_key(name));
        let ours = ours.map(|name| (name.clone(), Relation::Own.name().to_owned()));
        Groups::new(ours.chain(self.contacts.values().filter_map(of)).collect())
    }

    pub fn keep_contact(&mut self, contact: SavedContact) {
        self.contacts.insert(contact.entity.clone(), contact);
    }

    pub fn remove_contact(&mut self, entity: &Entity) {
        self.contacts.remove(entity);
    }

    pub fn keep_group(&mut self, group: ContactGroup) {
        self.groups.insert(group.name.clone(), group);
    }

    pub fn remove_group(&mut self, name: &str) {
        self.groups.remove(name);
    }
}

pub fn is_same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.trim().to_lowercase()
}

/// As two writings of one e-mail address or telephone number are the same (RFC 3966 section 5.1.1: visual separators).
fn plain(address: &str) -> String {
    let address = address.trim();
    let bare = match address.split_once(':') {
        Some((scheme, rest)) if ["tel", "mailto"].contains(&scheme.to_ascii_lowercase().as_str()) => rest,
        _ => address,
    };
    match bare.contains('@') {
        true => bare.to_ascii_lowercase(),
        false => bare.chars().filter(|c| !" -.()".contains(*c)).collect::<String>().to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(contacts: &[SavedContact]) -> AddressBook {
        let mut book = AddressBook::new(&mut Loaded::default());
        contacts.iter().for_each(|contact| book.keep_contact(contact.clone()));
        book
    }

    fn bob(group: Option<&str>) -> SavedContact {
        SavedContact {
            name: "Bob".into(),
            entity: Entity::parse("sip:bob@192.168.1.2").unwrap(),
            addresses: vec!["bob@example.org".into(), "+49 (30) 123-45".into()],
            group: group.map(str::to_owned),
            note: None,
            since: Wall(0),
        }
    }

    #[test]
    fn a_contact_is_found_by_name_and_by_each_of_its_addresses_however_they_are_written() {
        let book = book(&[bob(None)]);
        for name in ["Bob", "bob", " BOB "] {
            assert!(book.named(name).is_some(), "{name}");
        }
        for address in ["BOB@example.org", "mailto:bob@example.org", "+493012345", "tel:+49-30-12345"] {
            assert_eq!(book.known_by(address).count(), 1, "{address}");
        }
        assert_eq!(book.known_by("+4930123456").count(), 0);
        assert!(book.named("bobby").is_none());
    }

    #[test]
    fn four_groups_are_always_there_and_a_kept_one_of_their_name_stands_in_their_place() {
        let strict = ContactGroup { watchers: Permission::Block, ..ContactGroup::new("friend", Relation::Friend) };
        let mut loaded = Loaded { groups: vec![strict.clone()], ..Loaded::default() };
        let book = AddressBook::new(&mut loaded);
        let names: Vec<&str> = book.groups().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["acquaintance", "family", "friend", "own"]);
        assert_eq!(book.group("friend"), Some(&strict));
    }

    #[test]
    fn what_the_policy_database_gets_is_who_is_in_which_group() {
        let book = book(&[bob(Some("family"))]);
        let alice = Entity::parse("sip:alice@a").unwrap();
        let groups = book.to_groups(std::slice::from_ref(&alice));
        assert_eq!((groups.group_of(&bob(None).entity), groups.group_of(&alice)), (Some("family"), Some("own")));
    }
}
