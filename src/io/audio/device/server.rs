//! The sound server that speaks PulseAudio's protocol, by one connection for the whole process. A connection that is dropped stays open, with a
//! thread of its own (`pulseaudio` 0.3.2: it waits until the server says something), and a server takes no more than 64 of all programs.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cpal::traits::HostTrait;
use cpal::{Host, HostId};

use crate::io::Clock;

/// For an answer. Whoever comes after somebody who waited so long in vain does not wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server that let a new connection fail is left alone for so many times as long as it took: where it said nothing, `cpal` keeps a thread that
/// waits on.
const REST: u32 = 15;

static LINE: Mutex<Line> = Mutex::new(Line { host: None, asked: false, silent: false });
static ANSWERED: Condvar = Condvar::new();

struct Line {
    /// By which the server was reached last.
    host: Option<Arc<Host>>,
    /// A thread waits for the server's answer.
    asked: bool,
    /// Somebody waited for that thread in vain.
    silent: bool,
}

/// The server that answers now. Waits two seconds at most.
pub fn sound_server() -> Option<Arc<Host>> {
    let mut line = line();
    if !line.asked {
        let asking = std::thread::Builder::new().name("sound-server".to_owned());
        asking.spawn(ask).ok()?;
        line.asked = true;
    }
    let waits = |line: &mut Line| line.asked && !line.silent;
    let waited = ANSWERED.wait_timeout_while(line, PATIENCE, waits);
    let (mut line, _) = waited.unwrap_or_else(PoisonError::into_inner);
    line.silent = line.asked;
    line.host.clone().filter(|_| !line.asked)
}

/// What became of a question; told however its thread ends, or nobody would ever ask again.
struct Told(Option<Arc<Host>>);

impl Drop for Told {
    fn drop(&mut self) {
        *line() = Line { host: self.0.take(), asked: false, silent: false };
        ANSWERED.notify_all();
    }
}

/// One at a time: a server that hangs holds up this thread and no other.
fn ask() {
    let mut told = Told(None);
    let kept = line().host.clone();
    told.0 = kept.filter(|host| host.devices().is_ok()).or_else(connect);
}

fn connect() -> Option<Arc<Host>> {
    let clock = Clock::start();
    let connected = cpal::host_from_id(HostId::PulseAudio);
    if connected.is_err() {
        std::thread::sleep(clock.now().mono.0 * REST);
    }
    connected.ok().map(Arc::new)
}

fn line() -> MutexGuard<'static, Line> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}
