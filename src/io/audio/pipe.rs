//! Another program as the voice: a FIFO, or a Unix socket at which it listens. Mono, 16 bits signed little-endian, 48 kHz; at our pace, which
//! a program that reads or writes without pause follows.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::io::os;
use crate::media::{FRAMES_A_SECOND, MAX_FRAME};
use crate::vocab::{escape, Failure, FailureKind};

/// In hertz.
pub const RATE: u32 = 48_000;
/// Octets of 20 ms.
const FRAME: usize = 2 * MAX_FRAME;
/// Frames after which a program that is not there, or has gone, is looked for again: half a second.
const AGAIN: u32 = FRAMES_A_SECOND / 2;
/// What may wait in a FIFO, in octets: 85 ms.
const WAITING: usize = 8192;

const _: () = assert!(RATE / FRAMES_A_SECOND == MAX_FRAME as u32);

/// Where a program's sound comes from, or goes to.
struct Way {
    path: PathBuf,
    reads: bool,
    is_fifo: bool,
    /// `None` while nobody is there.
    file: Option<std::fs::File>,
    /// Frames until it is looked for again.
    rest: u32,
}

/// Frames of what a program says; silence where it says nothing.
pub struct PipeSource {
    way: Way,
    octets: [u8; FRAME],
    len: usize,
}

/// Frames for a program. What it does not take in time is lost.
pub struct PipeSink {
    way: Way,
    octets: [u8; FRAME],
    /// What is left of the frame before: samples are not torn apart.
    from: usize,
}

/// Whether a FIFO or a socket is there. Asked before anybody's telephone rings.
pub fn check_pipe(path: &Path) -> Result<(), Failure> {
    let found = std::fs::metadata(path).map(|found| found.file_type());
    match found {
        Ok(kind) if kind.is_fifo() || kind.is_socket() => Ok(()),
        Ok(_) => Err(no_pipe(path, "it is neither a FIFO nor a Unix socket")),
        Err(error) => Err(no_pipe(path, &error.to_string())),
    }
}

impl PipeSource {
    pub fn open(path: &Path) -> Result<Self, Failure> {
        check_pipe(path)?;
        Ok(Self { way: Way::new(path, true), octets: [0; FRAME], len: 0 })
    }

    /// The next 20 ms, at 48 kHz.
    pub fn frame(&mut self, frame: &mut [i16]) {
        while let Some(room) = self.octets.get_mut(self.len..).filter(|room| !room.is_empty()) {
            match self.way.read(room) {
                0 => return frame.fill(0),
                len => self.len += len,
            }
        }
        self.len = 0;
        let samples = self.octets.chunks_exact(2);
        frame.iter_mut().zip(samples).for_each(|(to, from)| *to = i16::from_le_bytes([from[0], from[1]]));
    }
}

impl PipeSink {
    pub fn open(path: &Path) -> Result<Self, Failure> {
        check_pipe(path)?;
        Ok(Self { way: Way::new(path, false), octets: [0; FRAME], from: FRAME })
    }

    /// 20 ms, at 48 kHz.
    pub fn write(&mut self, frame: &[i16]) {
        self.write_rest();
        if self.from < FRAME {
            return;
        }
        self.octets.chunks_exact_mut(2).zip(frame).for_each(|(to, from)| to.copy_from_slice(&from.to_le_bytes()));
        self.from = 0;
        self.write_rest();
        // Of a frame that nobody takes nothing is kept.
        if self.from == 0 {
            self.from = FRAME;
        }
    }

    fn write_rest(&mut self) {
        while let Some(rest) = self.octets.get(self.from..).filter(|rest| !rest.is_empty()) {
            match self.way.write(rest) {
                0 if self.way.file.is_none() => return self.from = FRAME,
                0 => return,
                len => self.from += len,
            }
        }
    }
}

impl Way {
    fn new(path: &Path, reads: bool) -> Self {
        let is_fifo = std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
        Self { path: path.to_owned(), reads, is_fifo, file: None, rest: 0 }
    }

    /// 0: nothing is there, or nobody.
    fn read(&mut self, room: &mut [u8]) -> usize {
        let Some(file) = self.file() else { return 0 };
        match file.read(room) {
            // A FIFO stays open for whoever writes next: he would not find a reader otherwise.
            Ok(0) if self.is_fifo => 0,
            Ok(0) => self.lost(),
            Ok(len) => len,
            Err(error) if is_for_now(error.kind()) => 0,
            Err(_) => self.lost(),
        }
    }

    /// 0: nobody takes it, or nobody is there.
    fn write(&mut self, octets: &[u8]) -> usize {
        let Some(file) = self.file() else { return 0 };
        match file.write(octets) {
            Ok(len) => len,
            Err(error) if is_for_now(error.kind()) => 0,
            Err(_) => self.lost(),
        }
    }

    fn lost(&mut self) -> usize {
        self.file = None;
        self.rest = AGAIN;
        0
    }

    fn file(&mut self) -> Option<&mut std::fs::File> {
        if self.file.is_none() {
            if self.rest > 0 {
                self.rest -= 1;
                return None;
            }
            self.rest = AGAIN;
            self.file = open(&self.path, self.reads, self.is_fifo).ok();
        }
        self.file.as_mut()
    }
}

fn is_for_now(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Waits for nobody.
fn open(path: &Path, reads: bool, is_fifo: bool) -> std::io::Result<std::fs::File> {
    if !is_fifo {
        // A program that listens and takes nobody on would have a blocking connection wait, and the call with it: now it is EAGAIN (unix(7)).
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        socket.connect(&SockAddr::unix(path)?)?;
        return Ok(OwnedFd::from(socket).into());
    }
    let mut options = OpenOptions::new();
    let file = options.read(reads).write(!reads).custom_flags(libc::O_NONBLOCK).open(path)?;
    os::set_pipe_size(&file, WAITING)?;
    Ok(file)
}

fn no_pipe(path: &Path, why: &str) -> Failure {
    let name = escape(&path.to_string_lossy());
    let next = "make it with `mkfifo`, or start the program that listens at that Unix socket, then call again";
    Failure::new(FailureKind::Failed, "no-pipe", format!("no program can be the voice at {name}: {why}"), name, next)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn fifo(dir: &Path, name: &str) -> PathBuf {
        let path = dir.join(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    fn octets(samples: impl Iterator<Item = i16>) -> Vec<u8> {
        samples.flat_map(i16::to_le_bytes).collect()
    }

    #[test]
    fn a_program_that_listens_and_takes_nobody_on_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("voice");
        let listens = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        listens.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        listens.listen(0).unwrap();
        // These fill its queue.
        let waiting: Vec<Socket> =
            std::iter::repeat_with(|| Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None).unwrap())
                .take_while(|socket| socket.connect(&SockAddr::unix(&path).unwrap()).is_ok())
                .collect();
        assert!(!waiting.is_empty());
        let (told, done) = std::sync::mpsc::channel();
        let asks = move || {
            let mut frame = [7; MAX_FRAME];
            PipeSource::open(&path).unwrap().frame(&mut frame);
            told.send(frame).unwrap();
        };
        std::thread::Builder::new().spawn(asks).unwrap();
        assert_eq!(done.recv_timeout(std::time::Duration::from_secs(10)).expect("it waits"), [0; MAX_FRAME]);
    }

    #[test]
    fn a_program_speaks_through_a_fifo_comes_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = fifo(dir.path(), "voice");
        let mut source = PipeSource::open(&path).unwrap();
        let mut frame = [7; MAX_FRAME];
        source.frame(&mut frame);
        assert_eq!(frame, [0; MAX_FRAME], "nobody is there");
        for round in 1..=2 {
            let mut options = OpenOptions::new();
            options.write(true).custom_flags(libc::O_NONBLOCK);
            let opened = std::iter::repeat_with(|| {
                source.frame(&mut frame);
                options.open(&path)
            });
            let mut program = opened.take(100).find_map(Result::ok).expect("it is read again");
            program.write_all(&octets((0..960).map(|n| n * round))).unwrap();
            source.frame(&mut frame);
            assert_eq!((frame[1], frame[959]), (round, 959 * round));
            // Half a frame is no frame yet, and is not lost.
            program.write_all(&octets((0..480).map(|_| 5))).unwrap();
            source.frame(&mut frame);
            assert_eq!(frame, [0; MAX_FRAME]);
            program.write_all(&octets((0..480).map(|_| 6))).unwrap();
            source.frame(&mut frame);
            assert_eq!((frame[0], frame[479], frame[480], frame[959]), (5, 5, 6, 6));
        }
    }

    #[test]
    fn a_program_that_does_not_listen_gets_no_torn_samples_and_no_old_sound() {
        let dir = tempfile::tempdir().unwrap();
        let path = fifo(dir.path(), "ear");
        let mut sink = PipeSink::open(&path).unwrap();
        sink.write(&[1; MAX_FRAME]);
        let mut program = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        // So many until it is looked for again; then more than has room.
        (0..i16::try_from(AGAIN).unwrap() + 20).for_each(|n| sink.write(&[0x0101 * (n % 100 + 1); MAX_FRAME]));
        let mut heard = vec![0; 1 << 16];
        let len = program.read(&mut heard).unwrap();
        assert!(len <= WAITING && len > FRAME, "{len}");
        assert!(heard[..len].chunks_exact(FRAME).all(|frame| frame.iter().all(|octet| *octet == frame[0])));
        sink.write(&[0x7878; MAX_FRAME]);
        let len = program.read(&mut heard).unwrap();
        assert_eq!(heard[len - FRAME..len], [0x78; FRAME]);
    }

    #[test]
    fn a_program_may_listen_at_a_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("voice");
        assert_eq!(check_pipe(&path).unwrap_err().code, "no-pipe");
        let listener = UnixListener::bind(&path).unwrap();
        let (mut source, mut sink) = (PipeSource::open(&path).unwrap(), PipeSink::open(&path).unwrap());
        let mut frame = [7; MAX_FRAME];
        source.frame(&mut frame);
        let mut program = listener.accept().unwrap().0;
        program.write_all(&octets(0..960)).unwrap();
        source.frame(&mut frame);
        assert_eq!(frame[959], 959);
        sink.write(&frame);
        let mut heard = [0; FRAME];
        listener.accept().unwrap().0.read_exact(&mut heard).unwrap();
        assert_eq!(heard[..], octets(0..960));
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(check_pipe(&dir.path().join("file")).unwrap_err().message.contains("neither"));
    }
}
