mod decoder;
mod encoder;

pub use decoder::Decoder;
pub use encoder::Encoder;

/// Samples of the longest frame: 20 ms at 48 kHz.
pub const MAX_FRAME: usize = 960;

/// Frames a second: each is 20 ms of sound, mono, at the rate of its codec.
pub const FRAMES_A_SECOND: u32 = 50;

/// The payload formats of this version (RFC 3551 section 4.5.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    Pcma,
    Pcmu,
}

impl Codec {
    pub const ALL: [Self; 2] = [Self::Pcma, Self::Pcmu];

    /// Whether its packets differ in size with what is said (RFC 6562 section 3).
    pub fn is_variable_rate(self) -> bool {
        match self {
            Self::Pcma | Self::Pcmu => false,
        }
    }

    /// Samples a second.
    pub fn rate(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu => 8000,
        }
    }

    /// Samples in one frame of 20 ms.
    pub fn frame_len(self) -> usize {
        (self.rate() / FRAMES_A_SECOND) as usize
    }

    /// Ticks a second of its RTP timestamps.
    pub fn clock(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu => 8000,
        }
    }

    /// The same for one frame.
    pub fn frame_ticks(self) -> u32 {
        self.clock() / FRAMES_A_SECOND
    }

    /// Octets of the largest packet of one frame.
    pub fn max_payload(self) -> usize {
        match self {
            Self::Pcma | Self::Pcmu => self.frame_len(),
        }
    }

    /// The static RTP payload type (RFC 3551 section 6).
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_and_the_extremes_of_g711() {
        let encoded = |codec: Codec, sample: i16| {
            let mut octet = [0];
            assert_eq!(Encoder::new(codec).encode(&[sample], &mut octet), 1);
            octet[0]
        };
        assert_eq!((encoded(Codec::Pcmu, 0), encoded(Codec::Pcma, 0)), (0xff, 0xd5));
        assert_eq!((encoded(Codec::Pcmu, i16::MAX), encoded(Codec::Pcmu, i16::MIN)), (0x80, 0x00));
        assert_eq!((encoded(Codec::Pcma, i16::MAX), encoded(Codec::Pcma, i16::MIN)), (0xaa, 0x2a));
    }

    /// The expansion of both laws as ITU-T G.711 defines it: three bits of segment, four of step, half a step added.
    #[test]
    fn every_octet_means_what_g711_says() {
        let pcmu = |octet: u8| {
            let (octet, bias) = (!octet, 0x84);
            let magnitude = ((i32::from(octet & 0xf) << 3) + bias) << (octet >> 4 & 7);
            if octet & 0x80 == 0 {
                magnitude - bias
            } else {
                bias - magnitude
            }
        };
        let pcma = |octet: u8| {
            let octet = octet ^ 0x55;
            let step = (i32::from(octet & 0xf) << 4) + 8;
            let magnitude = match octet >> 4 & 7 {
                0 => step,
                segment => (step + 0x100) << (segment - 1),
            };
            if octet & 0x80 == 0 {
                -magnitude
            } else {
                magnitude
            }
        };
        for octet in 0..=255u8 {
            let mut samples = ([0], [0]);
            Decoder::new(Codec::Pcmu).decode(&[octet], &mut samples.0);
            Decoder::new(Codec::Pcma).decode(&[octet], &mut samples.1);
            assert_eq!((i32::from(samples.0[0]), i32::from(samples.1[0])), (pcmu(octet), pcma(octet)), "{octet:#x}");
        }
    }

    #[test]
    fn what_was_decoded_encodes_to_a_value_that_sounds_the_same() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            let mut decoder = Decoder::new(codec);
            for octet in 0..=255u8 {
                let (mut sample, mut again, mut back) = ([0], [0], [0]);
                decoder.decode(&[octet], &mut sample);
                Encoder::new(codec).encode(&sample, &mut again);
                decoder.decode(&again, &mut back);
                assert_eq!(sample, back, "{codec:?} {octet:#x}");
            }
        }
    }
}
