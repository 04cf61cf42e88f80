//! RTP packets (RFC 3550 section 5.1). Written with the crate `rtp`; read by hand, because that crate's reader
//! panics when a header extension's length runs past the end of the packet, and copies the payload to the heap.

use rtp::header::Header;
use webrtc_util::marshal::Marshal;

/// Octets of a header without contributing sources and extension.
pub const HEADER_LEN: usize = 12;

/// The fields that change from packet to packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpHeader {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    /// In samples.
    pub timestamp: u32,
    pub ssrc: u32,
}

impl RtpHeader {
    /// Writes the header into the first octets of `packet`; `None` when it is too short.
    pub fn write(&self, packet: &mut [u8]) -> Option<()> {
        let header = Header {
            version: 2,
            marker: self.marker,
            payload_type: self.payload_type,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        header.marshal_to(packet.get_mut(..HEADER_LEN)?).ok().map(drop)
    }

    /// Reads a packet; contributing sources, extension and padding are skipped. `None` when it is no RTP packet.
    pub fn read(packet: &[u8]) -> Option<(Self, &[u8])> {
        let (fixed, rest) = packet.split_first_chunk::<HEADER_LEN>()?;
        let [flags, kind, q0, q1, t0, t1, t2, t3, s0, s1, s2, s3] = *fixed;
        if flags >> 6 != 2 {
            return None;
        }
        let header = Self {
            marker: kind & 0x80 != 0,
            payload_type: kind & 0x7f,
            sequence: u16::from_be_bytes([q0, q1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
        };
        let rest = rest.get(usize::from(flags & 0x0f) * 4..)?;
        let rest = if flags & 0x10 != 0 { skip_extension(rest)? } else { rest };
        let payload = if flags & 0x20 != 0 { strip_padding(rest)? } else { rest };
        Some((header, payload))
    }
}

fn skip_extension(rest: &[u8]) -> Option<&[u8]> {
    let ([_, _, l0, l1], rest) = rest.split_first_chunk::<4>()?;
    rest.get(usize::from(u16::from_be_bytes([*l0, *l1])) * 4..)
}

fn strip_padding(rest: &[u8]) -> Option<&[u8]> {
    let padding = usize::from(*rest.last()?);
    if padding == 0 {
        return None;
    }
    rest.get(..rest.len().checked_sub(padding)?)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use rtp::packet::Packet;
    use webrtc_util::marshal::Unmarshal;

    use super::*;

    #[test]
    fn known_octets() {
        let header =
            RtpHeader { marker: true, payload_type: 8, sequence: 0x0102, timestamp: 0x03040506, ssrc: 0x0708090a };
        let mut octets = [0; 14];
        header.write(&mut octets).unwrap();
        octets[12] = 0xd5;
        assert_eq!(octets, [0x80, 0x88, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xd5, 0]);
        assert_eq!(RtpHeader::read(&octets), Some((header, &[0xd5, 0][..])));
        assert!(header.write(&mut [0; 11]).is_none());
    }

    #[test]
    fn extensions_and_padding_that_run_past_the_end_are_refused() {
        let mut packet = vec![0x90; 12];
        packet.extend([0xbe, 0xde, 0, 1, 0x1f, 0, 0, 0]);
        assert_eq!(RtpHeader::read(&packet).unwrap().1, [0; 0]);
        packet[15] = 2;
        assert_eq!(RtpHeader::read(&packet), None);
        let padded = |last: u8| RtpHeader::read(&[&[0xa0; 12][..], &[7, last]].concat()).map(|(_, p)| p.to_vec());
        assert_eq!((padded(0), padded(1), padded(2), padded(3)), (None, Some(vec![7]), Some(vec![]), None));
        assert_eq!(RtpHeader::read(&[0x40; 12]), None);
    }

    proptest! {
        #[test]
        fn the_crate_reads_the_same(marker: bool, kind in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
                csrc in prop::collection::vec(any::<u32>(), 0..15), payload in prop::collection::vec(any::<u8>(), 0..50)) {
            let header = Header { version: 2, marker, payload_type: kind, sequence_number: sequence, timestamp, ssrc, csrc, ..Header::default() };
            let packet = Packet { header, payload: Bytes::from(payload) }.marshal().unwrap();
            let theirs = Packet::unmarshal(&mut packet.clone()).unwrap();
            let (ours, payload) = RtpHeader::read(&packet).unwrap();
            prop_assert_eq!(payload, &theirs.payload[..]);
            prop_assert_eq!(ours, RtpHeader { marker, payload_type: kind, sequence, timestamp, ssrc });
        }

        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = RtpHeader::read(&octets);
        }
    }
}
