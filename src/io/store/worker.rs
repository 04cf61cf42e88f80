use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::{data_dir::DataDir, failures, ops, QUEUE};
use crate::agent::{StoreOp, Stored};
use crate::io::Clock;
use crate::vocab::Failure;

/// Something to do with the database, or with the reason why there is none any more; its answer included.
pub type Job = Box<dyn FnOnce(Result<&mut Connection, Failure>) + Send>;

/// Hears what became of an operation, after its commit.
pub type Reply = Box<dyn FnOnce(Result<Stored, Failure>) + Send>;

enum Message {
    Close(oneshot::Sender<()>),
    Do(Job),
    Write(Box<StoreOp>, Reply),
}

/// Operations that share a commit.
const GROUP: usize = 64;

/// Between two commits: what comes meanwhile shares the second. What comes later than that does not wait.
const PAUSE: Duration = Duration::from_millis(3);

/// The bounded queue to the store's thread. The thread ends when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Jobs(mpsc::Sender<Message>);

/// One place in the queue.
pub struct Place(mpsc::OwnedPermit<Message>);

impl Jobs {
    /// Never waits: `None` when the queue is full.
    pub fn place(&self) -> Result<Option<Place>, Failure> {
        match self.0.clone().try_reserve_owned() {
            Ok(place) => Ok(Some(Place(place))),
            Err(TrySendError::Closed(_)) => Err(failures::closed()),
            Err(TrySendError::Full(_)) => Ok(None),
        }
    }

    /// Waits while the queue is full.
    pub async fn wait_for_place(&self) -> Result<Place, Failure> {
        self.0.clone().reserve_owned().await.map(Place).map_err(|_| failures::closed())
    }
}

impl Place {
    pub fn send(self, job: Job) {
        self.0.send(Message::Do(job));
    }

    pub fn write(self, op: StoreOp, reply: Reply) {
        self.0.send(Message::Write(Box::new(op), reply));
    }

    /// `done` is told, or dropped, when the database is closed.
    pub fn close(self, done: oneshot::Sender<()>) {
        self.0.send(Message::Close(done));
    }
}

/// Gives the database, and the claim on its directory, to a thread of their own.
pub fn start(database: Connection, files: Option<DataDir>) -> Result<Jobs, Failure> {
    let (sender, mut jobs) = mpsc::channel(QUEUE);
    let work = move || {
        let closer = run(database, &mut jobs);
        // The lock is given back when the database is closed, and whoever asked for the end hears of it after both.
        drop(files);
        closer.map(|done| done.send(()));
        refuse(&mut jobs);
    };
    let started = thread::Builder::new().name("store".to_owned()).spawn(work);
    started.map(|_| Jobs(sender)).map_err(|error| failures::thread(&error))
}

fn run(mut database: Connection, jobs: &mut mpsc::Receiver<Message>) -> Option<oneshot::Sender<()>> {
    let clock = Clock::start();
    let mut open_again = clock.now().mono;
    let mut next = jobs.blocking_recv();
    while let Some(message) = next {
        next = match message {
            Message::Close(done) => return Some(done),
            Message::Do(job) => {
                job(Ok(&mut database));
                None
            }
            Message::Write(op, reply) => {
                thread::sleep(open_again - clock.now().mono);
                let other = write(&mut database, (*op, reply), jobs);
                open_again = clock.now().mono + PAUSE;
                other
            }
        }
        .or_else(|| jobs.blocking_recv());
    }
    None
}

/// Carries it out, with those that wait behind it. What waits and is something else is given back.
fn write(database: &mut Connection, first: (StoreOp, Reply), jobs: &mut mpsc::Receiver<Message>) -> Option<Message> {
    let (mut ops, mut replies) = (vec![first.0], vec![first.1]);
    let mut other = None;
    while ops.len() < GROUP && other.is_none() {
        match jobs.try_recv() {
            Ok(Message::Write(op, reply)) => {
                ops.push(*op);
                replies.push(reply);
            }
            Ok(message) => other = Some(message),
            Err(_) => break,
        }
    }
    let results = ops::execute_all(database, &ops);
    replies.into_iter().zip(results).for_each(|(reply, result)| reply(result));
    other
}

/// Nobody waits in vain for an answer: what comes after the end is refused.
fn refuse(jobs: &mut mpsc::Receiver<Message>) {
    while let Some(message) = jobs.blocking_recv() {
        match message {
            Message::Close(done) => drop(done.send(())),
            Message::Do(job) => job(Err(failures::closed())),
            Message::Write(_, reply) => reply(Err(failures::closed())),
        }
    }
}
