//! A fast hash without a key, so that the same entries always stand in the same places. Nobody but our own user puts
//! entries into the tables: who chose them to collide would slow down his own lookup, and a collision never decides
//! which entry rules.

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Folded multiplication: every bit of the result depends on every bit of `word`.
pub(super) fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word) * u128::from(SEED);
    (product >> 64) as u64 ^ product as u64
}

pub(super) fn text(text: &str) -> u64 {
    let octets = text.as_bytes();
    let mut words = octets.chunks_exact(8);
    let mut state = mix(SEED, octets.len() as u64);
    for word in words.by_ref() {
        state = mix(state, word.try_into().map_or(0, u64::from_le_bytes));
    }
    let last = words.remainder().iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
    mix(state, last)
}

pub(super) fn number(state: u64, number: u128) -> u64 {
    mix(mix(state, (number >> 64) as u64), number as u64)
}
