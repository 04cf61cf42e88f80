use super::bursts::{Summary, GMIN};

/// One VoIP metrics report block (RFC 3611 section 4.7), of what is written and read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VoipMetrics {
    /// Of the source that is heard.
    pub(super) ssrc: u32,
    pub(super) summary: Summary,
    /// Milliseconds, there and back; zero where it is not known.
    pub(super) round_trip: u16,
    /// Milliseconds in our own buffers.
    pub(super) end_system: u16,
    /// R of ITU-T G.107, 0 to 100.
    pub(super) rating: u8,
    /// MOS in tenths, 10 to 50, for listening and for conversation; `None` where it is not known.
    pub(super) mos: (Option<u8>, Option<u8>),
    /// The playout's delay, and the most that it had or may have, in milliseconds.
    pub(super) nominal: u16,
    pub(super) most: u16,
}

/// RTCP's packet type of extended reports, and the block's.
pub(super) const XR: u8 = 207;
const BLOCK_TYPE: u8 = 7;
/// 32-bit words after the block's first.
const WORDS: u16 = 8;
/// Octets of the whole packet with this one block.
pub(super) const LEN: usize = 44;
/// What says that a value is not known, or not measured.
const UNKNOWN: u8 = 127;
/// Enhanced concealment, an adaptive buffer, which adjusts within a second or so (section 4.7.6: 0 is immediately).
const RECEIVER: u8 = 0b1011_0001;

impl VoipMetrics {
    /// The packet of it, from us.
    pub(super) fn write(&self, from: u32) -> [u8; LEN] {
        let mut octets = [0; LEN];
        let Summary { loss_rate, discard_rate, burst_density, gap_density, burst_duration, gap_duration } =
            self.summary;
        let mos = |score: Option<u8>| score.unwrap_or(UNKNOWN);
        let words = (LEN / 4 - 1) as u16;
        let parts: [&[u8]; 13] = [
            &[0x80, XR],
            &words.to_be_bytes(),
            &from.to_be_bytes(),
            &[BLOCK_TYPE, 0],
            &WORDS.to_be_bytes(),
            &self.ssrc.to_be_bytes(),
            &[loss_rate, discard_rate, burst_density, gap_density],
            &burst_duration.to_be_bytes(),
            &gap_duration.to_be_bytes(),
            &self.round_trip.to_be_bytes(),
            &self.end_system.to_be_bytes(),
            // Signal and noise level, echo: none is measured. No external rating.
            &[UNKNOWN, UNKNOWN, UNKNOWN, GMIN, self.rating, UNKNOWN, mos(self.mos.0), mos(self.mos.1)],
            &[RECEIVER, 0],
        ];
        let nominal = [self.nominal, self.most, self.most].map(u16::to_be_bytes);
        let all = parts.iter().flat_map(|part| part.iter()).chain(nominal.iter().flatten());
        octets.iter_mut().zip(all).for_each(|(to, from)| *to = *from);
        octets
    }

    /// Reads the block of an extended report that is about `ssrc`; the packet is whole RTCP, and may hold anything.
    pub(super) fn read(packet: &[u8], ssrc: u32) -> Option<Self> {
        let mut rest = packet.get(8..)?;
        loop {
            let (head, after) = rest.split_first_chunk::<4>()?;
            let [kind, _, words @ ..] = *head;
            let len = usize::from(u16::from_be_bytes(words)) * 4;
            let (block, next) = (after.get(..len)?, after.get(len..)?);
            let found =
                (kind == BLOCK_TYPE && len == usize::from(WORDS) * 4).then(|| Self::read_block(block)).flatten();
            if let Some(found) = found.filter(|found| found.ssrc == ssrc) {
                return Some(found);
            }
            rest = next;
        }
    }

    fn read_block(block: &[u8]) -> Option<Self> {
        let long = |at: usize| Some(u16::from_be_bytes(block.get(at..at + 2)?.try_into().ok()?));
        let octet = |at: usize| block.get(at).copied();
        let mos = |at: usize| Some(octet(at)?).map(|score| (10..=50).contains(&score).then_some(score));
        Some(Self {
            ssrc: u32::from_be_bytes(block.get(..4)?.try_into().ok()?),
            summary: Summary {
                loss_rate: octet(4)?,
                discard_rate: octet(5)?,
                burst_density: octet(6)?,
                gap_density: octet(7)?,
                burst_duration: long(8)?,
                gap_duration: long(10)?,
            },
            round_trip: long(12)?,
            end_system: long(14)?,
            rating: octet(20)?,
            mos: (mos(22)?, mos(23)?),
            nominal: long(26)?,
            most: long(28)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metrics() -> VoipMetrics {
        VoipMetrics {
            ssrc: 0x0102_0304,
            summary: Summary {
                loss_rate: 5,
                discard_rate: 6,
                burst_density: 7,
                gap_density: 8,
                burst_duration: 0x0910,
                gap_duration: 0x1112,
            },
            round_trip: 0x1314,
            end_system: 0x1516,
            rating: 93,
            mos: (Some(44), None),
            nominal: 60,
            most: 500,
        }
    }

    /// Octet by octet as the figure of section 4.7 has it.
    #[test]
    fn the_block_is_as_the_figure_draws_it() {
        let octets = metrics().write(0x0a0b_0c0d);
        let figure = [
            0x80,
            207,
            0,
            10,
            0x0a,
            0x0b,
            0x0c,
            0x0d,
            7,
            0,
            0,
            8,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            0x10,
            0x11,
            0x12,
            0x13,
            0x14,
            0x15,
            0x16,
            127,
            127,
            127,
            16,
            93,
            127,
            44,
            127,
            0b1011_0001,
            0,
            0,
            60,
            1,
            244,
            1,
            244,
        ];
        assert_eq!(octets, figure);
        assert_eq!(VoipMetrics::read(&octets, 0x0102_0304), Some(metrics()));
        assert_eq!(VoipMetrics::read(&octets, 1), None, "of somebody else");
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(mut octets in prop::collection::vec(any::<u8>(), 0..100), words in 0u8..12) {
            if let Some([kind, _, high, low]) = octets.get_mut(8..12) {
                (*kind, *high, *low) = (BLOCK_TYPE, 0, words);
            }
            VoipMetrics::read(&octets, 0);
        }
    }
}
