//! A thread that keeps one device open for one call: it opens, looks whether the device is still the one that is meant, and opens anew.
//! Everything that may wait for a sound server waits here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::machine::{name, Machine};
use super::stream::{Broken, End};
use crate::agent::{SoundDevice, SoundSide};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// What the call's side has of it. Dropped, the device is closed soon after.
pub struct Keeper<E>(Arc<Shared<E>>);

struct Shared<E> {
    /// Opened, and not taken yet.
    end: Mutex<Option<E>>,
    has_end: AtomicBool,
    /// The device that is open; or why none is.
    state: Mutex<Result<String, String>>,
    over: AtomicBool,
}

impl<E: End> Keeper<E> {
    pub fn start(wanted: SoundDevice, side: SoundSide) -> Self {
        let state = Mutex::new(Err("it is not open yet".to_owned()));
        let shared =
            Shared { end: Mutex::new(None), has_end: AtomicBool::new(false), state, over: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let keeping = Arc::clone(&shared);
        let started = std::thread::Builder::new().name("sound".to_owned()).spawn(move || keeping.keep(&wanted, side));
        if let Err(error) = started {
            *shared.state() = Err(format!("the machine starts no further thread: {error}"));
        }
        Self(shared)
    }

    /// A device was opened since it was asked for last.
    pub fn take(&self) -> Option<E> {
        let has_end = self.0.has_end.load(Ordering::Relaxed) && self.0.has_end.swap(false, Ordering::AcqRel);
        has_end.then(|| self.0.end().take()).flatten()
    }

    /// The device that is open, or why none is.
    pub fn state(&self) -> Result<String, String> {
        self.0.state().clone()
    }
}

impl<E> Drop for Keeper<E> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
    }
}

impl<E: End> Shared<E> {
    fn keep(&self, wanted: &SoundDevice, side: SoundSide) {
        let mut machine = Machine::find();
        while !self.is_over() {
            match self.open(&machine, wanted, side) {
                Ok(()) => {}
                Err(why) => {
                    *self.state() = Err(why);
                    std::thread::park_timeout(LOOK);
                    // Its sound server may be another by now, or be there at last.
                    machine = Machine::find();
                }
            }
        }
    }

    /// Returns when the device is not the one any more, or the call is over.
    fn open(&self, machine: &Machine, wanted: &SoundDevice, side: SoundSide) -> Result<(), String> {
        let device = machine.device(wanted, side).ok_or("there is no such device")?;
        let (opened, broken) = (name(&device), Broken::default());
        let (stream, end) = E::open(&device, &broken).map_err(|error| error.to_string())?;
        *self.end() = Some(end);
        *self.state() = Ok(opened.clone());
        self.has_end.store(true, Ordering::Release);
        let why = loop {
            std::thread::park_timeout(LOOK);
            if self.is_over() {
                break None;
            } else if broken.load(Ordering::Acquire) {
                break Some("it failed".to_owned());
            } else if machine.tells_changes()
                && machine.device(wanted, side).as_ref().map(name).as_ref() != Some(&opened)
            {
                break Some("it was taken away".to_owned());
            } else if machine.is_superseded(wanted, side) {
                break Some("a sound server came".to_owned());
            }
        };
        close(stream);
        why.map_or(Ok(()), Err)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn end(&self) -> MutexGuard<'_, Option<E>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, Result<String, String>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// On a thread of its own: a device that hangs while it is closed must not keep the next from being opened.
fn close(stream: cpal::Stream) {
    let closing = std::thread::Builder::new().name("sound-end".to_owned());
    // Where there is no thread it was dropped, and so closed, here.
    let _ = closing.spawn(move || drop(stream));
}
