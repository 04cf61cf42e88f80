use super::*;

/// A database as the program of version 1 left it: written down, not made by today's code.
const VERSION_1: &str = include_str!("version-1.sql");

#[test]
fn a_database_of_version_1_is_brought_to_this_version_with_all_that_it_held() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(data_dir::DATABASE);
    rusqlite::Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(1));
    let (store, loaded, device) = on_disk(dir.path()).unwrap();
    assert_eq!(version_on_disk(dir.path()).unwrap(), Some(SCHEMA_VERSION));
    assert_eq!(device.as_str(), "0b5e3d56-8a35-4d9c-8a3e-2f0c3f9d4c11");
    assert_eq!(loaded.generation, Generation(7));
    let expected = Entry { id: EntryId(3), ..entry(Direction::Out, ah_and_esp()) };
    assert_eq!(loaded.entries, [Approved::restore(vec![expected], Origin::User, Generation(7))]);
    assert_eq!((loaded.presences[0].entity.as_str(), loaded.pins[0].last_version), ("sip:bob@b", 12));
    assert_eq!((loaded.given.len(), loaded.last_call, loaded.own_user), (0, 0, None));
    let Ok(Stored::Registered { generation, .. }) = run(&store, registering(Vec::new())) else { panic!() };
    assert_eq!(generation, Generation(8));
}
