use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::device::{check_device, Speaker};
use super::pipe::{check_pipe, PipeSink};
use super::recording::{claim, Recording};
use super::resample::FrameConverter;
use super::source::LIVE_RATE;
use crate::agent::{AudioSink, SoundNews, SoundSide};
use crate::media::{Acoustics, SoundEnd, MAX_FRAME};
use crate::vocab::{escape, Failure, FailureKind};

/// Where a call's sound goes.
#[derive(Default)]
pub enum Sink {
    #[default]
    Discard,
    File(Recording),
    Live(Live),
}

/// What is heard at once.
pub struct Live {
    to: Heard,
    converter: Option<Box<FrameConverter>>,
}

enum Heard {
    Device(Box<Speaker>),
    Pipe(Box<PipeSink>),
}

/// Whether the file can be written, or the device or pipe is there, asked before anybody's telephone rings. An earlier recording of that name stays as
/// it is until the call really begins.
pub fn check_sink(sink: &AudioSink) -> Result<(), Failure> {
    let path = match sink {
        AudioSink::Device(device) => return check_device(device, SoundSide::Output),
        AudioSink::Pipe(path) => return check_pipe(path),
        AudioSink::Discard => return Ok(()),
        AudioSink::File(path) => path,
    };
    // Without O_NONBLOCK a FIFO would be waited for.
    let writable = |options: &mut OpenOptions| options.mode(0o600).custom_flags(libc::O_NONBLOCK).open(path);
    let checked = match writable(OpenOptions::new().write(true).create_new(true)) {
        Ok(_) => std::fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            writable(OpenOptions::new().append(true)).and_then(|file| claim(&file))
        }
        Err(error) => Err(error),
    };
    checked.map_err(|error| unwritable(path, &error))
}

impl Sink {
    /// Makes or overwrites the file, 0600: what was said is nobody else's. `rate` in hertz, a multiple of 50.
    pub fn open(sink: &AudioSink, rate: u32) -> Result<Self, Failure> {
        match sink {
            AudioSink::Discard => Ok(Self::Discard),
            AudioSink::File(path) => Recording::create(path, rate, 1).map(Self::File),
            AudioSink::Device(device) => Ok(Self::live(Heard::Device(Box::new(Speaker::start(device.clone()))), rate)),
            AudioSink::Pipe(path) => Ok(Self::live(Heard::Pipe(Box::new(PipeSink::open(path)?)), rate)),
        }
    }

    fn live(to: Heard, rate: u32) -> Self {
        Self::Live(Live { to, converter: FrameConverter::new(rate, LIVE_RATE).map(Box::new) })
    }

    /// Where it goes.
    pub fn end(&self) -> SoundEnd {
        match self {
            Self::Live(Live { to: Heard::Device(_), .. }) => SoundEnd::Device,
            Self::Live(Live { to: Heard::Pipe(_), .. }) => SoundEnd::Program,
            Self::Discard | Self::File(_) => SoundEnd::Other,
        }
    }

    /// Somebody hears it at once.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// The call goes on at another rate.
    pub fn set_rate(&mut self, rate: u32) {
        let converter = |to: u32| FrameConverter::new(rate, to).map(Box::new);
        match self {
            Self::Discard => {}
            Self::File(recording) => recording.set_rate(rate),
            Self::Live(live) => live.converter = converter(LIVE_RATE),
        }
    }

    /// That a device went away, or is there again.
    pub fn news(&mut self) -> Option<SoundNews> {
        match self {
            Self::Live(Live { to: Heard::Device(speaker), .. }) => speaker.news(),
            Self::Discard | Self::File(_) | Self::Live(_) => None,
        }
    }

    /// After a failure the rest is to be discarded; what was written until then stays readable. `acoustics` learns what is heard at once.
    pub fn write(&mut self, frame: &[i16], acoustics: Option<&mut Acoustics>) -> Result<(), Failure> {
        match self {
            Self::Discard => Ok(()),
            Self::File(recording) => recording.write(frame),
            Self::Live(live) => {
                live.write(frame, acoustics);
                Ok(())
            }
        }
    }

    /// Writes what is left, and the final header.
    pub fn finish(self) -> Result<(), Failure> {
        match self {
            Self::File(recording) => recording.finish(),
            Self::Discard | Self::Live(_) => Ok(()),
        }
    }
}

impl Live {
    fn write(&mut self, frame: &[i16], acoustics: Option<&mut Acoustics>) {
        let mut own = [0; MAX_FRAME];
        let frame = match &mut self.converter {
            Some(converter) => {
                converter.convert(frame, &mut own);
                &own
            }
            None => frame,
        };
        match &mut self.to {
            Heard::Device(speaker) => speaker.write(frame, acoustics),
            Heard::Pipe(pipe) => {
                pipe.write(frame);
                if let Some(acoustics) = acoustics {
                    acoustics.played(frame);
                }
            }
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let name = escape(&path.to_string_lossy());
    let next = match error.kind() {
        ErrorKind::ResourceBusy => "choose another file, one for each call",
        _ => "choose a file in a directory that you may write to",
    };
    let message = format!("the recording {name} cannot be written: {error}");
    Failure::new(FailureKind::Usage, "recording-impossible", message, name, next)
}

#[cfg(test)]
mod tests {
    use super::super::read_wav;
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn frame(value: i16) -> [i16; 160] {
        [value; 160]
    }

    #[test]
    fn what_is_written_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heard.wav");
        let mut sink = Sink::open(&AudioSink::File(path.clone()), 8000).unwrap();
        (1..=3).for_each(|value| sink.write(&frame(value), None).unwrap());
        sink.finish().unwrap();
        let found = read_wav(&path, 8000).unwrap();
        assert_eq!((found.len(), found[0], found[479]), (480, 1, 3));
    }

    #[test]
    fn a_file_keeps_its_rate_when_the_call_goes_on_at_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heard.wav");
        let mut sink = Sink::open(&AudioSink::File(path.clone()), 8000).unwrap();
        sink.write(&frame(1000), None).unwrap();
        sink.set_rate(48_000);
        (0..5).for_each(|_| sink.write(&[1000; 960], None).unwrap());
        sink.set_rate(8000);
        sink.write(&frame(1000), None).unwrap();
        sink.finish().unwrap();
        let found = read_wav(&path, 8000).unwrap();
        assert_eq!((found.len(), found[0], found[7 * 160 - 1]), (7 * 160, 1000, 1000));
        assert!(found[480..960].iter().all(|sample| sample.abs_diff(1000) < 20));
    }

    #[test]
    fn a_file_that_others_could_read_is_ours_alone_from_then_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heard.wav");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        Sink::open(&AudioSink::File(path.clone()), 8000).unwrap().finish().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_under_two_names_has_one_recording() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("heard.wav"), dir.path().join("link.wav"));
        let mut first = Sink::open(&AudioSink::File(path.clone()), 8000).unwrap();
        first.write(&frame(7), None).unwrap();
        std::os::unix::fs::symlink(&path, &other).unwrap();
        let failure = check_sink(&AudioSink::File(other.clone())).unwrap_err();
        assert!(failure.code == "recording-impossible" && failure.message.contains("another recording"), "{failure}");
        assert!(failure.next.contains("another file"), "{failure}");
        assert_eq!(Sink::open(&AudioSink::File(other.clone()), 8000).err().unwrap().code, "recording-failed");
        first.finish().unwrap();
        assert_eq!(read_wav(&path, 8000).unwrap()[..3], [7, 7, 7]);
        check_sink(&AudioSink::File(other)).unwrap();
    }

    #[test]
    fn a_killed_process_leaves_a_file_that_plays_up_to_the_last_second() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heard.wav");
        let mut sink = Sink::open(&AudioSink::File(path.clone()), 8000).unwrap();
        (0..120).for_each(|value| sink.write(&frame(value), None).unwrap());
        std::mem::forget(sink);
        assert_eq!(read_wav(&path, 8000).unwrap().len(), 100 * 160);
    }

    #[test]
    fn a_check_leaves_no_file_and_an_earlier_recording_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heard.wav");
        check_sink(&AudioSink::File(path.clone())).unwrap();
        assert!(!path.exists());
        std::fs::write(&path, "earlier").unwrap();
        check_sink(&AudioSink::File(path.clone())).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"earlier");
        for impossible in [dir.path().to_owned(), dir.path().join("no/heard.wav")] {
            let failure = check_sink(&AudioSink::File(impossible)).unwrap_err();
            assert_eq!((failure.kind, failure.code), (FailureKind::Usage, "recording-impossible"));
        }
    }

    #[test]
    fn a_full_disk_is_told_and_a_missing_directory_is_named() {
        let mut sink = Sink::open(&AudioSink::Discard, 8000).unwrap();
        sink.write(&frame(1), None).unwrap();
        let failure = Sink::open(&AudioSink::File("/nonexistent/heard.wav".into()), 8000).err().unwrap();
        assert_eq!(failure.code, "recording-failed");
        assert!(Sink::open(&AudioSink::File("/dev/full".into()), 8000).is_err());
    }
}
