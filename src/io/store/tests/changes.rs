//! The history of the policy database, and what takes a change back.

use super::operations::loaded;
use super::*;
use crate::agent::Restoring;

fn plain(direction: Direction, action: Action) -> Entry {
    Entry { tfc: None, ..entry(direction, action) }
}

fn changing(store: &Store, put: Vec<Entry>, gone: Vec<EntryId>, default: bool) -> Vec<Entry> {
    let generation = loaded(store).generation;
    let put = if put.is_empty() { None } else { Some(Approved::changed(put, generation).unwrap()) };
    let op = StoreOp::ChangePolicy { put, gone, default, generation, audit: audit_row("change") };
    let Ok(Stored::Registered { entries, .. }) = run(store, op) else { panic!() };
    entries
}

fn restoring(store: &Store, change: Option<u64>) -> Result<Restoring, Failure> {
    runtime().block_on(store.policy_restoring(change))
}

fn changes(store: &Store, entry: Option<u64>) -> Vec<ChangeEntry> {
    runtime().block_on(store.policy_changes(50, entry.map(EntryId))).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn undo(store: &Store, change: Option<u64>) -> Result<(), Failure> {
    let Restoring { put, gone, default, .. } = restoring(store, change)?;
    changing(store, put, gone, default);
    Ok(())
}

fn all(store: &Store) -> Vec<Entry> {
    let loaded = loaded(store);
    let mut all: Vec<Entry> = loaded.entries.into_iter().flat_map(Approved::into_entries).collect();
    all.extend(loaded.default.into_iter().flat_map(Approved::into_entries));
    all
}

/// Each change is taken back, and that again; what comes back has its number, age and origin.
#[test]
fn a_change_is_taken_back_and_that_again() {
    let store = in_memory();
    let none = || plain(Direction::Out, Action::None);
    run(&store, registering(vec![none(), plain(Direction::In, ah_and_esp())])).unwrap();
    let first = all(&store);
    changing(&store, vec![Entry { disabled: true, ..first[0].clone() }], vec![], false);
    let second = all(&store);
    assert!(second[0].disabled && second[0].id == first[0].id && second[1] == first[1]);
    changing(&store, vec![], vec![first[1].id], false);
    let third = all(&store);
    assert_eq!(third, [second[0].clone()]);

    undo(&store, None).unwrap();
    assert_eq!(all(&store), second);
    undo(&store, None).unwrap();
    assert_eq!(all(&store), third, "taking back what was taken back");
    undo(&store, None).unwrap();
    undo(&store, Some(2)).unwrap();
    assert_eq!(all(&store), first, "an older one, whose entry nothing newer has touched");
    undo(&store, Some(1)).unwrap();
    assert_eq!(all(&store), []);
    undo(&store, None).unwrap();
    assert_eq!(all(&store), first);
}

#[test]
fn a_change_that_was_overtaken_is_not_taken_back() {
    let store = in_memory();
    run(&store, registering(vec![plain(Direction::Out, Action::None)])).unwrap();
    let first = all(&store).remove(0);
    changing(&store, vec![Entry { priority: 1, ..first.clone() }], vec![], false);
    changing(&store, vec![Entry { priority: 2, ..first.clone() }], vec![], false);
    for change in [1, 2] {
        let failure = restoring(&store, Some(change)).unwrap_err();
        assert_eq!((failure.code, failure.message.contains("change 3 touched e1")), ("change-overtaken", true));
    }
    for (change, code) in [(Some(9), "no-such-change"), (None, "")] {
        assert_eq!(restoring(&store, change).map_or_else(|failure| failure.code, |_| ""), code);
    }
    assert_eq!(restoring(&in_memory(), None).unwrap_err().code, "no-such-change");
}

#[test]
fn a_default_is_taken_back_as_a_default_and_a_peers_entries_as_they_were() {
    let store = in_memory();
    let default = |action: Action| StoreOp::Register {
        approved: own(vec![plain(Direction::Out, action)]),
        default: true,
        replace_keys: false,
        audit: audit_row("default"),
    };
    run(&store, default(Action::None)).unwrap();
    let first = loaded(&store).default;
    run(&store, default(Action::Discard)).unwrap();
    assert!(restoring(&store, None).unwrap().default);
    undo(&store, None).unwrap();
    let entries = |approved: Option<Approved>| approved.map(Approved::into_entries);
    assert_eq!(entries(loaded(&store).default), entries(first));
    undo(&store, Some(1)).unwrap();
    assert_eq!(loaded(&store).default, None);
}

#[test]
fn the_history_shows_each_entry_before_and_after_and_is_never_changed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ..) = on_disk(dir.path()).unwrap();
    run(&store, registering(vec![plain(Direction::Out, Action::None); 30])).unwrap();
    let first = all(&store).remove(0);
    changing(&store, vec![Entry { disabled: true, ..first.clone() }], vec![EntryId(30)], false);
    let history = changes(&store, None);
    assert_eq!(history.iter().map(|change| (change.number, change.more)).collect::<Vec<_>>(), [(2, 0), (1, 10)]);
    let words = |change: &ChangeEntry, at: usize| {
        let Changed { id, before, after } = change.entries[at].clone();
        (id.0, before.is_some(), after.map(|after| after.contains(" disabled")))
    };
    assert_eq!(words(&history[0], 0), (1, true, Some(true)));
    assert_eq!(words(&history[0], 1), (30, true, None));
    assert_eq!(words(&history[1], 0), (1, false, Some(false)), "as the next change found it");
    assert_eq!(words(&history[1], 1), (2, false, Some(false)), "as it is now");
    assert_eq!(changes(&store, Some(2)).len(), 1);
    assert_eq!(changes(&store, Some(30)).len(), 2);
    runtime().block_on(store.close());
    let database = rusqlite::Connection::open(dir.path().join(data_dir::DATABASE)).unwrap();
    for sql in ["DELETE FROM policy_change", "UPDATE policy_change SET before = 'x'"] {
        assert!(database.execute(sql, []).unwrap_err().to_string().contains("never"), "{sql}");
    }
}

/// Nothing of a change that fails is kept, its history neither.
#[test]
fn a_change_is_kept_whole_or_not_at_all() {
    let store = in_memory();
    run(&store, registering(vec![plain(Direction::Out, Action::None)])).unwrap();
    let before = all(&store);
    let put = Some(Approved::changed(vec![Entry { priority: 9, ..before[0].clone() }], Generation(1)).unwrap());
    let op = StoreOp::ChangePolicy {
        put,
        gone: vec![EntryId(77)],
        default: false,
        generation: Generation(1),
        audit: audit_row("change"),
    };
    assert_eq!(run(&store, op).unwrap_err().code, "no-such-entry");
    assert_eq!((all(&store), loaded(&store).generation, changes(&store, None).len()), (before, Generation(1), 1));
}
