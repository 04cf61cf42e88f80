//! The PIDF document with our policy extension, its canonical text and signature check, and the
//! records of the presence database. Pure.

pub mod record;

pub use record::{Names, PresenceRecord};
