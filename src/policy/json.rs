//! Entries as JSON (RFC 7951) of the data model of RFC 9061, the IKE-less case: `spd-entry` of `ietf-i2nsf-ikeless`.
//!
//! An entry that these leaves say whole has nothing else. Any other carries its whole `spdadd` line in a leaf of our own
//! (`config/sottovoce-policy.yang`); where the leaves could only say something weaker than the entry, or bind it to nobody,
//! they say `discard`, so that a reader who knows only them fails closed. The list is in lookup order.

mod read;
mod write;

pub use read::{read, JsonError};
pub use write::write;

/// Longest text that is read, in octets.
pub const MAX_TEXT: usize = 32 << 20;
/// Most entries of one text: some 800 octets each.
pub const MAX_ENTRIES: usize = 40_000;

/// The module of the list, and that of our leaf.
const MODULE: &str = "ietf-i2nsf-ikeless:ipsec-ikeless";
const SETKEY: &str = "sottovoce-policy:setkey";

/// Entries that are kept and not enforced: no entries for whoever knows the standard alone.
const DISABLED: &str = "sottovoce-policy:disabled";

/// `encr-alg-t`: transform IDs of IKEv2, and key lengths in bits.
const CHACHA20_POLY1305: u64 = 28;
const AES_GCM_16: u64 = 20;

#[cfg(test)]
mod tests;
