//! A trial of two devices, on a thread that may wait for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::device::{Microphone, Speaker};
use crate::agent::{SoundDevice, SoundSide};
use crate::io::Clock;
use crate::media::{Level, Trial, TrialResult, FRAMES_A_SECOND, MAX_FRAME};
use crate::vocab::{Failure, FailureKind};

const FRAME_TIME: Duration = Duration::from_millis(20);
/// Frames in which both have to open: three seconds.
const OPENING: u32 = 3 * FRAMES_A_SECOND;
/// A machine that was busy for longer goes on from there.
const LATEST: Duration = Duration::from_millis(200);

/// How a trial stands; one at a time.
#[derive(Default)]
pub struct Rehearsal {
    runs: AtomicBool,
    /// What the microphone gave last, and whether the user can say something.
    now: Mutex<(Level, bool)>,
}

impl Rehearsal {
    /// `None`: none runs.
    pub fn now(&self) -> Option<(Level, bool)> {
        let now = || *self.now.lock().unwrap_or_else(PoisonError::into_inner);
        self.runs.load(Ordering::Acquire).then(now)
    }

    /// Waits for it: some seven seconds.
    ///
    /// # Errors
    /// One runs already; a device does not open.
    pub fn run(&self, clock: Clock, from: &SoundDevice, to: &SoundDevice) -> Result<TrialResult, Failure> {
        if self.runs.swap(true, Ordering::AcqRel) {
            return Err(runs_already());
        }
        let result = self.try_out(clock, from, to);
        self.runs.store(false, Ordering::Release);
        result
    }

    fn try_out(&self, clock: Clock, from: &SoundDevice, to: &SoundDevice) -> Result<TrialResult, Failure> {
        let (mut microphone, mut speaker) = (Microphone::start(from.clone()), Speaker::start(to.clone()));
        let (mut trial, mut opening) = (Trial::default(), 0);
        let (mut heard, mut said) = ([0; MAX_FRAME], [0; MAX_FRAME]);
        let mut next = clock.now().mono;
        loop {
            microphone.frame(&mut heard, None);
            let open = (microphone.is_open(), speaker.is_open());
            if open == (true, true) {
                if !trial.frame(&heard, &mut said) {
                    return Ok(trial.result());
                }
                *self.now.lock().unwrap_or_else(PoisonError::into_inner) = (trial.level(), trial.speaks());
            } else if opening == OPENING {
                return Err(if open.0 { unopened(to, SoundSide::Output) } else { unopened(from, SoundSide::Input) });
            } else {
                opening += 1;
            }
            speaker.write(&said, None);
            next = next + FRAME_TIME;
            let now = clock.now().mono;
            if now - next > LATEST {
                next = now;
            }
            std::thread::sleep(next - now);
        }
    }
}

fn runs_already() -> Failure {
    let next = "wait until it is over: it takes seven seconds";
    Failure::new(FailureKind::Failed, "trial-runs", "the sound devices are tried already", "devices", next)
}

fn unopened(device: &SoundDevice, side: SoundSide) -> Failure {
    let message = format!("the {side} {} does not open", crate::vocab::escape(&device.to_string()));
    let next = "see whether another program has it for itself; `sottovoce devices list` has others";
    Failure::new(FailureKind::Failed, "device-unopened", message, device.to_string(), next)
}
