use std::collections::BTreeMap;

use crate::vocab::Entity;

/// Which contact group each contact belongs to: one at most. Whoever is nobody's contact belongs to none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    of: BTreeMap<Entity, String>,
}

impl Groups {
    pub fn new(of: BTreeMap<Entity, String>) -> Self {
        Self { of }
    }

    /// The name of the group that `entity` belongs to.
    pub fn group_of(&self, entity: &Entity) -> Option<&str> {
        self.of.get(entity).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_nobodys_contact_belongs_to_no_group() {
        let bob = Entity::parse("sip:bob@192.168.1.2").unwrap();
        let groups = Groups::new(BTreeMap::from([(bob.clone(), "friend".to_owned())]));
        assert_eq!(groups.group_of(&bob), Some("friend"));
        assert_eq!(groups.group_of(&Entity::parse("sip:eve@192.168.1.2").unwrap()), None);
    }
}
