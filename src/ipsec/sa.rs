use std::fmt;

use zeroize::Zeroizing;

use crate::policy::{Framing, Suite};
use crate::vocab::Spi;

/// The keys of one ESP security association.
pub struct EspKey {
    pub spi: Spi,
    pub suite: Suite,
    /// [`Suite::key_len`] octets.
    pub key: Zeroizing<Vec<u8>>,
    pub salt: [u8; Suite::SALT_LEN],
}

/// The key of one AH security association, HMAC-SHA2-256-128 (RFC 4868).
pub struct AhKey {
    pub spi: Spi,
    pub key: Zeroizing<[u8; 32]>,
}

/// What protects one direction of a stream; both `None` is nothing at all.
#[derive(Default)]
pub struct DirectionKeys {
    pub esp: Option<EspKey>,
    pub ah: Option<AhKey>,
    /// How they are laid around packets.
    pub framing: Framing,
}

/// Why keys make no security association.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("{suite} takes a key of {} octets, not {len}", suite.key_len())]
    Length { suite: Suite, len: usize },
    #[error("the portable backend has no {0}")]
    NoBackend(Suite),
    #[error("ESP and AH of one direction share the SPI {0}")]
    SameSpi(Spi),
}

/// The sequence numbers of one outbound SA: 1, 2, 3 and so on, and after 2^32 - 1 nothing (RFC 4303 section 3.3.3).
pub(super) struct Sequence {
    last: u32,
}

impl Sequence {
    pub(super) fn new() -> Self {
        Self { last: 0 }
    }

    /// `None` for ever once the numbers are used up.
    pub(super) fn advance(&mut self) -> Option<u32> {
        self.last = self.last.checked_add(1)?;
        Some(self.last)
    }

    #[cfg(test)]
    pub(super) fn skip_to(&mut self, last: u32) {
        self.last = last;
    }
}

impl fmt::Debug for EspKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EspKey({}, {}, [redacted])", self.spi, self.suite)
    }
}

impl fmt::Debug for AhKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AhKey({}, [redacted])", self.spi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_start_at_one_and_stop_before_they_wrap() {
        let mut sequence = Sequence::new();
        assert_eq!(sequence.advance(), Some(1));
        sequence.skip_to(u32::MAX - 1);
        assert_eq!(sequence.advance(), Some(u32::MAX));
        assert_eq!((sequence.advance(), sequence.advance()), (None, None));
    }
}
