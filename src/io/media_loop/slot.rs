use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Room for the newest of something that a leg is to have, or is to have no more; the flag keeps the lock off the packet path.
pub struct Slot<T> {
    newest: Mutex<Option<T>>,
    is_new: AtomicBool,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { newest: Mutex::new(None), is_new: AtomicBool::new(false) }
    }
}

impl<T> Slot<T> {
    pub fn put(&self, value: Option<T>) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = value;
        self.is_new.store(true, Ordering::Release);
    }

    /// In the place of what was not taken yet, from that.
    pub fn alter(&self, next: impl FnOnce(Option<T>) -> T) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = Some(next(newest.take()));
        self.is_new.store(true, Ordering::Release);
    }

    /// When that was not taken yet.
    pub fn take(&self) -> Option<Option<T>> {
        let is_new = self.is_new.swap(false, Ordering::AcqRel);
        is_new.then(|| self.newest.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}
