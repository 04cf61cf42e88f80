use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::policy::Spd;

/// What a media thread must know, the newest only: it holds one snapshot, one word on hold and one wish to end, so it is never full.
/// The flags keep the lock off the packet path.
#[derive(Debug, Default)]
pub struct Mailbox {
    spd: Mutex<Option<Arc<Spd>>>,
    has_spd: AtomicBool,
    held: AtomicBool,
    holds: AtomicBool,
    closing: AtomicBool,
}

impl Mailbox {
    pub fn set_spd(&self, spd: Arc<Spd>) {
        *self.spd.lock().unwrap_or_else(PoisonError::into_inner) = Some(spd);
        self.has_spd.store(true, Ordering::Release);
    }

    pub fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
        self.holds.store(true, Ordering::Release);
    }

    /// Whether the stream is held, when that was not taken yet.
    pub fn take_hold(&self) -> Option<bool> {
        self.holds.swap(false, Ordering::AcqRel).then(|| self.held.load(Ordering::Relaxed))
    }

    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// A snapshot that was not taken yet.
    pub fn take_spd(&self) -> Option<Arc<Spd>> {
        if !self.has_spd.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.spd.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }
}
