//! SIP (RFC 3261 and those that update it). Pure.

pub mod transport;

pub use transport::{ConnectionId, Received, Transmit, Transport};
