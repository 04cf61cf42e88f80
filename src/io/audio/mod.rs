//! Where a call's sound comes from and goes to, in frames of 20 ms: a device, another program, files, silence, a tone.

mod bell;
mod device;
mod echo;
mod ogg;
mod opus_file;
mod pipe;
mod recording;
mod rehearsal;
mod resample;
mod sink;
mod source;
mod tape;
mod wav;

pub use bell::Bell;
pub use device::{list_devices, FoundDevice};
pub use rehearsal::Rehearsal;
pub use resample::FrameConverter;
pub use sink::{check_sink, Sink};
pub use source::{check_source, Source, LIVE_RATE};
pub use tape::Tape;
pub use wav::{read_wav, LONGEST};
