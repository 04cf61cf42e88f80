//! What the scenarios share: a world without sockets, in which time jumps to the next thing that happens.

pub mod config;
pub mod node;
pub mod server;
pub mod wire;
pub mod world;
