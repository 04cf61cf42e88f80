//! How much others can make us remember. Above it they are answered 503 with Retry-After.

use std::time::Duration;

/// Subscriptions of ours.
pub const SUBSCRIPTIONS: usize = 1024;
/// Subscriptions of others to us.
pub const NOTIFIERS: usize = 256;
/// Subscriptions to us out of one address, so that one stranger cannot take all.
pub const NOTIFIERS_PER_ADDRESS: usize = 32;
/// Sessions, ours and theirs.
pub const SESSIONS: usize = 128;
/// Sessions that others began out of one address.
pub const SESSIONS_PER_ADDRESS: usize = 16;
/// Referrals, ours and theirs.
pub const REFERRALS: usize = 128;
/// Referrals of one peer within one call that it is still told of.
pub const REFERRALS_PER_CALL: usize = 4;
/// How long a peer is told what comes of its referral, unless it asks for longer: the user may think, and the new peer ring.
pub const REFERRAL: Duration = Duration::from_secs(1200);
/// Requests of others that are remembered, so that they are not handled twice.
pub const SERVER_TRANSACTIONS: usize = 4096;
/// Requests of one address that are remembered, so that one stranger cannot take all.
pub const SERVER_TRANSACTIONS_PER_ADDRESS: usize = 256;
/// Octets that all remembered requests take, ours and those of others, with their answers. Nothing is dropped when they
/// are used up, and nothing of ours is held back: what others send anew is turned away.
pub const TRANSACTION_OCTETS: usize = 16 * 1024 * 1024;
/// Of these so many for what nobody here asked for; the rest is kept for what our own subscriptions bring.
pub const UNASKED_OCTETS: usize = 12 * 1024 * 1024;
/// And so many for requests of one address, so that one stranger cannot take all.
pub const TRANSACTION_OCTETS_PER_ADDRESS: usize = 2 * 1024 * 1024;
/// Longest head of a request that is kept, octets; a longer one is answered 513 and forgotten.
pub const HEAD: usize = 16 * 1024;
/// Requests of ours that are remembered; above it nothing is sent that no user asked for.
pub const CLIENT_TRANSACTIONS: usize = 4096;
/// Longest Call-ID and tag, octets: they are what is kept of a message for long.
pub const TOKEN: usize = 1024;
/// What Retry-After of a 503 says, seconds.
pub const RETRY_AFTER: u32 = 30;
/// How long an INVITE may wait for our user: as long as a proxy would wait for us (Timer C, RFC 3261 section 16.6).
pub const RINGING: Duration = Duration::from_secs(180);

/// How many of these an endpoint really takes: so many by default, or so many times more where it serves more than one
/// user's telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub subscriptions: usize,
    pub notifiers: usize,
    pub notifiers_per_address: usize,
    pub sessions: usize,
    pub sessions_per_address: usize,
    pub referrals: usize,
    pub server_transactions: usize,
    pub server_transactions_per_address: usize,
    pub transaction_octets: usize,
    pub unasked_octets: usize,
    pub transaction_octets_per_address: usize,
    pub client_transactions: usize,
}

impl Limits {
    /// Each of them, `factor` times.
    pub fn times(factor: usize) -> Self {
        let times = |limit: usize| limit.saturating_mul(factor);
        Self {
            subscriptions: times(SUBSCRIPTIONS),
            notifiers: times(NOTIFIERS),
            notifiers_per_address: times(NOTIFIERS_PER_ADDRESS),
            sessions: times(SESSIONS),
            sessions_per_address: times(SESSIONS_PER_ADDRESS),
            referrals: times(REFERRALS),
            server_transactions: times(SERVER_TRANSACTIONS),
            server_transactions_per_address: times(SERVER_TRANSACTIONS_PER_ADDRESS),
            transaction_octets: times(TRANSACTION_OCTETS),
            unasked_octets: times(UNASKED_OCTETS),
            transaction_octets_per_address: times(TRANSACTION_OCTETS_PER_ADDRESS),
            client_transactions: times(CLIENT_TRANSACTIONS),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::times(1)
    }
}
