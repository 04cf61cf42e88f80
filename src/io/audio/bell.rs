//! Signals to our user, on a device: each has a thread of its own, which ends with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::device::Speaker;
use super::source::LIVE_RATE;
use crate::agent::{Done, SoundDevice, SoundNews};
use crate::io::Clock;
use crate::media::{Signal, Sounding, FRAMES_A_SECOND, MAX_FRAME};

const FRAME_TIME: Duration = Duration::from_millis(20);
/// A machine that was busy for longer goes on from there.
const LATEST: Duration = Duration::from_millis(200);

pub struct Bell {
    clock: Clock,
    dones: mpsc::Sender<Done>,
    /// Ends what sounds.
    over: Option<Arc<AtomicBool>>,
}

impl Bell {
    /// `dones` hear of a ring that nobody hears.
    pub fn new(clock: Clock, dones: mpsc::Sender<Done>) -> Self {
        Self { clock, dones, over: None }
    }

    /// That from now on, or nothing.
    pub fn sound(&mut self, wanted: Option<(Signal, SoundDevice)>) {
        if let Some(over) = self.over.take() {
            over.store(true, Ordering::Release);
        }
        let Some((signal, device)) = wanted else { return };
        let over = Arc::new(AtomicBool::new(false));
        let (clock, until) = (self.clock, Arc::clone(&over));
        // The other signals have a call's own device, and the call tells of it.
        let mut told = (signal == Signal::Ring).then(|| (self.dones.clone(), device.clone()));
        let work = move || {
            play(signal, device, clock, &until, |why| {
                if let Some((dones, device)) = told.take() {
                    // Nobody takes it where the agent has ended.
                    let _ = dones.blocking_send(Done::RingSilent { device, why });
                }
            });
        };
        match std::thread::Builder::new().name("bell".to_owned()).spawn(work) {
            Ok(_) => self.over = Some(over),
            Err(error) => tracing::warn!(%error, "the machine starts no further thread: it does not ring"),
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.sound(None);
    }
}

fn play(signal: Signal, device: SoundDevice, clock: Clock, over: &AtomicBool, mut silent: impl FnMut(String)) {
    let (mut speaker, mut sounding) = (Speaker::start(device), Sounding::new(signal));
    let mut room = [0; MAX_FRAME];
    let frame = room.get_mut(..(LIVE_RATE / FRAMES_A_SECOND) as usize).unwrap_or_default();
    let mut next = clock.now().mono;
    while !over.load(Ordering::Acquire) {
        // Its beginning is to be heard.
        if speaker.is_open() {
            sounding.frame(frame);
        }
        speaker.write(frame, None);
        if let Some(SoundNews::Gone { why, .. }) = speaker.news() {
            silent(why);
        }
        next = next + FRAME_TIME;
        let now = clock.now().mono;
        if now - next > LATEST {
            next = now;
        }
        std::thread::park_timeout(next - now);
    }
}
