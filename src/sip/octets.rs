//! Sets of octets as the grammar has them, looked up in a table: every octet of a message is asked for.

pub(super) struct Octets([bool; 256]);

impl Octets {
    /// Letters, digits and `more`.
    pub(super) const fn alphanumeric_and(more: &[u8]) -> Self {
        Self::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz").and(more)
    }

    /// Hexadecimal digits in both cases and `more`.
    pub(super) const fn hexadecimal_and(more: &[u8]) -> Self {
        Self::of(b"0123456789ABCDEFabcdef").and(more)
    }

    const fn of(octets: &[u8]) -> Self {
        Self([false; 256]).and(octets)
    }

    #[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which refuses an index out of bounds")]
    const fn and(mut self, more: &[u8]) -> Self {
        let mut at = 0;
        while at < more.len() {
            self.0[more[at] as usize] = true;
            at += 1;
        }
        self
    }

    pub(super) fn has(&self, octet: u8) -> bool {
        self.0.get(usize::from(octet)).copied().unwrap_or(false)
    }

    /// How many octets of the set `octets` begins with.
    pub(super) fn prefix(&self, octets: &[u8]) -> usize {
        let mut rest = octets;
        // Four by four: there are more of them than of anything else that is read.
        while let Some((four, after)) = rest.split_first_chunk::<4>() {
            if let Some(at) = four.iter().position(|octet| !self.has(*octet)) {
                return octets.len() - rest.len() + at;
            }
            rest = after;
        }
        octets.len() - rest.len() + rest.iter().take_while(|octet| self.has(**octet)).count()
    }

    /// Whether `octets` holds nothing else; so does the empty text.
    pub(super) fn all(&self, octets: &[u8]) -> bool {
        octets.iter().all(|octet| self.has(*octet))
    }
}
