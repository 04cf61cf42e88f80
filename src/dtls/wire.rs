/// Octets of a peer, read from the front; whatever is too short is `None`.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// An unsigned number of so many octets, eight at most.
    pub(super) fn number(&mut self, octets: usize) -> Option<u64> {
        Some(self.take(octets)?.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[octet]| octet)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// What follows its own length, which has so many octets (RFC 5246 section 4.3).
    pub(super) fn vector(&mut self, octets: usize) -> Option<&'a [u8]> {
        let length = self.number(octets)?;
        self.take(usize::try_from(length).ok()?)
    }

    /// A vector of two-octet numbers.
    pub(super) fn numbers(&mut self, octets: usize) -> Option<Vec<u16>> {
        let all = self.vector(octets)?;
        all.len().is_multiple_of(2).then(|| all.chunks_exact(2).filter_map(|two| Reader(two).u16()).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes what `fill` does, behind its length in so many octets.
pub(super) fn vector(out: &mut Vec<u8>, octets: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut inside = Vec::new();
    fill(&mut inside);
    number(out, octets, inside.len() as u64);
    out.append(&mut inside);
}

pub(super) fn number(out: &mut Vec<u8>, octets: usize, number: u64) {
    let all = number.to_be_bytes();
    out.extend(all.iter().skip(all.len().saturating_sub(octets)));
}

pub(super) fn numbers(out: &mut Vec<u8>, octets: usize, all: &[u16]) {
    vector(out, octets, |out| all.iter().for_each(|one| out.extend(one.to_be_bytes())));
}
