//! What must survive: one SQLite database on its own thread, the lock that keeps a second agent out of the data
//! directory, and the device's secret key.
//!
//! Every [`StoreOp`] is kept whole, its audit row and the new generation included, or not at all; its answer comes after
//! the commit has reached the disk (`synchronous = FULL`). Operations that wait together share a commit, because the disk
//! takes longer than all of them. Whatever fails leaves the old state in force.
//!
//! What waits for the thread is bounded by [`QUEUE`]. A read that finds it full fails with `store-busy`; operations of
//! the agent wait for their turn in the signalling loop's backlog, which says what becomes of them when that is full too.
//!
//! What others can make us keep is bounded as well: statements told to watchers (10,000), calls of strangers (1,000, and 10,000 of all),
//! what counts once ([`crate::agent::Seen`]). The audit table is never shortened; how many of its rows strangers may
//! cause is the agent's matter.

mod account_rows;
mod agreed_rows;
mod change;
mod columns;
mod contact_rows;
mod data_dir;
mod entry_rows;
mod failures;
mod history_rows;
mod key_file;
mod load;
mod ops;
mod pending_rows;
mod proposal_rows;
mod reads;
mod register;
mod schema;
mod seen;
mod sound_rows;
mod statement;
#[cfg(test)]
mod tests;
mod undo;
mod worker;

use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

use crate::agent::{Loaded, Restoring, StoreOp, Stored};
use crate::keys::Identity;
use crate::vocab::{Device, EntryId, Failure};

pub(in crate::io) use failures::{behind, busy};
pub use history_rows::{HistoryEntry, HistoryFilter};
pub use reads::AuditEntry;
pub use undo::{ChangeEntry, Changed};

/// Where the store keeps what it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A data directory: `sottovoce.db`, `identity.key`, `lock`.
    Disk(PathBuf),
    /// Nothing on disk at all; everything, the device's keys included, ends with the process.
    Memory,
}

/// The way to the store's thread. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: worker::Jobs,
}

/// An opened store, and what it held.
pub struct Opened {
    pub store: Store,
    pub loaded: Loaded,
    pub device: Device,
    pub identity: Identity,
}

/// The version of the database that this program reads and writes.
pub const SCHEMA_VERSION: i64 = schema::VERSION;

/// Operations that may wait for the store's thread.
pub const QUEUE: usize = 256;

/// A place among them.
pub struct Place(worker::Place);

impl Store {
    /// Opens, or makes, locks, migrates and reads the store. Fails without having changed anything when the
    /// directory is in use by another agent, when the database is of a newer version or no database of ours, and
    /// when the key file is not private.
    pub fn open(location: &Location) -> Result<Opened, Failure> {
        let (files, secret) = match location {
            Location::Disk(dir) => {
                let dir = data_dir::DataDir::claim(dir)?;
                let secret = match dir.lost_its_key() {
                    true => return Err(failures::key_lost(&dir.key_path())),
                    false => key_file::load_or_create(&dir.key_path())?,
                };
                (Some(dir), secret)
            }
            Location::Memory => (None, key_file::generate()?),
        };
        let (store, loaded, device) = Self::open_database(files)?;
        Ok(Opened { store, loaded, device, identity: Identity::from_bytes(&secret) })
    }

    fn open_database(files: Option<data_dir::DataDir>) -> Result<(Self, Loaded, Device), Failure> {
        let mut database = schema::open(files.as_ref().map(data_dir::DataDir::database_path).as_deref())?;
        let device = load::device(&mut database)?;
        let loaded = load::load(&database)?;
        Ok((Self { jobs: worker::start(database, files)? }, loaded, device))
    }

    /// A place for one operation, if there is one now. Fails only with `store-closed`.
    pub fn place(&self) -> Result<Option<Place>, Failure> {
        self.jobs.place().map(|place| place.map(Place))
    }

    /// The next place that becomes free. Fails only with `store-closed`.
    pub async fn wait_for_place(&self) -> Result<Place, Failure> {
        self.jobs.wait_for_place().await.map(Place)
    }

    /// The newest audit rows first, at most `limit`, with numbers below `before` when it is given.
    pub async fn audit(&self, limit: u32, before: Option<u64>) -> Result<Vec<AuditEntry>, Failure> {
        self.read(move |database| reads::audit(database, limit, before)).await
    }

    /// The newest calls that are meant first, at most `limit`.
    pub async fn history(&self, limit: u32, filter: HistoryFilter) -> Result<Vec<HistoryEntry>, Failure> {
        self.with(move |database| history_rows::history(database, limit, &filter)).await
    }

    /// Missed calls that the user has not seen.
    pub async fn unseen_calls(&self) -> Result<u64, Failure> {
        self.with(|database| history_rows::unseen(database)).await
    }

    /// The user has seen the history up to the row of this number.
    pub async fn see_calls(&self, until: u64) -> Result<(), Failure> {
        self.with(move |database| history_rows::see(database, until)).await
    }

    /// Forgets the calls that are meant: how many there were.
    pub async fn forget_calls(&self, filter: HistoryFilter) -> Result<u64, Failure> {
        self.with(move |database| history_rows::forget(database, &filter)).await
    }

    /// The newest changes of the policy database first, at most `limit`; with `entry`, those that touched it.
    pub async fn policy_changes(&self, limit: u32, entry: Option<EntryId>) -> Result<Vec<ChangeEntry>, Failure> {
        self.read(move |database| undo::changes(database, limit, entry)).await
    }

    /// What brings back the state before a change, or before the last one.
    pub async fn policy_restoring(&self, change: Option<u64>) -> Result<Restoring, Failure> {
        self.read(move |database| undo::restoring(database, change)).await
    }

    /// Finishes what is queued, then closes the database and gives the lock back. Everything after fails with `store-closed`.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if let Ok(place) = self.jobs.wait_for_place().await {
            place.close(done);
            let _ = closed.await;
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.with(move |database| read(database)).await
    }

    async fn with<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut rusqlite::Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (done, answer) = oneshot::channel();
        self.jobs.place()?.ok_or_else(failures::busy)?.send(Box::new(move |database| {
            let _ = done.send(database.and_then(job));
        }));
        answer.await.unwrap_or_else(|_| Err(failures::closed()))
    }
}

impl Place {
    /// Queues one operation. `reply` is called on the store's thread, after the commit; it must not wait for whoever
    /// calls `execute`.
    pub fn execute(self, op: StoreOp, reply: impl FnOnce(Result<Stored, Failure>) + Send + 'static) {
        self.0.write(op, Box::new(reply));
    }
}

/// The file of the device's key in `dir`, if there is one and an agent would take it.
pub fn check_key(dir: &Path) -> Result<Option<PathBuf>, Failure> {
    let path = dir.join(data_dir::KEY);
    match key_file::check(&path)? {
        true => Ok(Some(path)),
        false if dir.join(data_dir::DATABASE).exists() => Err(failures::key_lost(&path)),
        false => Ok(None),
    }
}

/// The version of the database in `dir`, without opening it for writing: `None` when there is none yet.
pub fn version_on_disk(dir: &Path) -> Result<Option<i64>, Failure> {
    schema::version_on_disk(&dir.join(data_dir::DATABASE))
}
