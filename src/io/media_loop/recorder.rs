//! A recording of both sides of a call. The leg hands its frames over and never waits; a thread of its own writes them.

use std::sync::mpsc::{sync_channel, Receiver, SyncSender, TrySendError};
use std::thread;

use tokio::sync::mpsc;

use crate::agent::{CallRecording, Done};
use crate::io::audio::Tape;
use crate::media::{ConsentTone, FRAMES_A_SECOND, MAX_FRAME};
use crate::vocab::{CallId, Failure};

/// Frames that wait for a slow disk; what comes while it is full is missing in the file.
pub const WAITING: usize = 100;

/// The leg's side.
pub struct Recorder {
    to: SyncSender<Pair>,
    tone: Option<ConsentTone>,
}

/// 20 ms of both sides.
struct Pair {
    ours: [i16; MAX_FRAME],
    theirs: [i16; MAX_FRAME],
    /// Samples of each.
    lengths: [usize; 2],
}

/// Until it is dropped the file is not whole.
pub type Whole = std::sync::mpsc::Receiver<()>;

impl Recorder {
    /// Its thread ends, and tells, when the recorder is dropped, or when nothing can be written any more.
    pub fn start(call: CallId, wanted: CallRecording, dones: mpsc::Sender<Done>) -> std::io::Result<(Self, Whole)> {
        let (to, pairs) = sync_channel(WAITING);
        let (writing, whole) = std::sync::mpsc::channel();
        let tone = wanted.consent_tone.then(ConsentTone::default);
        let work = move || {
            let failure = write(&wanted, &pairs).err();
            // The leg finds nobody here from now on.
            drop(pairs);
            drop(writing);
            let _ = dones.blocking_send(Done::RecordingEnded { call, failure });
        };
        thread::Builder::new().name("recording".to_owned()).spawn(work)?;
        Ok((Self { to, tone }, whole))
    }

    /// What the peer hears of it in the next frame.
    pub fn mix_into(&mut self, frame: &mut [i16]) {
        if let Some(tone) = &mut self.tone {
            tone.go_on();
            tone.mix_into(frame);
        }
    }

    /// The same for whoever else is recorded with it.
    pub fn mix_into_others(&self, frame: &mut [i16]) {
        if let Some(tone) = &self.tone {
            tone.mix_into(frame);
        }
    }

    /// `false`: nothing is written any more.
    pub fn write(&mut self, ours: &[i16], theirs: &[i16]) -> bool {
        let lengths = [ours, theirs].map(|frame| frame.len().min(MAX_FRAME));
        let mut pair = Pair { ours: [0; MAX_FRAME], theirs: [0; MAX_FRAME], lengths };
        pair.ours.iter_mut().zip(ours).for_each(|(to, from)| *to = *from);
        pair.theirs.iter_mut().zip(theirs).for_each(|(to, from)| *to = *from);
        !matches!(self.to.try_send(pair), Err(TrySendError::Disconnected(_)))
    }
}

/// The file has the rate of the first frames, the higher of both.
fn write(wanted: &CallRecording, pairs: &Receiver<Pair>) -> Result<(), Failure> {
    let mut tape: Option<Tape> = None;
    for Pair { ours, theirs, lengths: [our_len, their_len] } in pairs {
        let (ours, theirs) = (ours.get(..our_len).unwrap_or_default(), theirs.get(..their_len).unwrap_or_default());
        let tape = match &mut tape {
            Some(tape) => tape,
            none => none.insert(Tape::open(wanted, our_len.max(their_len) as u32 * FRAMES_A_SECOND)?),
        };
        tape.write(ours, theirs)?;
    }
    tape.map_or(Ok(()), Tape::finish)
}
