//! A terminal with a program on it: a pseudo-terminal whose other end a test reads and types at.
#![allow(clippy::disallowed_methods)] // the real clock, around the program and not in it

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::process::{Home, PROGRAM};

/// How long a text may take to appear, or a program to end.
const PATIENCE: Duration = Duration::from_secs(60);

pub const CTRL_C: &str = "\u{3}";
pub const CTRL_D: &str = "\u{4}";
pub const TAB: &str = "\t";

pub struct Terminal {
    master: Option<File>,
    child: Child,
    /// All that was shown, without carriage returns.
    shown: String,
    /// Up to here it was waited for.
    seen: usize,
}

impl Terminal {
    /// Starts `sottovoce ARGS` at a terminal of so many columns, on which `typed` was typed already.
    pub fn start(home: &Home, columns: u16, typed: &str, args: &[&str]) -> Self {
        let (mut master, slave) = open(columns);
        master.write_all(typed.as_bytes()).unwrap();
        let end = || slave.try_clone().unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("--data-dir").arg(home.data()).arg("--config").arg(home.config()).args(args);
        command.env_remove("SOTTOVOCE_KEYLOG").env_remove("RUST_LOG");
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: between fork and exec only two system calls are made, both of which POSIX allows there.
        unsafe { command.pre_exec(take_terminal) };
        let child = command.spawn().unwrap();
        Self { master: Some(master), child, shown: String::new(), seen: 0 }
    }

    /// Waits until `text` is shown, after what was waited for before; what was shown up to its end comes back.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                let before = self.seen;
                self.seen += at + text.len();
                return self.shown[before..self.seen].to_owned();
            }
            assert!(self.read(deadline), "{text:?} was not shown: {}", self.shown);
        }
    }

    pub fn type_in(&mut self, keys: &str) {
        self.master.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Keys come one by one, and no line is made of them.
    pub fn is_raw(&self) -> bool {
        !is_cooked(self.master.as_ref().unwrap())
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: a signal to a child that has not been waited for.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    /// Waits for the program's end: its exit code, what was shown since, and whether the terminal was left as it was found.
    #[track_caller]
    pub fn end(mut self) -> (i32, String, bool) {
        let deadline = Instant::now() + PATIENCE;
        while self.read(deadline) {}
        let code = self.code(deadline);
        let cooked = is_cooked(self.master.as_ref().unwrap());
        (code, self.shown[self.seen..].to_owned(), cooked)
    }

    /// The terminal goes away, as a window that is closed; the program's exit code.
    pub fn hang_up(mut self) -> i32 {
        self.master = None;
        self.code(Instant::now() + PATIENCE)
    }

    #[track_caller]
    fn code(&mut self, deadline: Instant) -> i32 {
        // SAFETY: a child that was not waited for; the descriptor that comes back is nobody else's.
        let process = unsafe { OwnedFd::from_raw_fd(libc::syscall(libc::SYS_pidfd_open, self.child.id(), 0) as i32) };
        assert!(readable(&process, deadline), "it does not end: {}", self.shown);
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Reads what there is, waiting until there is some; `false` when there will be no more, or not in time.
    fn read(&mut self, deadline: Instant) -> bool {
        let master = self.master.as_mut().unwrap();
        if !readable(master, deadline) {
            return false;
        }
        let mut octets = [0; 4096];
        match master.read(&mut octets) {
            Ok(0) => false,
            Ok(count) => {
                // Characters may be torn between two reads; what is looked for is plain ASCII.
                self.shown.push_str(&String::from_utf8_lossy(&octets[..count]).replace('\r', ""));
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            // The other end is closed: EIO.
            Err(_) => false,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until there is something to read, or the other side is gone; `false` when that does not happen in time.
fn readable(from: &impl AsRawFd, deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now()).as_millis();
    let mut poll = libc::pollfd { fd: from.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor, which is open.
    unsafe { libc::poll(&mut poll, 1, i32::try_from(left).unwrap()) > 0 }
}

fn open(columns: u16) -> (File, OwnedFd) {
    let (mut master, mut slave) = (-1, -1);
    let size = libc::winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let (name, termios) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: both descriptors and the size are ours; name and settings may be null (openpty(3)).
    assert_eq!(unsafe { libc::openpty(&mut master, &mut slave, name, termios, &size) }, 0);
    for fd in [master, slave] {
        // SAFETY: it is open; a program gets the end that is given to it, and no other.
        assert_eq!(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }, 0);
    }
    // SAFETY: both were just opened, and nobody else owns them.
    unsafe { (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) }
}

/// Makes the terminal on standard input the one from which Ctrl-C comes.
fn take_terminal() -> std::io::Result<()> {
    // SAFETY: two system calls without memory.
    match unsafe { (libc::setsid(), libc::ioctl(0, libc::TIOCSCTTY, 0)) } {
        (session, 0) if session >= 0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Lines, echo, and signals by keys.
fn is_cooked(master: &File) -> bool {
    let mut termios = std::mem::MaybeUninit::uninit();
    // SAFETY: the call fills in the settings when it answers 0.
    let termios: libc::termios = unsafe {
        assert_eq!(libc::tcgetattr(master.as_raw_fd(), termios.as_mut_ptr()), 0);
        termios.assume_init()
    };
    let cooked = libc::ICANON | libc::ECHO | libc::ISIG;
    termios.c_lflag & cooked == cooked
}
