//! Every process that the demo starts, by id, so that none outlives it: not after Ctrl-C, not after a failure.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static TEMPORARY: Mutex<Option<PathBuf>> = Mutex::new(None);

/// The exit code of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// A child that ends when it is dropped.
pub struct Process(Child);

impl Process {
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let child = command
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", command.get_program().to_string_lossy()))?;
        running(|ids| ids.push(child.id()));
        Ok(Self(child))
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Sends a signal, by the name that `kill` knows.
    pub fn signal(&self, name: &str) {
        signal(self.0.id(), name);
    }

    /// Waits until it ends, for so long; whether it did.
    pub fn ends_within(&mut self, tenths: u32) -> bool {
        for _ in 0..tenths {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        false
    }

    /// Waits for its end, however long it takes.
    pub fn wait(mut self) -> Result<Option<i32>, String> {
        self.0.wait().map(|status| status.code()).map_err(|error| error.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.signal("TERM");
            if !self.ends_within(30) {
                let _ = self.0.kill();
                let _ = self.0.wait();
            }
        }
        let id = self.0.id();
        running(|ids| ids.retain(|running| *running != id));
    }
}

/// The folder to remove when a signal ends the demo.
pub fn set_temporary(folder: Option<PathBuf>) {
    *TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner) = folder;
}

/// From now on SIGINT and SIGTERM end every child, then this process.
pub fn clean_up_on_signals() {
    let watch = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(signalled());
            end_all();
            std::process::exit(INTERRUPTED);
        }
    };
    if let Err(why) = std::thread::Builder::new().name("signals".into()).spawn(watch) {
        eprintln!("demo: Ctrl-C will not clean up: {why}");
    }
}

async fn signalled() {
    use tokio::signal::unix::{signal, SignalKind};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

fn end_all() {
    let ids = running(|ids| ids.clone());
    ids.iter().rev().for_each(|id| signal(*id, "TERM"));
    for _ in 0..40 {
        if !ids.iter().any(|id| lives(*id)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    ids.iter().filter(|id| lives(**id)).for_each(|id| signal(*id, "KILL"));
    if let Some(folder) = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn running<T>(with: impl FnOnce(&mut Vec<u32>) -> T) -> T {
    with(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A child that ended and was not waited for is a zombie: it lives no more.
fn lives(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// The shell's own `kill`, which every machine has.
fn signal(id: u32, name: &str) {
    let _ = Command::new("sh").args(["-c", &format!("kill -{name} {id} 2>/dev/null")]).status();
}
