//! How media finds its way through NATs: STUN (RFC 8489), TURN (RFC 8656), ICE (RFC 8445) and its consent (RFC 7675) on the socket of one call. Pure.
//!
//! | who | what |
//! | --- | --- |
//! | [`Gathering`] | what is to be found out, and with which secrets: made by the agent, which has the randomness |
//! | [`Traversal`] | one socket's: gathers candidates, answers and makes checks, says where packets go |
//!
//! A [`Traversal`] gathers ([`Traversal::is_gathered`]) before its description ([`Traversal::ours`]) is offered or answered, begins its
//! checks when the other side's is known ([`Traversal::start`]), and from the first nominated pair on names the [way](Traversal::way) of every
//! packet. It decides on no policy: a check goes, and a pair is used, only where whoever drives it says that the entries let packets go there.
//!
//! The state machine of ICE is that of the crate `is`. It counts in the standard library's instants, from an origin that comes in, and draws
//! the numbers of its transactions itself; what keeps strangers out are the names and passwords, and those are ours.

mod binding;
mod candidates;
mod consent;
mod gathering;
mod hmac;
mod relay;
#[cfg(test)]
mod tests;
mod traversal;
mod turn;

pub use candidates::{is_usable, reflexive, relayed};
pub use gathering::{Credentials, Gathering, RelayAccount, Servers, Start};
pub use traversal::{Heard, Transmit, Traversal, Way};
