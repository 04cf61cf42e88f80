//! Digest authentication as SIP has it (RFC 3261 section 22, RFC 8760): which challenge to answer, and the answer. Pure.
//!
//! Only the client's half is here: a telephone proves who it is and asks nobody else to.

mod algorithm;
mod auth_params;
mod challenge;
mod client;
mod credentials;
#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use challenge::{Challenge, Qop};
pub use client::{Asked, Client, Login, Unanswerable};
pub use credentials::Credentials;
