//! What a peer or somebody on the path can do to messages: through the agent's own door, nothing panics, nothing is
//! registered, nothing grows without limit.

#[allow(dead_code)] // the scenarios of tests/world use the rest
#[path = "../common/mod.rs"]
mod common;

#[path = "../../fuzz/checks.rs"]
mod checks;

mod aimed;
mod bench;
mod corpus;
mod documents;
mod handshake;
mod held;
mod parts;
mod samples;
mod sweeps;
