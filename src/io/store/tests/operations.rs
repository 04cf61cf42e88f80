use super::*;

use rusqlite::Connection;

use super::history::call;
use crate::agent::{AccountConfig, AddedAccount, Given, Hop, Pin, Watched};
use crate::policy::{Environment, Evidence, PlaceCondition, Scope, Suite};
use crate::presence::{Names, PresenceRecord};
use crate::vocab::{AgreementKey, Digest, Entity, Fingerprint, Nonce, PeerText, VerifyKey};

fn everything() -> Entry {
    let ends = Mode::Tunnel { source: "10.0.0.1".parse().unwrap(), destination: "2001:db8::1".parse().unwrap() };
    let tunnel = Rule { protocol: Protocol::Esp, mode: ends, level: Level::Unique };
    let rules = vec![rule(Protocol::Ipcomp, Level::Use), tunnel, rule(Protocol::Ah, Level::Default)];
    Entry {
        suites: vec![Suite::Aes256Gcm, Suite::Chacha20Poly1305],
        priority: -7,
        peer: PeerScope {
            entity: Some(Entity::parse("sip:bob@b").unwrap()),
            device: Some(Device::new("d1").unwrap()),
            group: Some("friends".to_owned()),
        },
        place: Some(PlaceCondition { ours: Scope::Private, theirs: Scope::Unknown }),
        expires: Some(Wall(u64::MAX)),
        disabled: true,
        note: Some("a 'quoted' note".to_owned()),
        ..entry(Direction::In, Action::Ipsec(rules))
    }
}

#[test]
fn every_field_of_an_entry_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let written =
        vec![everything(), entry(Direction::Out, Action::Discard), Entry { selector: Selector::ANY, ..everything() }];
    let (store, loaded, device) = on_disk(dir.path()).unwrap();
    assert_eq!((loaded.generation, loaded.entries.len()), (Generation(0), 0));
    let Ok(Stored::Registered { generation, entries }) = run(&store, registering(written.clone())) else { panic!() };
    assert_eq!(generation, Generation(1));
    let numbered: Vec<_> = written.into_iter().zip(1..).map(|(entry, id)| Entry { id: EntryId(id), ..entry }).collect();
    assert_eq!(entries, numbered);
    reopened(store);
    let (_store, loaded, same) = on_disk(dir.path()).unwrap();
    assert_eq!(same, device);
    assert_eq!(loaded.generation, Generation(1));
    assert_eq!(loaded.entries, [Approved::restore(numbered, Origin::User, Generation(1))]);
    assert_eq!(loaded.default, None);
}

/// Closed before it is opened again.
fn reopened(store: Store) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.close());
    assert_eq!(run(&store, StoreOp::Audit(audit_row("late"))).unwrap_err().code, "store-closed");
}

#[test]
fn whom_the_user_follows_is_kept_once_and_forgotten_when_he_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (store, loaded, _) = on_disk(dir.path()).unwrap();
    assert!(loaded.watches.is_empty());
    let keep = |peer: &str, since| StoreOp::KeepWatch(Watched { peer: peer.into(), since: Wall(since) });
    for op in [keep("sip:bob@b", 1), keep("sip:bob@b", 2), keep("sip:carol@c", 3)] {
        run(&store, op).unwrap();
    }
    run(&store, StoreOp::ForgetWatch { peer: "sip:carol@c".into() }).unwrap();
    reopened(store);
    let (_store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(loaded.watches, [Watched { peer: "sip:bob@b".into(), since: Wall(1) }]);
}

#[test]
fn a_new_default_replaces_the_old_one_and_no_other_entry() {
    let store = in_memory();
    run(&store, registering(vec![everything()])).unwrap();
    let default = |action: Action| StoreOp::Register {
        approved: own(vec![entry(Direction::Out, action)]),
        default: true,
        replace_keys: false,
        audit: audit_row("default"),
    };
    run(&store, default(Action::None)).unwrap();
    run(&store, default(Action::Discard)).unwrap();
    let loaded = loaded(&store);
    assert_eq!(loaded.entries.len(), 1);
    assert_eq!(loaded.default.unwrap().entries()[0].action, Action::Discard);
    assert_eq!(loaded.generation, Generation(3));
}

#[test]
fn a_removed_entry_is_gone_and_its_number_is_never_given_again() {
    let store = in_memory();
    let remove = |generation| removing(EntryId(1), Generation(generation), "removed");
    run(&store, registering(vec![everything()])).unwrap();
    let gone = Stored::Registered { generation: Generation(2), entries: Vec::new() };
    assert_eq!(run(&store, remove(1)).unwrap(), gone);
    let failure = run(&store, remove(1)).unwrap_err();
    assert_eq!(failure.code, "policy-stale", "it was decided against another state");
    let failure = run(&store, remove(2)).unwrap_err();
    assert_eq!((failure.code, failure.subject.as_str()), ("no-such-entry", "e1"));
    let Ok(Stored::Registered { entries, generation }) = run(&store, registering(vec![everything()])) else { panic!() };
    assert_eq!((entries[0].id, generation), (EntryId(2), Generation(3)), "the refused removal made no generation");
    assert_eq!(audits(&store).len(), 3, "nor an audit row");
}

#[test]
fn the_audit_table_cannot_be_changed_or_shortened() {
    let database = schema::open(None).unwrap();
    database
        .execute("INSERT INTO audit (at, kind, subject, detail, generation) VALUES (1, 'a', 'b', 'c', 0)", [])
        .unwrap();
    for sql in ["UPDATE audit SET detail = 'x'", "DELETE FROM audit", "DELETE FROM audit WHERE number = 1"] {
        let error = database.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("never"), "{sql}: {error}");
    }
}

#[test]
fn audit_rows_are_read_newest_first_and_page_by_page() {
    let store = in_memory();
    for detail in ["one", "two", "three"] {
        run(&store, StoreOp::Audit(audit_row(detail))).unwrap();
    }
    let details = |rows: Vec<AuditEntry>| rows.into_iter().map(|row| row.detail).collect::<Vec<_>>();
    assert_eq!(details(block(store.audit(2, None)).unwrap()), ["three", "two"]);
    assert_eq!(details(block(store.audit(2, Some(2))).unwrap()), ["one"]);
}

#[test]
fn a_presence_keeps_its_document_when_only_a_name_changes() {
    let store = in_memory();
    let record = PresenceRecord {
        entity: Entity::parse("sip:bob@b").unwrap(),
        device: Device::new("d1").unwrap(),
        contact: PeerText::new("sip:bob@192.0.2.1"),
        address: Some("133.134.10.10".parse().unwrap()),
        observed: true,
        user: Some(PeerText::new("Bob\u{202e}")),
        place: None,
        environment: Some(Environment { scope: Scope::Public, evidence: Evidence::Address, address: None }),
        time: Wall(u64::MAX),
        version: u64::MAX - 1,
        expires: Wall(0),
        names: Names::default(),
    };
    run(&store, StoreOp::RememberPresence { record: Box::new(record.clone()), document: b"<presence/>".to_vec() })
        .unwrap();
    let renamed = PresenceRecord {
        names: Names { user: Some("Bobby".to_owned()), place: None, mail: Some("b@b.example".to_owned()) },
        ..record
    };
    run(&store, StoreOp::RememberPresence { record: Box::new(renamed.clone()), document: Vec::new() }).unwrap();
    assert_eq!(loaded(&store).presences, std::slice::from_ref(&renamed));
    let document = |database: &rusqlite::Connection| {
        database
            .query_row("SELECT document FROM presence", [], |row| row.get::<_, Vec<u8>>(0))
            .map_err(|e| failures::sqlite("x", &e))
    };
    assert_eq!(block(store.read(document)).unwrap(), b"<presence/>");
    run(&store, StoreOp::RemovePresence { entity: renamed.entity }).unwrap();
    assert_eq!(loaded(&store).presences, []);
}

#[test]
fn what_was_given_is_kept_by_watcher_and_our_highest_version_ever() {
    let store = in_memory();
    let given = |watcher: &str, version, nonce| Given {
        watcher: watcher.to_owned(),
        version,
        hash: Digest([3; 32]),
        expires: Wall(9),
        nonce,
    };
    let rows = [given("a", 10, Some(Nonce([1; 16]))), given("b", 30, None), given("a", 20, None)];
    for row in rows.clone() {
        run(&store, StoreOp::RecordGiven { given: row, known: true }).unwrap();
    }
    let loaded = loaded(&store);
    assert_eq!((loaded.given, loaded.own_version), (rows[1..].to_vec(), 30));
}

#[test]
fn a_pin_moves_on_only_with_the_pinned_keys() {
    let store = in_memory();
    for op in [StoreOp::UpdatePin(pin(1)), StoreOp::VerifyPins { pins: vec![pin(1)], audit: audit_row("verified") }] {
        assert_eq!(run(&store, op).unwrap_err().code, "not-pinned");
    }
    assert_eq!(audits(&store), [], "nothing was verified");
}

fn pin(key: u8) -> Pin {
    Pin {
        entity: Entity::parse("sip:bob@b").unwrap(),
        device: Device::new("d1").unwrap(),
        signing_key: VerifyKey([key; 32]),
        agreement_key: AgreementKey([key; 32]),
        fingerprint: Fingerprint([key; 32]),
        since: Wall(1),
        verified: true,
        last_version: 7,
        last_published: 9,
        statement: Some(Digest([key; 32])),
    }
}

#[test]
fn our_own_presence_is_one_row() {
    let store = in_memory();
    let steps = [
        ((None, Some("office")), (None, Some("office"))),
        ((Some("Alice"), None), (Some("Alice"), Some("office"))),
        ((None, Some("")), (Some("Alice"), None)),
        ((None, None), (Some("Alice"), None)),
        ((Some(""), Some("home")), (None, Some("home"))),
    ];
    for ((user, place), left) in steps {
        let [user, place] = [user, place].map(|text| text.map(str::to_owned));
        run(&store, StoreOp::SetOwnPresence { user, place }).unwrap();
        let loaded = loaded(&store);
        assert_eq!((loaded.own_user.as_deref(), loaded.own_place.as_deref()), left);
    }
}

#[test]
fn a_full_disk_changes_nothing_and_the_store_goes_on_when_there_is_room() {
    let store = in_memory();
    run(&store, registering(vec![everything()])).unwrap();
    let pages = |limit: &'static str| {
        block(store.read(move |database| Ok(database.query_row(limit, [], |row| row.get::<_, i64>(0)).unwrap())))
            .unwrap()
    };
    pages("PRAGMA max_page_count = 1");
    let many = vec![Entry { note: Some("x".repeat(5000)), ..everything() }; 40];
    let failure = run(&store, registering(many.clone())).unwrap_err();
    assert_eq!(failure.code, "disk-full", "{failure}");
    let still = loaded(&store);
    assert_eq!((still.generation, still.entries.len(), audits(&store).len()), (Generation(1), 1, 1));
    pages("PRAGMA max_page_count = 100000");
    run(&store, registering(many)).unwrap();
    assert_eq!(loaded(&store).generation, Generation(2));
}

#[test]
fn a_row_that_cannot_be_read_stops_the_start_and_is_named() {
    let damages = [
        ("UPDATE policy_entry SET source_address = 'x'", "policy_entry.source_address"),
        ("UPDATE policy_entry SET suites = 'rot13'", "policy_entry.suites"),
        ("DELETE FROM policy_rule", "policy_entry.action"),
        ("UPDATE policy_entry SET action = 'none'", "policy_entry.action"),
        ("UPDATE meta SET value = 'many' WHERE name = 'generation'", "meta.generation"),
    ];
    for (sql, named) in damages {
        let mut database = schema::open(None).unwrap();
        ops::execute(&mut database, &registering(vec![everything()])).unwrap();
        database.execute_batch(sql).unwrap();
        let failure = load::load(&database).unwrap_err();
        assert_eq!(failure.code, "store-damaged");
        assert!(failure.message.contains(named), "{failure}");
    }
}

/// The store's thread waits in its answer to an audit row, until what comes back is dropped.
fn hold(store: &Store) -> mpsc::Sender<()> {
    let ((go, wait), (begun, begins)) = (mpsc::channel::<()>(), mpsc::channel());
    let held = move |_| {
        begun.send(()).unwrap();
        assert!(wait.recv().is_err());
    };
    store.place().unwrap().unwrap().execute(StoreOp::Audit(audit_row("first")), held);
    begins.recv().unwrap();
    go
}

#[test]
fn one_of_several_that_fails_takes_nothing_from_the_others() {
    let mut database = schema::open(None).unwrap();
    let nobody = removing(EntryId(7), Generation(0), "not done");
    let ops = [StoreOp::Audit(audit_row("before")), nobody, StoreOp::RecordCall(Box::new(call(1, false)))];
    let results = ops::execute_all(&mut database, &ops);
    let told: Vec<_> = results.into_iter().map(|result| result.map_err(|failure| failure.code)).collect();
    assert_eq!(told, [Ok(Stored::Done), Err("no-such-entry"), Ok(Stored::Done)]);
    let details = "SELECT group_concat(detail) FROM audit";
    assert_eq!(database.query_row(details, [], |row| row.get::<_, String>(0)).unwrap(), "before");
    assert_eq!(load::load(&database).unwrap().last_call, 1);
}

#[test]
fn operations_that_wait_together_share_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ..) = on_disk(dir.path()).unwrap();
    let go = hold(&store);
    let (tell, told) = mpsc::channel();
    for detail in ["a", "b", "c"] {
        let (tell, path) = (tell.clone(), dir.path().join(data_dir::DATABASE));
        let count = move |_| {
            let other = Connection::open(path).unwrap();
            let rows = other.query_row("SELECT count(*) FROM audit", [], |row| row.get::<_, i64>(0));
            tell.send(rows.unwrap()).unwrap();
        };
        store.place().unwrap().unwrap().execute(StoreOp::Audit(audit_row(detail)), count);
    }
    drop((go, tell));
    assert_eq!(told.iter().collect::<Vec<_>>(), [4; 3], "whoever hears first finds all of them");
}

#[test]
fn a_full_queue_is_told_to_readers_and_waited_for_by_the_rest() {
    let store = in_memory();
    let go = hold(&store);
    let mut queued = 0;
    while let Some(place) = store.place().unwrap() {
        queued += 1;
        place.execute(StoreOp::Audit(audit_row("more")), |_| ());
    }
    assert!(queued <= QUEUE && queued + 1 >= QUEUE, "{queued}");
    assert_eq!(block(store.audit(1, None)).unwrap_err().code, "store-busy");
    let waits = std::thread::scope(|scope| {
        let late = scope.spawn(|| {
            block(store.wait_for_place()).map(|place| place.execute(StoreOp::Audit(audit_row("late")), |_| ()))
        });
        drop(go);
        late.join().unwrap()
    });
    waits.unwrap();
    block(store.close());
    assert_eq!(run(&store, StoreOp::Audit(audit_row("after the end"))).unwrap_err().code, "store-closed");
}

#[test]
fn closing_finishes_what_is_queued_even_when_the_queue_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ..) = on_disk(dir.path()).unwrap();
    let go = hold(&store);
    let mut queued = 1;
    while let Some(place) = store.place().unwrap() {
        queued += 1;
        place.execute(StoreOp::Audit(audit_row("more")), |_| ());
    }
    std::thread::scope(|scope| {
        scope.spawn(|| block(store.close()));
        drop(go);
    });
    let (store, ..) = on_disk(dir.path()).unwrap();
    assert_eq!(audits(&store).len(), queued);
}

#[test]
fn a_memory_store_leaves_nothing_on_disk_and_has_its_own_device() {
    let open = || Store::open(&Location::Memory).unwrap();
    let (first, second) = (open(), open());
    assert_ne!(first.device, second.device);
    assert_ne!(first.identity.fingerprint(), second.identity.fingerprint());
}

#[test]
fn a_data_directory_keeps_device_and_keys_and_admits_one_agent() {
    let dir = tempfile::tempdir().unwrap();
    let location = Location::Disk(dir.path().join("data"));
    let first = Store::open(&location).unwrap();
    let failure = Store::open(&location).err().unwrap();
    assert_eq!(failure.code, "data-dir-in-use");
    reopened(first.store);
    let again = Store::open(&location).unwrap();
    assert_eq!(again.device, first.device);
    assert_eq!(again.identity.fingerprint(), first.identity.fingerprint());
}

pub(super) fn loaded(store: &Store) -> Loaded {
    block(store.read(load::load)).unwrap()
}

fn audits(store: &Store) -> Vec<AuditEntry> {
    block(store.audit(1000, None)).unwrap()
}

pub(super) fn block<T>(future: impl std::future::Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn an_account_that_was_added_is_there_again_until_it_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(loaded.accounts, []);
    let entity = Entity::parse("sip:alice@example.org").unwrap();
    let config = AccountConfig {
        user: "al".to_owned(),
        realm: "r".to_owned(),
        expires: std::time::Duration::from_secs(60),
        publish: false,
        watchers: false,
        mailbox: true,
        phone_context: Some("+4930".to_owned()),
        ..AccountConfig::new(entity.clone(), Hop::parse("tls:[2001:db8::1]:5061"))
            .with_beside(Hop::parse("tls:b.example"))
    };
    let account = AddedAccount { config, sealed: Some(vec![1, 2, 3]) };
    let add = StoreOp::AddAccount { account: Box::new(account.clone()), audit: audit_row("added") };
    run(&store, add.clone()).unwrap();
    run(&store, add).unwrap_err();
    let bare = AccountConfig::new(Entity::parse("sip:al@b.example").unwrap(), None);
    let bare = AddedAccount { config: bare, sealed: None };
    run(&store, StoreOp::AddAccount { account: Box::new(bare.clone()), audit: audit_row("added") }).unwrap();
    reopened(store);
    let (store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(loaded.accounts, [account, bare.clone()]);
    run(&store, StoreOp::RemoveAccount { entity, audit: audit_row("removed") }).unwrap();
    reopened(store);
    let (_store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(loaded.accounts, [bare]);
}
