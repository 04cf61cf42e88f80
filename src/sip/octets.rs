//! Sets of octets as the grammar has them, looked up in a table: every octet of a message is asked for.

pub(super) struct Octets([bool; 256]);

impl Octets {
    /// Letters, digits and `more`.
    #[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which refuses an index out of bounds")]
    pub(super) const fn alphanumeric_and(more: &[u8]) -> Self {
        let mut has = [false; 256];
        let mut octet = 0_u8;
        while octet < 128 {
            has[octet as usize] = octet.is_ascii_alphanumeric();
            octet += 1;
        }
        let mut at = 0;
        while at < more.len() {
            has[more[at] as usize] = true;
            at += 1;
        }
        Self(has)
    }

    pub(super) fn has(&self, octet: u8) -> bool {
        self.0.get(usize::from(octet)).copied().unwrap_or(false)
    }

    /// Whether `octets` holds nothing else; so does the empty text.
    pub(super) fn all(&self, octets: &[u8]) -> bool {
        octets.iter().all(|octet| self.has(*octet))
    }
}
