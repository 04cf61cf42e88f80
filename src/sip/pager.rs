//! Short texts outside of any call (RFC 3428).

/// One text, ours or theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u64);

/// Longest text that is taken, octets. Ours are no longer either: whoever has more to say can call.
pub const LONGEST: usize = 4096;

/// What a text travels as.
pub const TEXT: &str = "text/plain";
