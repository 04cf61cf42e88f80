/// Packets that wait for their turn, undecoded. Those that came first lie together, so that a short queue touches little memory.
pub(super) struct Store {
    packets: Box<[Packet; PACKETS]>,
    /// A bit for each place that has a packet: who looks for one touches no other.
    taken: u64,
    octets: Box<[u8]>,
}

/// What is known of a packet that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// RTP time of its first sample, and how long it is, in ticks; the time does not wrap.
    pub(super) start: i64,
    pub(super) ticks: i64,
    /// RTP sequence number that does not wrap.
    pub(super) number: u64,
    pub(super) payload_type: u8,
    len: usize,
}

/// So many packets wait at most: 1.28 s of 20 ms each.
const PACKETS: usize = 64;

const _: () = assert!(PACKETS == u64::BITS as usize);
/// Octets of the longest payload: one packet of Opus (RFC 6716 section 3.4), or 120 ms of G.711.
pub(super) const MAX_PAYLOAD: usize = 1280;

impl Packet {
    pub(super) fn new(number: u64, payload_type: u8, start: i64, ticks: i64) -> Self {
        Self { start, ticks, number, payload_type, len: 0 }
    }

    pub(super) fn end(&self) -> i64 {
        self.start.saturating_add(self.ticks)
    }
}

impl Store {
    pub(super) fn new() -> Self {
        let octets = vec![0; PACKETS * MAX_PAYLOAD].into_boxed_slice();
        Self { packets: Box::new([Packet::new(0, 0, 0, 0); PACKETS]), taken: 0, octets }
    }

    /// Keeps a packet; the one that would be played first makes room for it where none is left. What is longer than
    /// [`MAX_PAYLOAD`] is cut.
    pub(super) fn insert(&mut self, packet: Packet, payload: &[u8]) {
        let slot = match self.taken.trailing_ones() as usize {
            PACKETS => self.first().map_or(0, |(slot, _)| slot),
            free => free,
        };
        let payload = &payload[..payload.len().min(MAX_PAYLOAD)];
        self.packets[slot] = Packet { len: payload.len(), ..packet };
        self.taken |= 1 << slot;
        self.octets[slot * MAX_PAYLOAD..][..payload.len()].copy_from_slice(payload);
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.waiting().any(|(_, packet)| packet.number == number)
    }

    /// The packet that is to be played first, and where it lies.
    pub(super) fn first(&self) -> Option<(usize, Packet)> {
        self.waiting().min_by_key(|(_, packet)| packet.start)
    }

    fn waiting(&self) -> impl Iterator<Item = (usize, Packet)> + '_ {
        let mut left = self.taken;
        std::iter::from_fn(move || {
            let slot = left.trailing_zeros() as usize;
            let packet = self.packets.get(slot)?;
            left &= left - 1;
            Some((slot, *packet))
        })
    }

    pub(super) fn payload(&self, (slot, packet): (usize, Packet)) -> &[u8] {
        &self.octets[slot * MAX_PAYLOAD..][..packet.len]
    }

    pub(super) fn remove(&mut self, slot: usize) {
        self.taken &= !(1 << slot);
    }

    pub(super) fn clear(&mut self) {
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_the_one_with_the_least_time_and_makes_room() {
        let mut store = Store::new();
        for number in (0..PACKETS as u64).rev() {
            store.insert(Packet::new(number, 0, number as i64 * 160, 160), &[number as u8; 3]);
        }
        let first = store.first().unwrap();
        assert_eq!((first.1.start, store.payload(first)), (0, &[0; 3][..]));
        store.insert(Packet::new(100, 0, 16_000, 160), &[7; MAX_PAYLOAD + 1]);
        assert_eq!(store.first().unwrap().1.number, 1);
        assert!(store.has(100) && !store.has(0));
        store.clear();
        assert_eq!(store.first(), None);
    }
}
