//! The compiled lookup snapshot (RFC 4301 section 4.4.1).

use std::net::SocketAddr;

use super::{Direction, Entry, Upper};
use crate::vocab::{Device, Entity, Generation};

/// Approved entries compiled for lookup: immutable, numbered by generation.
#[derive(Clone, Debug)]
pub struct Spd {
    pub(crate) generation: Generation,
    pub(crate) entries: Vec<Entry>,
}

/// What a packet is looked up by.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub upper: Upper,
    pub direction: Direction,
    /// The stream's peer, when it is known.
    pub peer: Option<(&'a Entity, &'a Device)>,
}

impl Spd {
    pub fn generation(&self) -> Generation {
        self.generation
    }
}
