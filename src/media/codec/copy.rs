//! Whether an Opus packet carries the packet before it, too: low bit-rate redundancy (RFC 6716 section 4.2.5).

/// The first twelve configurations have a SILK frame alone, the next four one under a CELT frame (RFC 6716 table 2).
const SILK: std::ops::Range<u8> = 0..12;
const HYBRID: std::ops::Range<u8> = 12..16;

/// False for what cannot be read.
pub(super) fn has_copy(packet: &[u8]) -> bool {
    let Some(&toc) = packet.first() else { return false };
    let (configuration, is_stereo) = (toc >> 3, toc & 4 != 0);
    // SILK frames of 20 ms in an Opus frame: each has a bit that says whether somebody speaks, and after those comes the bit for the copy
    // (section 4.2.3).
    let spoken = match configuration % 4 {
        2 if SILK.contains(&configuration) => 2,
        3 if SILK.contains(&configuration) => 3,
        _ if SILK.contains(&configuration) || HYBRID.contains(&configuration) => 1,
        _ => return false,
    };
    let first = first_frame(packet).and_then(|at| packet.get(at)).copied().unwrap_or_default();
    let bit = |nth: u8| first & (0x80 >> nth) != 0;
    bit(spoken) || is_stereo && bit(2 * spoken + 1)
}

/// Where the first frame begins (section 3.2).
fn first_frame(packet: &[u8]) -> Option<usize> {
    match packet.first()? & 3 {
        0 | 1 => Some(1),
        2 => Some(1 + size_of_length(*packet.get(1)?)),
        _ => {
            let frames = *packet.get(1)?;
            let mut at = 2;
            if frames & 0x40 != 0 {
                // Each 255 says that another octet follows.
                while *packet.get(at)? == 255 {
                    at += 1;
                }
                at += 1;
            }
            let lengths = if frames & 0x80 == 0 { 0 } else { usize::from(frames & 0x3f).saturating_sub(1) };
            for _ in 0..lengths {
                at += size_of_length(*packet.get(at)?);
            }
            Some(at)
        }
    }
}

/// Octets that a frame's length takes.
fn size_of_length(first: u8) -> usize {
    if first < 252 {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::babble;
    use super::*;
    use crate::media::{Codec, Encoder, Tuning};

    fn packets(tuning: Tuning) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::tuned(Codec::Opus, tuning);
        let packet = |frame: &[i16]| {
            let mut octets = vec![0; 120];
            let len = encoder.encode(frame, &mut octets);
            octets.truncate(len);
            octets
        };
        babble(60).chunks(960).map(packet).collect()
    }

    #[test]
    fn a_copy_is_where_the_encoder_was_asked_for_one() {
        let count = |tuning| packets(tuning).iter().filter(|packet| has_copy(packet)).count();
        let usual = Tuning::default();
        assert_eq!(count(usual), 0);
        assert_eq!(count(Tuning { constant_rate: true, ..usual }), 0);
        // Of what it takes for noise there is none; and packets of one size are filled up, which gives them another shape.
        let (varied, equal) = (
            count(Tuning { redundant: true, ..usual }),
            count(Tuning { redundant: true, constant_rate: true, ..usual }),
        );
        assert!(varied > 30 && equal > 30, "{varied}, {equal}");
    }

    #[test]
    fn every_shape_of_packet_is_read_and_none_beyond_its_end() {
        // Wide-band SILK of 20 ms, alone (configuration 9): who speaks, and the copy.
        let toc = |code: u8| 9 << 3 | code;
        for (packet, copy) in [
            (vec![toc(0), 0xc0], true),
            (vec![toc(0), 0x80], false),
            (vec![toc(1), 0x40, 0, 0, 0], true),
            (vec![toc(2), 251, 0x40], true),
            (vec![toc(2), 252, 0, 0x40], true),
            (vec![toc(3), 1, 0x40], true),
            // Two frames of other lengths, padded by 256 octets.
            (vec![toc(3), 0xc2, 255, 2, 252, 1, 0x40], true),
            // Both channels; the second's copy.
            (vec![toc(0) | 4, 0b0001_0000], true),
            (vec![toc(0) | 4, 0b1010_0000], false),
            // 60 ms: three frames speak before it. CELT alone has none.
            (vec![11 << 3, 0b0001_0000], true),
            (vec![11 << 3, 0b1110_0000], false),
            (vec![16 << 3, 0xff], false),
        ] {
            assert_eq!(has_copy(&packet), copy, "{packet:02x?}");
            for end in 0..packet.len() {
                has_copy(&packet[..end]);
            }
        }
    }
}
