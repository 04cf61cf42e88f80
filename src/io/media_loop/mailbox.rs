use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::beside::Given;
use super::slot::Slot;
use crate::ice::{Start, Traversal};
use crate::media::{Formats, Held, Known, Rekeying, Stream};
use crate::policy::Spd;
use crate::vocab::Digit;

/// A socket, and what was gathered on it.
pub type OpenedSocket = (UdpSocket, Option<Box<Traversal>>);
/// New keys for a stream, and at another address the socket there.
pub type Renewal = (Box<Rekeying>, Option<OpenedSocket>);

/// What a leg must know, the newest only: it holds one snapshot, one list of who is where, one word on hold, one list of codecs, one other stream and one wish to end, so
/// it is never full.
/// The flags keep the lock off the packet path, and the first of them the others.
#[derive(Default)]
pub struct Mailbox {
    /// Something is here.
    has_news: AtomicBool,
    spd: Mutex<Option<Arc<Spd>>>,
    has_spd: AtomicBool,
    /// For a forwarder.
    known: Mutex<Option<Arc<Known>>>,
    has_known: AtomicBool,
    held_by_peer: AtomicBool,
    held_by_us: AtomicBool,
    early: AtomicBool,
    holds: AtomicBool,
    muted: AtomicBool,
    /// Another stream, or none, in the place of what runs.
    stream: Mutex<Option<Box<Stream>>>,
    has_stream: AtomicBool,
    /// New keys for the stream that runs, in their order.
    rekeyings: Mutex<Vec<Renewal>>,
    has_rekeyings: AtomicBool,
    /// What both sides said of ways through NATs.
    ice: Mutex<Option<Box<Start>>>,
    has_ice: AtomicBool,
    /// A recording, a conference, another device, a connection.
    given: Given,
    /// Keys of the telephone that wait for the stream; it takes so many, and the agent gives no more.
    digits: Slot<Vec<Digit>>,
    /// Other codecs.
    formats: Mutex<Option<Formats>>,
    has_formats: AtomicBool,
    closing: AtomicBool,
    bye: AtomicBool,
}

impl Mailbox {
    /// Whether anything of it was not taken yet. Who asks looks at all of it then; what waits for a stream is told of again when one comes
    /// ([`replace`](Self::replace)).
    pub fn has_news(&self) -> bool {
        self.has_news.load(Ordering::Relaxed) && self.has_news.swap(false, Ordering::AcqRel)
    }

    fn tell(&self, flag: &AtomicBool) {
        flag.store(true, Ordering::Release);
        self.has_news.store(true, Ordering::Release);
    }

    /// Gives it something beside its own sound, or takes that away.
    pub fn give(&self, something: impl FnOnce(&Given)) {
        something(&self.given);
        self.has_news.store(true, Ordering::Release);
    }

    pub fn given(&self) -> &Given {
        &self.given
    }

    pub fn set_spd(&self, spd: Arc<Spd>) {
        self.waiting_rekeyings().iter_mut().for_each(|(rekeying, _)| rekeying.spd = Arc::clone(&spd));
        *self.spd.lock().unwrap_or_else(PoisonError::into_inner) = Some(spd);
        self.tell(&self.has_spd);
    }

    pub fn set_known(&self, known: Arc<Known>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        self.tell(&self.has_known);
    }

    /// Who is where, when that was not taken yet.
    pub fn take_known(&self) -> Option<Arc<Known>> {
        if !self.has_known.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Of the stream that waits to take the place of what runs, or else of what runs.
    pub fn hold(&self, held: Held) {
        if let Some(waiting) = self.waiting().as_mut() {
            return waiting.set_held(held);
        }
        self.held_by_peer.store(held.by_peer, Ordering::Relaxed);
        self.held_by_us.store(held.by_us, Ordering::Relaxed);
        self.early.store(held.early, Ordering::Relaxed);
        self.tell(&self.holds);
    }

    /// Who holds the stream, when that was not taken yet.
    pub fn take_hold(&self) -> Option<Held> {
        let load = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        let held =
            || Held { by_peer: load(&self.held_by_peer), by_us: load(&self.held_by_us), early: load(&self.early) };
        self.holds.swap(false, Ordering::AcqRel).then(held)
    }

    pub fn mute(&self, muted: bool) {
        self.muted.store(muted, Ordering::Relaxed);
    }

    /// What our user says is not sent.
    pub fn is_muted(&self) -> bool {
        self.muted.load(Ordering::Relaxed)
    }

    /// The same of its codecs.
    pub fn set_formats(&self, formats: Formats) {
        if let Some(waiting) = self.waiting().as_mut() {
            return waiting.set_formats(formats);
        }
        *self.formats.lock().unwrap_or_else(PoisonError::into_inner) = Some(formats);
        self.tell(&self.has_formats);
    }

    /// Its codecs, when those were not taken yet.
    pub fn take_formats(&self) -> Option<Formats> {
        if !self.has_formats.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.formats.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn dial(&self, mut digits: Vec<Digit>) {
        self.digits.alter(|waiting| {
            let mut all = waiting.unwrap_or_default();
            all.append(&mut digits);
            all
        });
        self.has_news.store(true, Ordering::Release);
    }

    /// Keys that were not taken yet.
    pub fn take_digits(&self) -> Option<Vec<Digit>> {
        self.digits.take().flatten()
    }

    /// The stream that runs ends, and its keys with it; this one goes on in its place. What was said of hold and of codecs was said of the other.
    pub fn replace(&self, stream: Option<Box<Stream>>) {
        let mut waiting = self.waiting();
        *waiting = stream;
        self.holds.store(false, Ordering::Release);
        self.has_formats.store(false, Ordering::Release);
        self.tell(&self.has_stream);
    }

    /// What is to run now, when that was not taken yet.
    pub fn take_stream(&self) -> Option<Option<Box<Stream>>> {
        let other = self.has_stream.swap(false, Ordering::AcqRel);
        other.then(|| self.waiting().take())
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Box<Stream>>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn rekey(&self, rekeying: Box<Rekeying>, opened: Option<OpenedSocket>) {
        self.waiting_rekeyings().push((rekeying, opened));
        self.tell(&self.has_rekeyings);
    }

    /// What both sides agreed and was not taken yet. Take the snapshot first: what was agreed later has a later one.
    pub fn take_rekeyings(&self) -> Vec<Renewal> {
        match self.has_rekeyings.swap(false, Ordering::AcqRel) {
            true => std::mem::take(&mut *self.waiting_rekeyings()),
            false => Vec::new(),
        }
    }

    fn waiting_rekeyings(&self) -> MutexGuard<'_, Vec<Renewal>> {
        self.rekeyings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_ice(&self, ice: Option<Box<Start>>) {
        *self.ice.lock().unwrap_or_else(PoisonError::into_inner) = ice;
        self.tell(&self.has_ice);
    }

    /// When that was not taken yet. Take the rekeyings first: it is said of the newest socket.
    pub fn take_ice(&self) -> Option<Option<Box<Start>>> {
        let said = self.has_ice.swap(false, Ordering::AcqRel);
        said.then(|| self.ice.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    /// With `bye` the peer is told.
    pub fn close(&self, bye: bool) {
        self.bye.store(bye, Ordering::Release);
        self.closing.store(true, Ordering::Release);
    }

    /// A snapshot that was not taken yet.
    pub fn take_spd(&self) -> Option<Arc<Spd>> {
        if !self.has_spd.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.spd.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn says_bye(&self) -> bool {
        self.bye.load(Ordering::Acquire)
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }
}
