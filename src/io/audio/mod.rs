//! Where a call's sound comes from and goes to, in frames of 20 ms: a device, another program, WAV files, silence, a tone.

mod device;
mod pipe;
mod resample;
mod sink;
mod source;
mod tape;
mod wav;

pub use device::{list_devices, FoundDevice};
pub use resample::FrameConverter;
pub use sink::{check_sink, Sink};
pub use source::{check_source, Source, LIVE_RATE};
pub use tape::Tape;
pub use wav::{read_wav, LONGEST};
