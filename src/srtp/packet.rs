/// Octets of an RTCP packet that stay in clear (RFC 3711 section 3.4).
pub(super) const RTCP_HEADER: usize = 8;

/// What of an RTP packet has to be known to seal or to open it.
#[derive(Clone, Copy)]
pub(super) struct RtpShape {
    pub(super) sequence: u16,
    pub(super) ssrc: u32,
    /// Where the payload begins.
    pub(super) header: usize,
}

impl RtpShape {
    /// `None` when it is no RTP packet (RFC 3550 section 5.1).
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let [flags, _, q0, q1, _, _, _, _, s0, s1, s2, s3, ..] = *packet else { return None };
        if flags >> 6 != 2 {
            return None;
        }
        let mut header = 12 + usize::from(flags & 0x0f) * 4;
        if flags & 0x10 != 0 {
            let [_, _, l0, l1] = *packet.get(header..)?.first_chunk()?;
            header += 4 + usize::from(u16::from_be_bytes([l0, l1])) * 4;
        }
        let sequence = u16::from_be_bytes([q0, q1]);
        (header <= packet.len()).then_some(Self { sequence, ssrc: u32::from_be_bytes([s0, s1, s2, s3]), header })
    }
}

/// RTCP, by its packet type (RFC 5761 section 4).
pub(super) fn is_rtcp(packet: &[u8]) -> bool {
    matches!(packet, [_, 192..=223, ..])
}

/// The source of an RTCP packet.
pub(super) fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let (header, _) = packet.split_first_chunk::<RTCP_HEADER>()?;
    let [flags, _, _, _, s0, s1, s2, s3] = *header;
    (flags >> 6 == 2).then_some(u32::from_be_bytes([s0, s1, s2, s3]))
}
