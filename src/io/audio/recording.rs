use std::ffi::OsStr;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::opus_file::OpusFile;
use super::resample::FrameConverter;
use crate::io::os;
use crate::media::{FRAMES_A_SECOND, MAX_FRAME};
use crate::vocab::{Failure, FailureKind};

/// Frames after which what was written plays: one second.
const FRAMES_A_FLUSH: u32 = FRAMES_A_SECOND;

/// A file being written, of Opus where its name ends so, or else a WAV file. Every second it is whole, so that a killed process leaves a file that plays.
pub struct Recording {
    path: PathBuf,
    writer: Writer,
    /// Samples a second of the file.
    rate: u32,
    /// Where the call has another rate by now.
    converter: Option<Box<FrameConverter>>,
    since_flush: u32,
}

enum Writer {
    Opus(Box<OpusFile<File>>),
    Wav(WavWriter<BufWriter<File>>),
}

impl Recording {
    /// Makes or overwrites the file, 0600. `rate` in hertz, as a codec has it.
    ///
    /// # Errors
    /// It cannot be written, or another recording is written to it.
    pub fn create(path: &Path, rate: u32, channels: u16) -> Result<Self, Failure> {
        // Without O_NONBLOCK a FIFO would be waited for, and the call with it.
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NONBLOCK);
        let file = options.open(path).and_then(emptied);
        let writer = file.and_then(|file| match is_opus(path) {
            true => OpusFile::create(file, rate, channels).map(Box::new).map(Writer::Opus),
            false => wav(file, rate, channels).map(Writer::Wav),
        });
        let writer = writer.map_err(|error| failure(path, &error))?;
        Ok(Self { path: path.to_owned(), writer, rate, converter: None, since_flush: 0 })
    }

    /// The call goes on at another rate.
    pub fn set_rate(&mut self, rate: u32) {
        self.converter = FrameConverter::new(rate, self.rate).map(Box::new);
    }

    /// One frame of one channel, as the call has it.
    ///
    /// # Errors
    /// It cannot be written: the call ends.
    pub fn write(&mut self, frame: &[i16]) -> Result<(), Failure> {
        let mut own = [0; MAX_FRAME];
        let frame = match (&mut self.converter, own.get_mut(..(self.rate / FRAMES_A_SECOND) as usize)) {
            (Some(converter), Some(own)) => {
                converter.convert(frame, own);
                &*own
            }
            _ => frame,
        };
        self.put(frame.iter().copied()).map_err(|error| failure(&self.path, &error))
    }

    /// One frame as it stands in the file, sample by sample of each channel.
    ///
    /// # Errors
    /// What the file says.
    pub fn put(&mut self, mut samples: impl Iterator<Item = i16>) -> io::Result<()> {
        match &mut self.writer {
            Writer::Opus(writer) => samples.try_for_each(|sample| writer.put(sample))?,
            Writer::Wav(writer) => samples.try_for_each(|sample| writer.write_sample(sample)).map_err(plain)?,
        }
        self.since_flush += 1;
        if self.since_flush == FRAMES_A_FLUSH {
            self.since_flush = 0;
            match &mut self.writer {
                Writer::Opus(writer) => writer.flush()?,
                Writer::Wav(writer) => writer.flush().map_err(plain)?,
            }
        }
        Ok(())
    }

    /// Writes the rest, and how long it is.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> Result<(), Failure> {
        let finished = match self.writer {
            Writer::Opus(writer) => writer.finish(),
            Writer::Wav(writer) => writer.finalize().map_err(plain),
        };
        finished.map_err(|error| failure(&self.path, &error))
    }

    /// What cannot be written of a recording that ends alone: its call goes on.
    pub fn failure(&self, error: &io::Error) -> Failure {
        let next = "free some space, or choose a file in a directory that you may write to, then record again: the call goes on";
        Failure { next: next.into(), ..failure(&self.path, error) }
    }
}

/// Two recordings in one file, however they call it, would each spoil what the other writes.
pub fn claim(file: &File) -> io::Result<()> {
    match os::lock(file)? {
        true => Ok(()),
        false => Err(io::Error::new(ErrorKind::ResourceBusy, "another recording is written to it")),
    }
}

/// The file without what it held, ours until it is closed, and nobody else's to read, whose ever it was before.
fn emptied(file: File) -> io::Result<File> {
    claim(&file)?;
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.set_len(0)?;
    }
    Ok(file)
}

/// By the end of its name, of which there may be nothing else.
fn is_opus(path: &Path) -> bool {
    let ending = path.extension().or_else(|| path.file_name()?.to_str()?.strip_prefix('.').map(OsStr::new));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("opus"))
}

fn wav(file: File, sample_rate: u32, channels: u16) -> io::Result<WavWriter<BufWriter<File>>> {
    let format = WavSpec { channels, sample_rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::new(BufWriter::new(file), format).map_err(plain)?;
    writer.flush().map_err(plain)?;
    Ok(writer)
}

fn plain(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    Failure::new(
        FailureKind::Failed,
        "recording-failed",
        format!("the recording {name} cannot be written: {error}"),
        name.to_string(),
        "free some space, or choose a file in a directory that you may write to, then call again: a call that is not recorded as you wanted is ended",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_its_name_says_what_it_holds() {
        for name in ["a.opus", "a.b.OPUS", ".opus", "there/.Opus"] {
            assert!(is_opus(Path::new(name)), "{name}");
        }
        for name in ["a.wav", "opus", ".opus.wav", ".wav", "there.opus/a", "a.opus/.."] {
            assert!(!is_opus(Path::new(name)), "{name}");
        }
    }
}
