//! Who we are, and how two devices agree keys inside offer and answer (PROTOCOL section 7). Pure.

pub mod identity;

pub use identity::Identity;
