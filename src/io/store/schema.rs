//! The database's versions. A migration that has been released is never edited: a new one is added.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::failures;
use crate::vocab::Failure;

/// Marks a database as ours (`PRAGMA application_id`): "SVOC".
const APPLICATION_ID: i64 = 0x5356_4f43;

/// What the list below leads to (`PRAGMA user_version`).
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// Entry `n` leads from version `n` to `n + 1`, in one transaction.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
    include_str!("schema/9.sql"),
    include_str!("schema/10.sql"),
    include_str!("schema/11.sql"),
    include_str!("schema/12.sql"),
    include_str!("schema/13.sql"),
    include_str!("schema/14.sql"),
    include_str!("schema/15.sql"),
    include_str!("schema/16.sql"),
    include_str!("schema/17.sql"),
    include_str!("schema/18.sql"),
    include_str!("schema/19.sql"),
    include_str!("schema/20.sql"),
    include_str!("schema/21.sql"),
];

/// Opens the database at `path`, or one in memory, and brings it to [`VERSION`].
pub fn open(path: Option<&Path>) -> Result<Connection, Failure> {
    let mut database = match path {
        None => Connection::open_in_memory().map_err(|error| failures::sqlite("be opened", &error))?,
        Some(path) => open_file(path)?,
    };
    configure(&database).map_err(|error| failures::sqlite("be configured", &error))?;
    migrate(&mut database, MIGRATIONS).map_err(|error| failures::sqlite("be brought to this version", &error))?;
    Ok(database)
}

/// The version of the database at `path`; `None` when there is no file, or an empty one.
pub fn version_on_disk(path: &Path) -> Result<Option<i64>, Failure> {
    if std::fs::metadata(path).map_or(0, |found| found.len()) == 0 {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags).map_err(|error| failures::sqlite("be opened", &error))?;
    identify(&database, path)
}

fn open_file(path: &Path) -> Result<Connection, Failure> {
    let directory = |error: std::io::Error| failures::directory(path, &error);
    // Made here and not by SQLite: its mode must be right from the first octet. Its WAL takes the same mode.
    let made = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    made.map_err(directory)?;
    let found = version_on_disk(path)?;
    if found.is_some_and(|found| found > VERSION) {
        return Err(failures::newer(path, found.unwrap_or_default(), VERSION));
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(directory)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| failures::sqlite("be opened", &error))
}

/// Our version number, if the database is ours, or still without any content.
fn identify(database: &Connection, path: &Path) -> Result<Option<i64>, Failure> {
    let number = |pragma: &str| database.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    let objects = database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    match (number("application_id"), number("user_version"), objects) {
        (Ok(APPLICATION_ID), Ok(version), _) => Ok(Some(version)),
        (Ok(0), Ok(0), Ok(0)) => Ok(None),
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) if !is_no_database(&error) => {
            Err(failures::sqlite("be read", &error))
        }
        _ => Err(failures::foreign(path)),
    }
}

fn is_no_database(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase)
}

/// Statements that stay prepared: more than there are.
const STATEMENTS: usize = 64;

fn configure(database: &Connection) -> rusqlite::Result<()> {
    database.set_prepared_statement_cache_capacity(STATEMENTS);
    database.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    database.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;",
    )
}

fn migrate(database: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let found: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(found).unwrap_or(0);
    for (from, sql) in migrations.iter().enumerate().skip(done) {
        let step = database.transaction()?;
        step.execute_batch(sql)?;
        step.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}", from + 1))?;
        step.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(database: &Connection) -> i64 {
        database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before_it_whole() {
        let mut database = Connection::open_in_memory().unwrap();
        let bad = ["CREATE TABLE a (x)", "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)"];
        migrate(&mut database, &bad).unwrap_err();
        assert_eq!(version(&database), 1);
        assert!(database.prepare("SELECT x FROM b").is_err());
        migrate(&mut database, &["", "CREATE TABLE b (x)"]).unwrap();
        assert_eq!(version(&database), 2);
    }

    #[test]
    fn a_newer_database_and_a_foreign_file_are_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let newer = dir.path().join("newer.db");
        open(Some(&newer)).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
        let foreign = dir.path().join("foreign.db");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let text = dir.path().join("text.db");
        std::fs::write(&text, "Dear diary, this is a text file and no database at all. ".repeat(20)).unwrap();
        for (path, code) in [(newer, "store-newer"), (foreign, "store-foreign"), (text, "store-foreign")] {
            let before = std::fs::read(&path).unwrap();
            let failure = open(Some(&path)).unwrap_err();
            assert_eq!(failure.code, code, "{failure}");
            assert_eq!(failure.subject, path.display().to_string());
            assert_eq!(std::fs::read(&path).unwrap(), before, "{code}");
        }
    }

    #[test]
    fn the_database_is_private_durable_and_marked_as_ours() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        assert_eq!(version_on_disk(&path).unwrap(), None);
        let database = open(Some(&path)).unwrap();
        let pragma = |name: &str| {
            database.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
        };
        assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
        assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2.into(), 1.into()));
        for file in ["a.db", "a.db-wal"] {
            let mode = std::fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        assert_eq!(version_on_disk(&path).unwrap(), Some(VERSION));
    }
}
