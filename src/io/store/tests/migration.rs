use super::*;
use crate::agent::Seen;
use crate::vocab::{Nonce, VerifyKey};

/// Databases as the programs of these versions left them: written down, not made by today's code.
const VERSION_1: &str = include_str!("version-1.sql");
const VERSION_3: &str = include_str!("version-3.sql");
const VERSION_4: &str = include_str!("version-4.sql");
const VERSION_5: &str = include_str!("version-5.sql");
const VERSION_8: &str = include_str!("version-8.sql");

/// A directory with the database that `sql` makes.
fn left_by(sql: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    rusqlite::Connection::open(dir.path().join(data_dir::DATABASE)).unwrap().execute_batch(sql).unwrap();
    dir
}

#[test]
fn a_database_of_version_1_is_brought_to_this_version_with_all_that_it_held() {
    let dir = left_by(VERSION_1);
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(1));
    let (store, loaded, device) = on_disk(dir.path()).unwrap();
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(SCHEMA_VERSION));
    assert_eq!(device.as_str(), "0b5e3d56-8a35-4d9c-8a3e-2f0c3f9d4c11");
    assert_eq!(loaded.generation, Generation(7));
    let expected = Entry { id: EntryId(3), tfc: None, ..entry(Direction::Out, ah_and_esp()) };
    assert_eq!(loaded.entries, [Approved::restore(vec![expected], Origin::User, Generation(7))]);
    assert_eq!((loaded.presences[0].entity.as_str(), loaded.pins[0].last_version), ("sip:bob@b", 12));
    assert_eq!((loaded.given.len(), loaded.last_call, loaded.own_user), (0, 0, None));
    let Ok(Stored::Registered { generation, .. }) = run(&store, registering(Vec::new())) else { panic!() };
    assert_eq!(generation, Generation(8));
}

#[test]
fn offers_of_version_4_name_no_device_and_are_let_go() {
    let dir = left_by(VERSION_4);
    let (store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(SCHEMA_VERSION));
    assert_eq!(loaded.seen, [Seen::Nonce { nonce: Nonce([0; 16]), ends: Wall(99) }]);
    assert_eq!((loaded.last_call, loaded.pins.len()), (4, 1));
    let seen = Seen::Offer { device: VerifyKey([1; 32]), ephemeral: [2; 32], time: Wall(9) };
    run(&store, StoreOp::RecordSeen { seen, at: Wall(1) }).unwrap();
}

#[test]
fn pins_of_version_5_have_seen_nothing_published() {
    let dir = left_by(VERSION_5);
    let (_, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(SCHEMA_VERSION));
    assert_eq!((loaded.pins[0].last_version, loaded.pins[0].last_published), (12, 0));
    assert_eq!((loaded.seen.len(), loaded.vouches.len()), (2, 0));
}

#[test]
fn the_word_that_version_8_kept_is_for_the_agents_own_name_and_its_accounts_have_the_defaults() {
    let dir = left_by(VERSION_8);
    let (_, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(SCHEMA_VERSION));
    assert_eq!(loaded.vouches.iter().map(|(name, vouch)| (name, vouch.key.0)).collect::<Vec<_>>(), [(&None, [0; 32])]);
    let account = &loaded.accounts[0].config;
    let (name, beside) = (account.entity.as_str(), &account.beside);
    assert_eq!((name, account.watchers, beside, account.mailbox), ("sip:alice@example.org", true, &None, false));
}

#[test]
fn of_the_calls_of_version_3_those_of_approved_peers_and_our_own_count_as_known() {
    let dir = left_by(VERSION_3);
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(3));
    let (store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(SCHEMA_VERSION));
    assert_eq!((loaded.last_call, loaded.given.len(), loaded.seen.len()), (4, 1, 0));
    assert_eq!(loaded.pins[0].statement.map(|hash| hash.0), Some([0; 32]));
    let calls = |database: &rusqlite::Connection| {
        let mut query = database.prepare("SELECT peer, known FROM call_history ORDER BY number").unwrap();
        let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))).unwrap();
        Ok(rows.collect::<Result<Vec<_>, _>>().unwrap())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let named = [("sip:bob@b", true), ("sip:eve@e", false), ("sip:carol@c", true), ("sip:bob@b", true)];
    let named = named.map(|(peer, known)| (peer.to_owned(), known));
    assert_eq!(runtime.block_on(store.read(calls)).unwrap(), named);
    assert_eq!(runtime.block_on(store.history(10, HistoryFilter::default())).unwrap()[3].dropped["replay"], 2);
    let seen = Seen::Nonce { nonce: Nonce([1; 16]), ends: Wall(9) };
    run(&store, StoreOp::RecordSeen { seen, at: Wall(1) }).unwrap();
}
