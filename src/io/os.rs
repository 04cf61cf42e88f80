//! The few calls of the operating system that the standard library lacks; all `unsafe` code of this room.

mod batch;
mod leftover;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

pub use batch::{stamp_arrivals, Batch};
pub use leftover::stay_small;

/// Time since the machine started, suspend included (`CLOCK_BOOTTIME`).
pub fn time_since_boot() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` outlives the call, and CLOCK_BOOTTIME exists since Linux 2.6.39.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut time) } != 0;
    assert!(!failed, "CLOCK_BOOTTIME cannot be read: {}", io::Error::last_os_error());
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Locks the whole file for this process until it is closed. `false`: another process has it.
pub fn lock(file: &File) -> io::Result<bool> {
    // SAFETY: the descriptor is open as long as `file` lives.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(true);
    }
    match io::Error::last_os_error() {
        error if error.raw_os_error() == Some(libc::EWOULDBLOCK) => Ok(false),
        error => Err(error),
    }
}

/// How much may wait in a FIFO: as many octets, or what the system has next above.
pub fn set_pipe_size(file: &File, octets: usize) -> io::Result<()> {
    let octets = libc::c_int::try_from(octets).unwrap_or(libc::c_int::MAX);
    // SAFETY: the descriptor is open as long as `file` lives, and the third argument is an int (fcntl(2), F_SETPIPE_SZ).
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETPIPE_SZ, octets) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// No more than so many octets may wait to be sent by a connection of TCP; beside those under way (TCP_NOTSENT_LOWAT, tcp(7)).
pub fn limit_unsent(socket: BorrowedFd<'_>, octets: u32) -> io::Result<()> {
    let len = size_of::<u32>() as libc::socklen_t;
    // SAFETY: the value outlives the call and is as long as it says.
    let set = unsafe {
        let value = (&raw const octets).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, value, len)
    };
    if set == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The user that we act as.
pub fn user() -> u32 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// Wakes a thread that waits in [`Readiness::wait`].
pub struct Bell(File);

impl Bell {
    pub fn new() -> io::Result<Self> {
        // SAFETY: it takes no pointer; a descriptor that it gives is nobody else's.
        let descriptor = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was opened above, and nothing else owns it.
        Ok(Self(File::from(unsafe { OwnedFd::from_raw_fd(descriptor) })))
    }

    pub fn ring(&self) {
        // It fails only where it was rung 2^64 times and never heard (eventfd(2)).
        let _ = (&self.0).write(&1u64.to_ne_bytes());
    }

    /// It is heard, and can ring anew.
    pub fn hush(&self) {
        let _ = (&self.0).read(&mut [0; 8]);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Which of several descriptors have something to read.
#[derive(Default)]
pub struct Readiness(Vec<libc::pollfd>);

impl Readiness {
    /// Longest time to wait.
    const LONGEST: Duration = Duration::from_secs(3600);

    /// Waits until one of them has something to read, a signal came or the time is up.
    pub fn wait<'a>(&mut self, files: impl Iterator<Item = BorrowedFd<'a>>, limit: Duration) -> io::Result<()> {
        self.0.clear();
        self.0.extend(files.map(|file| libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 }));
        let limit = limit.min(Self::LONGEST);
        let limit = libc::timespec {
            tv_sec: limit.as_secs() as libc::time_t,
            tv_nsec: libc::c_long::from(limit.subsec_nanos() as i32),
        };
        let count = self.0.len() as libc::nfds_t;
        // SAFETY: the vector has `count` elements, both it and the time outlive the call, a null mask changes no signal.
        if unsafe { libc::ppoll(self.0.as_mut_ptr(), count, &limit, std::ptr::null()) } >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        self.0.clear();
        if error.kind() == io::ErrorKind::Interrupted {
            return Ok(());
        }
        Err(error)
    }

    /// Of the `index`th one in the last wait.
    pub fn is_ready(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|poll| poll.revents != 0)
    }
}
