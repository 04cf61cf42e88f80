use super::SealError;

/// Holds one packet with room before and behind it, so that headers and trailers are added in place.
pub struct PacketBuffer {
    octets: Box<[u8]>,
    start: usize,
    end: usize,
}

impl PacketBuffer {
    /// AH in UDP 32, ESP with its IV 16, IPComp 4, the inner UDP header 8, three inner IPv6 headers 120; in octets. Twice: what protects
    /// a packet from end to end may go through a tunnel to a gateway.
    const HEADROOM: usize = 2 * 180;
    /// ESP padding at most 3, its trailer 2, ICV 16; in octets. Twice too.
    const TAILROOM: usize = 2 * 21;

    /// Room for payloads of at most `capacity` octets.
    pub fn new(capacity: usize) -> Self {
        let octets = vec![0; Self::HEADROOM + capacity + Self::TAILROOM].into_boxed_slice();
        Self { octets, start: Self::HEADROOM, end: Self::HEADROOM }
    }

    /// The longest payload, in octets.
    pub fn capacity(&self) -> usize {
        self.octets.len() - Self::HEADROOM - Self::TAILROOM
    }

    /// Forgets the last packet and gives `len` octets to write the next payload into; `None` when they do not fit.
    /// What stands in them is undefined.
    pub fn begin(&mut self, len: usize) -> Option<&mut [u8]> {
        if len > self.capacity() {
            return None;
        }
        (self.start, self.end) = (Self::HEADROOM, Self::HEADROOM + len);
        self.octets.get_mut(self.start..self.end)
    }

    pub fn octets(&self) -> &[u8] {
        &self.octets[self.start..self.end]
    }

    /// Lets `seal` change the packet in place and grow it by at most `most` octets behind: it gets the packet with that room, and the
    /// length of the packet, and gives the new length.
    ///
    /// # Errors
    /// There is no such room, or what `seal` has against it.
    pub fn seal_within(
        &mut self,
        most: usize,
        seal: impl FnOnce(&mut [u8], usize) -> Result<usize, SealError>,
    ) -> Result<&[u8], SealError> {
        let len = self.len();
        let room = self.octets.get_mut(self.start..self.end + most).ok_or(SealError::TooLong)?;
        let grown = seal(room, len)?;
        self.end = self.start + grown.min(len + most);
        Ok(self.octets())
    }

    pub(super) fn octets_mut(&mut self) -> &mut [u8] {
        &mut self.octets[self.start..self.end]
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Puts `octets` in the place of a packet that is at least as long; `None` when it is not.
    pub(super) fn replace(&mut self, octets: &[u8]) -> Option<()> {
        let end = self.start.checked_add(octets.len()).filter(|end| *end <= self.end)?;
        self.octets.get_mut(self.start..end)?.copy_from_slice(octets);
        self.end = end;
        Some(())
    }

    /// Grows the packet by `N` octets in front, and gives them; `None` when the room is used up.
    pub(super) fn push_front<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.start = self.start.checked_sub(N)?;
        self.octets[self.start..].first_chunk_mut()
    }

    /// Grows the packet by `len` octets behind, and gives them; `None` when the room is used up.
    pub(super) fn push_back(&mut self, len: usize) -> Option<&mut [u8]> {
        let grown = self.octets.get_mut(self.end..self.end + len)?;
        self.end += len;
        Some(grown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ends_where_it_ends() {
        let mut buffer = PacketBuffer::new(10);
        assert!(buffer.begin(11).is_none());
        buffer.begin(10).unwrap().fill(7);
        assert!(buffer.push_back(42).is_some());
        assert!(buffer.push_back(1).is_none());
        assert!(buffer.push_front::<360>().is_some());
        assert!(buffer.push_front::<1>().is_none());
        assert_eq!((buffer.capacity(), buffer.begin(0).unwrap().len()), (10, 0));
    }
}
