use crate::vocab::Spi;

/// What a datagram on the media port is, by its first octets alone (RFC 7983 section 7, RFC 5761 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Empty, or a lone 0xFF: a NAT keep-alive (RFC 3948 section 2.3).
    KeepAlive,
    /// ESP or AH: the SPI says which, it is unique over both.
    Protected(Spi),
    Rtcp,
    Rtp,
    Dtls,
    Stun,
    Unrecognised,
}

impl Kind {
    #[inline]
    pub fn of(datagram: &[u8]) -> Self {
        match *datagram {
            [] | [0xff] => Self::KeepAlive,
            [s0 @ 192..=255, s1, s2, s3, ..] => {
                Spi::new(u32::from_be_bytes([s0, s1, s2, s3])).map_or(Self::Unrecognised, Self::Protected)
            }
            [128..=191, 192..=223, ..] => Self::Rtcp,
            [128..=191, _, ..] => Self::Rtp,
            [0..=3, ..] => Self::Stun,
            [20..=63, ..] => Self::Dtls,
            _ => Self::Unrecognised,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_first_octet_has_its_place() {
        for first in 0..=255u8 {
            let expected = match first {
                0..=3 => Kind::Stun,
                20..=63 => Kind::Dtls,
                4..=19 | 64..=127 => Kind::Unrecognised,
                128..=191 => Kind::Rtp,
                192..=255 => Kind::Protected(Spi::new(u32::from_be_bytes([first, 0, 0, 1])).unwrap()),
            };
            assert_eq!(Kind::of(&[first, 0, 0, 1, 5]), expected);
        }
        assert_eq!(Kind::of(&[0x80, 0xc8, 0, 1]), Kind::Rtcp);
        assert_eq!(Kind::of(&[0x80, 0xe0, 0, 1]), Kind::Rtp);
    }

    #[test]
    fn keep_alives_and_stumps() {
        assert_eq!(Kind::of(&[]), Kind::KeepAlive);
        assert_eq!(Kind::of(&[0xff]), Kind::KeepAlive);
        assert_eq!(Kind::of(&[0xfe]), Kind::Unrecognised);
        assert_eq!(Kind::of(&[0xff, 0xff, 0xff]), Kind::Unrecognised);
        assert_eq!(Kind::of(&[0x80]), Kind::Unrecognised);
    }
}
