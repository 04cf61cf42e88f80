use std::sync::mpsc::{sync_channel, Receiver, SyncSender, TrySendError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{data_dir::DataDir, failures, QUEUE};
use crate::vocab::Failure;

/// Something to do with the database, its answer included.
pub type Job = Box<dyn FnOnce(&mut Connection) + Send>;

enum Message {
    Close(oneshot::Sender<()>),
    Do(Job),
}

/// The bounded queue to the store's thread. The thread ends when it is closed, or when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Jobs(SyncSender<Message>);

impl Jobs {
    /// Never waits: a full queue is refused.
    pub fn send(&self, job: Job) -> Result<(), Failure> {
        self.queue(Message::Do(job))
    }

    /// `done` is told, or dropped, when the database is closed.
    pub fn close(&self, done: oneshot::Sender<()>) -> Result<(), Failure> {
        self.queue(Message::Close(done))
    }

    fn queue(&self, message: Message) -> Result<(), Failure> {
        self.0.try_send(message).map_err(|error| match error {
            TrySendError::Disconnected(_) => failures::closed(),
            TrySendError::Full(_) => failures::busy(),
        })
    }
}

/// Gives the database, and the claim on its directory, to a thread of their own.
pub fn start(database: Connection, files: Option<DataDir>) -> Result<Jobs, Failure> {
    let (sender, jobs) = sync_channel(QUEUE);
    let work = move || {
        let closer = run(database, &jobs);
        // The lock is given back when the database is closed, and whoever asked for the end hears of it after both.
        drop(files);
        closer.map(|done| done.send(()))
    };
    let started = thread::Builder::new().name("store".to_owned()).spawn(work);
    started.map(|_| Jobs(sender)).map_err(|error| failures::thread(&error))
}

fn run(mut database: Connection, jobs: &Receiver<Message>) -> Option<oneshot::Sender<()>> {
    while let Ok(message) = jobs.recv() {
        match message {
            Message::Close(done) => return Some(done),
            Message::Do(job) => job(&mut database),
        }
    }
    None
}
