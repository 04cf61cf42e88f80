//! IPComp (RFC 3173) with DEFLATE (RFC 2394). Each packet by itself; one that would not become shorter goes without.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::packet_buffer::PacketBuffer;
use super::DropReason;

/// IPComp's protocol number.
pub(super) const NEXT_HEADER: u8 = 108;
/// Next header, flags, CPI.
const HEADER_LEN: usize = 4;
/// The well-known CPI of DEFLATE (RFC 2394 section 4).
const DEFLATE: u16 = 2;
/// The longest packet that is packed; whatever unpacks to more is dropped. In octets.
pub(super) const MAX_PACKET: usize = 2048;

/// Makes packets shorter. Its memory is taken once.
pub(super) struct Packer {
    deflate: Compress,
    room: Box<[u8; MAX_PACKET]>,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self { deflate: Compress::new(Compression::default(), false), room: Box::new([0; MAX_PACKET]) }
    }

    /// Compresses the packet in the buffer, of the protocol `next_header`, and gives the protocol of what stands there now: the same
    /// when it was left as it is (RFC 3173 section 2.2).
    pub(super) fn pack(&mut self, buffer: &mut PacketBuffer, next_header: u8) -> u8 {
        self.try_pack(buffer, next_header).unwrap_or(next_header)
    }

    fn try_pack(&mut self, buffer: &mut PacketBuffer, next_header: u8) -> Option<u8> {
        let shorter = buffer.len().checked_sub(HEADER_LEN + 1).filter(|len| *len <= MAX_PACKET)?;
        let room = self.room.get_mut(..shorter)?;
        self.deflate.reset();
        let done = self.deflate.compress(buffer.octets(), room, FlushCompress::Finish).ok()?;
        let len = usize::try_from(self.deflate.total_out()).ok().filter(|_| done == Status::StreamEnd)?;
        buffer.replace(room.get(..len)?)?;
        let [c0, c1] = DEFLATE.to_be_bytes();
        *buffer.push_front::<HEADER_LEN>()? = [next_header, 0, c0, c1];
        Some(NEXT_HEADER)
    }
}

/// Makes them whole again.
pub(super) struct Unpacker {
    inflate: Decompress,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Self { inflate: Decompress::new(false) }
    }

    /// Gives the protocol of the packet, and its length in `room`.
    pub(super) fn unpack(&mut self, packet: &[u8], room: &mut [u8]) -> Result<(u8, usize), DropReason> {
        let ([next_header, _, c0, c1], packed) =
            packet.split_first_chunk::<HEADER_LEN>().ok_or(DropReason::Malformed)?;
        if u16::from_be_bytes([*c0, *c1]) != DEFLATE || *next_header == NEXT_HEADER {
            return Err(DropReason::Compression);
        }
        self.inflate.reset(false);
        let done = self.inflate.decompress(packed, room, FlushDecompress::Finish);
        let whole = done.is_ok_and(|status| status == Status::StreamEnd);
        let all = usize::try_from(self.inflate.total_in()).is_ok_and(|read| read == packed.len());
        let len = usize::try_from(self.inflate.total_out()).map_err(|_| DropReason::Compression)?;
        (whole && all).then_some((*next_header, len)).ok_or(DropReason::Compression)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(packet: &[u8]) -> (u8, Vec<u8>) {
        let mut buffer = PacketBuffer::new(3000);
        buffer.begin(packet.len()).unwrap().copy_from_slice(packet);
        let next = Packer::new().pack(&mut buffer, 17);
        (next, buffer.octets().to_vec())
    }

    fn unpacked(packet: &[u8], room: usize) -> Result<(u8, Vec<u8>), DropReason> {
        let mut room = vec![0; room];
        let (next, len) = Unpacker::new().unpack(packet, &mut room)?;
        Ok((next, room[..len].to_vec()))
    }

    #[test]
    fn what_shrinks_comes_back_and_what_would_not_stays() {
        let (next, short) = packed(&[0xd5; 172]);
        assert_eq!((next, &short[..4]), (108, &[17, 0, 0, 2][..]));
        assert!(short.len() < 24, "{}", short.len());
        assert_eq!(unpacked(&short, 2048), Ok((17, vec![0xd5; 172])));
        let noise: Vec<u8> = (0..200u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for packet in [&noise[..], b"", b"short", &[0; 2500]] {
            assert_eq!(packed(packet), (17, packet.to_vec()));
        }
    }

    /// No packet is made longer, nor kept at its length, by packing it.
    #[test]
    fn nothing_expands() {
        for len in 0..300usize {
            let packet: Vec<u8> = (0..len).map(|n| (n * n / 7) as u8).collect();
            let (next, octets) = packed(&packet);
            assert!(octets.len() < packet.len() || (next, &octets) == (17, &packet), "{len}");
        }
    }

    #[test]
    fn one_packer_packs_each_packet_by_itself() {
        let mut packer = Packer::new();
        let mut unpacker = Unpacker::new();
        let mut buffer = PacketBuffer::new(300);
        for n in 0..50u8 {
            buffer.begin(200).unwrap().fill(n);
            assert_eq!(packer.pack(&mut buffer, 17), 108);
            let mut room = [0; 300];
            assert_eq!(unpacker.unpack(buffer.octets(), &mut room), Ok((17, 200)));
            assert_eq!(room[..200], [n; 200]);
        }
    }

    #[test]
    fn bombs_stumps_and_strange_headers_are_dropped() {
        let (_, short) = packed(&[0; 1000]);
        assert_eq!(unpacked(&short, 999), Err(DropReason::Compression));
        assert_eq!(unpacked(&[], 2048), Err(DropReason::Malformed));
        for len in 4..short.len() {
            assert_eq!(unpacked(&short[..len], 2048), Err(DropReason::Compression), "{len}");
        }
        let changed = |at: usize, octet: u8| {
            let mut changed = short.clone();
            changed[at] = octet;
            unpacked(&changed, 2048).map(|_| ())
        };
        assert_eq!((changed(3, 3), changed(0, 108)), (Err(DropReason::Compression), Err(DropReason::Compression)));
        assert_eq!(changed(1, 0xff), Ok(()), "flags are ignored (RFC 3173 section 3.3)");
        assert_eq!(unpacked(&[&short[..], &[0]].concat(), 2048), Err(DropReason::Compression));
    }
}
