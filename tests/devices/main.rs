//! Sound devices, without a sound card: a PulseAudio of each test's own, whose null sinks play and are heard again, and another program as the voice.

#[path = "../common/process.rs"]
mod process;

#[path = "../common/events.rs"]
mod events;

mod alsa;
mod calls;
mod choice;
mod connections;
mod echo;
mod haste;
mod pipes;
mod rings;
mod server;
mod soak;
mod sound;
