//! The four transaction machines (RFC 3261 section 17, RFC 6026), and the table that runs them.
//!
//! A machine knows states and timers and nothing of messages, so that each fits on a page and its
//! timers can be pinned to the millisecond. `Transactions` matches messages to machines.

mod client;
mod client_invite;
mod client_request;
mod key;
mod load;
mod reply;
mod server;
mod server_invite;
mod server_request;
mod table;
mod timing;
mod trying;

pub use client_invite::ClientInvite;
pub use client_request::ClientRequest;
pub use server_invite::ServerInvite;
pub use server_request::ServerRequest;
pub use timing::Timing;

pub(crate) use client::{Client, Outgoing, Owner};
pub(crate) use key::{ClientKey, ServerKey};
pub(crate) use reply::Reply;
pub(crate) use server::Incoming;
pub(crate) use table::{Answered, Failed, Happened, Transactions};

/// What to do with a response that reached a client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Seen before, or too late.
    Absorb,
    /// Seen before; acknowledge again (RFC 3261 section 17.1.1.2).
    Ack,
    AckAndDeliver,
    Deliver,
}

/// What a timer of a transaction asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The transaction did its work and is gone.
    Over,
    Resend,
    /// Nothing came in time; the transaction is gone.
    TimedOut,
    /// Send a 100 (RFC 3261 section 17.2.1).
    Trying,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::vocab::Mono;

    pub fn ms(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    /// Runs `step`, which fires the next timer, until there is none; times in milliseconds.
    pub fn ladder<T>(mut step: impl FnMut() -> Option<(Mono, T)>) -> Vec<(u64, T)> {
        std::iter::from_fn(|| step().map(|(at, what)| (at.0.as_millis() as u64, what))).collect()
    }
}
