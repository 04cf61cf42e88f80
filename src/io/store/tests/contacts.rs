use super::*;
use crate::agent::{ContactGroup, SavedContact, WatcherRule};
use crate::policy::{Permission, Relation};
use crate::presence::Vouch;
use crate::vocab::{Entity, SignatureBytes, VerifyKey};

fn entity(text: &str) -> Entity {
    Entity::parse(text).unwrap()
}

fn bob() -> SavedContact {
    SavedContact {
        name: "Bob".into(),
        entity: entity("sip:bob@b"),
        addresses: vec!["+4930123456".into(), "bob@example.org".into()],
        group: Some("work".into()),
        note: Some("from the fair".into()),
        since: Wall(7),
    }
}

fn keep(contact: SavedContact, before: Option<&str>) -> StoreOp {
    let before = before.map(entity);
    StoreOp::KeepContact { contact: Box::new(contact), before, audit: audit_row("contact") }
}

#[test]
fn contacts_groups_and_answers_come_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let approve = Some(Action::Ipsec(vec![rule(Protocol::Esp, Level::Require)]));
    let work = ContactGroup { approve, rings: true, ..ContactGroup::new("work", Relation::Acquaintance) };
    let answer =
        |permission| WatcherRule { watcher: "ab".repeat(32), entity: entity("sip:eve@e"), permission, since: Wall(8) };
    {
        let (store, ..) = on_disk(dir.path()).unwrap();
        run(&store, keep(bob(), None)).unwrap();
        run(&store, StoreOp::KeepGroup { group: work.clone(), audit: audit_row("group") }).unwrap();
        for permission in [Permission::Allow, Permission::PoliteBlock] {
            let rules = vec![answer(permission)];
            run(&store, StoreOp::KeepWatcherRules { rules, audit: audit_row("answer") }).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(store.audit(10, None)).unwrap().len(), 4, "each with its row");
        runtime.block_on(store.close());
    }
    let (store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!((loaded.contacts, loaded.groups), (vec![bob()], vec![work]));
    assert_eq!(loaded.watcher_rules, [answer(Permission::PoliteBlock)]);
    let watchers = vec!["ab".repeat(32)];
    run(&store, StoreOp::ForgetWatcherRules { watchers, audit: audit_row("forgotten") }).unwrap();
    run(&store, StoreOp::RemoveGroup { name: "work".into(), audit: audit_row("gone") }).unwrap();
    run(&store, StoreOp::RemoveContact { entity: entity("sip:bob@b"), audit: audit_row("gone") }).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(store.close());
    let (_, loaded, _) = on_disk(dir.path()).unwrap();
    assert!(loaded.contacts.is_empty() && loaded.groups.is_empty() && loaded.watcher_rules.is_empty());
}

#[test]
fn a_contact_of_another_entity_leaves_nothing_of_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let moved = SavedContact { entity: entity("sip:bob@c"), addresses: vec!["bob@c.example".into()], ..bob() };
    let (store, ..) = on_disk(dir.path()).unwrap();
    run(&store, keep(bob(), None)).unwrap();
    run(&store, keep(moved.clone(), Some("sip:bob@b"))).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(store.close());
    let (_, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(loaded.contacts, [moved]);
}

#[test]
fn a_word_that_is_taken_back_is_gone_and_those_for_other_names_stay() {
    let dir = tempfile::tempdir().unwrap();
    let vouch = Vouch { key: VerifyKey([1; 32]), signature: SignatureBytes([2; 64]) };
    let (store, ..) = on_disk(dir.path()).unwrap();
    for name in ["sip:alice@a", "sip:alice@example.org"] {
        run(&store, StoreOp::KeepVouch { entity: entity(name), vouch }).unwrap();
    }
    let gone = StoreOp::ForgetVouch { entity: entity("sip:alice@a"), own: true, audit: audit_row("revoked") };
    run(&store, gone).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(store.close());
    let (_, loaded, _) = on_disk(dir.path()).unwrap();
    let names: Vec<_> = loaded.vouches.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, [Some(entity("sip:alice@example.org"))]);
}
