mod copy;
mod decoder;
mod encoder;
mod opus;
mod resilience;

pub use decoder::Decoder;
pub use encoder::Encoder;

/// Samples of the longest frame: 20 ms at 48 kHz.
pub const MAX_FRAME: usize = 960;

/// Frames a second: each is 20 ms of sound, mono, at the rate of its codec.
pub const FRAMES_A_SECOND: u32 = 50;

/// The payload formats of this version (RFC 3551 sections 4.5.2 and 4.5.14, RFC 7587).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    G722,
    Opus,
    Pcma,
    Pcmu,
}

/// How the packets of one stream are made, beside their codec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Every packet of one size, so that sizes tell nothing of what is said (RFC 6562 section 3).
    pub constant_rate: bool,
    /// Nothing, or nearly nothing, is sent where nothing is said.
    pub pauses: bool,
    /// Each packet carries something of the one before, which may have been lost.
    pub redundant: bool,
    /// Most bit/s; without it, what the codec takes by itself.
    pub bitrate: Option<u32>,
}

impl Codec {
    pub const ALL: [Self; 4] = [Self::G722, Self::Opus, Self::Pcma, Self::Pcmu];

    /// Whether its packets differ in size with what is said (RFC 6562 section 3).
    pub fn is_variable_rate(self) -> bool {
        match self {
            Self::G722 | Self::Pcma | Self::Pcmu => false,
            Self::Opus => true,
        }
    }

    /// Samples a second.
    pub fn rate(self) -> u32 {
        match self {
            Self::G722 => 16_000,
            Self::Opus => 48_000,
            Self::Pcma | Self::Pcmu => 8000,
        }
    }

    /// Samples in one frame of 20 ms.
    pub fn frame_len(self) -> usize {
        (self.rate() / FRAMES_A_SECOND) as usize
    }

    /// Ticks a second of its RTP timestamps: of G.722 half of its samples (RFC 3551 section 4.5.2).
    pub fn clock(self) -> u32 {
        match self {
            Self::G722 | Self::Pcma | Self::Pcmu => 8000,
            Self::Opus => 48_000,
        }
    }

    /// The same for one frame.
    pub fn frame_ticks(self) -> u32 {
        self.clock() / FRAMES_A_SECOND
    }

    /// Octets of the largest packet of so many milliseconds.
    pub fn max_payload(self, packet_time: u16) -> usize {
        let in_one = match self {
            Self::G722 | Self::Pcma | Self::Pcmu => 8,
            Self::Opus => opus::MAX_PAYLOAD,
        };
        in_one * usize::from(packet_time)
    }

    /// The RTP payload type that our offers give it: its static one (RFC 3551 section 6), or a dynamic one.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::G722 => 9,
            Self::Opus => 96,
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }

    /// Its name in a session description.
    pub fn name(self) -> &'static str {
        match self {
            Self::G722 => "G722",
            Self::Opus => "opus",
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
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

    fn tone(codec: Codec, frames: usize) -> Vec<i16> {
        let at = |nth: usize| (nth as f32 * 440.0 * std::f32::consts::TAU / codec.rate() as f32).sin() * 8000.0;
        (0..frames * codec.frame_len()).map(|nth| at(nth) as i16).collect()
    }

    /// How much louder a tone is than what differs from it, in dB, at the delay where that is the most.
    fn signal_to_noise(sent: &[i16], heard: &[i16]) -> f32 {
        let tail = sent.len() / 2;
        let at = |delay: usize| {
            let pairs = sent[tail - delay..sent.len() - delay].iter().zip(&heard[tail..]);
            let (mut signal, mut noise) = (0.0f32, 1.0f32);
            for (sent, heard) in pairs {
                signal += f32::from(*sent).powi(2);
                noise += (f32::from(*sent) - f32::from(*heard)).powi(2);
            }
            10.0 * (signal / noise).log10()
        };
        (0..tail.min(600)).map(at).fold(f32::MIN, f32::max)
    }

    #[test]
    fn what_goes_in_comes_out_of_every_codec() {
        for (codec, least) in [(Codec::Pcmu, 30.0), (Codec::Pcma, 30.0), (Codec::G722, 25.0), (Codec::Opus, 15.0)] {
            let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
            let sent = tone(codec, 50);
            let mut heard = Vec::new();
            for frame in sent.chunks(codec.frame_len()) {
                let (mut octets, mut samples) = (vec![0; codec.max_payload(20)], vec![0; codec.frame_len()]);
                let len = encoder.encode(frame, &mut octets);
                assert_eq!(decoder.samples(&octets[..len]), codec.frame_len(), "{codec:?}");
                assert_eq!(decoder.decode(&octets[..len], &mut samples), codec.frame_len(), "{codec:?}");
                heard.extend(samples);
            }
            let ratio = signal_to_noise(&sent, &heard);
            assert!(ratio > least, "{codec:?}: {ratio} dB");
        }
    }

    /// A voice as far as a codec cares: a hum of many overtones that comes and goes, with some noise.
    pub(super) fn babble(frames: usize) -> Vec<i16> {
        let mut seed = 1u32;
        let mut at = |nth: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let seconds = nth as f32 / 48_000.0;
            let loud = (seconds * 3.0 * std::f32::consts::TAU).sin().max(0.0);
            let hum: f32 = (1..20).map(|n| (seconds * 130.0 * n as f32 * std::f32::consts::TAU).sin() / n as f32).sum();
            (loud * (hum * 4000.0 + (seed >> 20) as f32 - 2048.0)) as i16
        };
        (0..frames * 960).map(&mut at).collect()
    }

    #[test]
    fn opus_is_of_one_size_where_that_is_asked_and_says_nothing_where_that_is_allowed() {
        let sizes = |tuning: Tuning, sound: &[i16]| {
            let (mut encoder, mut octets) = (Encoder::tuned(Codec::Opus, tuning), [0; 120]);
            sound.chunks(960).map(|frame| encoder.encode(frame, &mut octets)).collect::<Vec<_>>()
        };
        let (usual, voice) = (Tuning::default(), babble(100));
        let varied = sizes(usual, &voice);
        assert!(
            varied.iter().min() < varied.iter().max() && varied.iter().all(|len| (1..=120).contains(len)),
            "{varied:?}"
        );
        let constant = sizes(Tuning { constant_rate: true, ..usual }, &voice);
        assert!(constant.iter().all(|len| *len == 90), "{constant:?}");
        let low = sizes(Tuning { bitrate: Some(12_000), constant_rate: true, ..usual }, &voice);
        assert!(low.iter().all(|len| *len == 30), "{low:?}");
        let silence = vec![0; 96_000];
        let quiet = sizes(Tuning { pauses: true, ..usual }, &silence);
        assert!(quiet.iter().filter(|len| **len == 0).count() > 60, "{quiet:?}");
        assert!(sizes(usual, &silence).iter().all(|len| *len > 0));
    }

    #[test]
    fn a_lost_packet_of_opus_is_found_in_the_one_after() {
        let voice = babble(60);
        let mut encoder = Encoder::tuned(Codec::Opus, Tuning { redundant: true, ..Tuning::default() });
        let mut packets = voice.chunks(960).map(|frame| {
            let mut octets = vec![0; 120];
            let len = encoder.encode(frame, &mut octets);
            octets.truncate(len);
            octets
        });
        let packets: Vec<Vec<u8>> = packets.by_ref().collect();
        let error = |recovered: bool| {
            let (mut whole, mut broken) = (Decoder::new(Codec::Opus), Decoder::new(Codec::Opus));
            let (mut a, mut b, mut sum, mut found) = ([0; 960], [0; 960], 0.0f32, 0);
            for nth in 0..packets.len() - 1 {
                whole.decode(&packets[nth], &mut a);
                match (nth % 5 == 4, recovered) {
                    (false, _) => assert_eq!(broken.decode(&packets[nth], &mut b), 960),
                    (true, true) if broken.recover(&packets[nth + 1], &mut b) => found += 1,
                    (true, _) => broken.miss(&mut b),
                }
                sum += a.iter().zip(&b).map(|(a, b)| (f32::from(*a) - f32::from(*b)).powi(2)).sum::<f32>();
            }
            (sum, found)
        };
        let ((with, found), (without, _)) = (error(true), error(false));
        assert!(with < without * 0.8 && found > 4, "{with} with {found} of them, {without} without");
    }

    #[test]
    fn no_payload_is_too_strange_for_a_decoder() {
        let mut seed = 5u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        for codec in Codec::ALL {
            let mut decoder = Decoder::new(codec);
            for len in (0..400).chain([1500]) {
                let payload: Vec<u8> = (0..len).map(|_| next()).collect();
                let mut samples = [0; 5760];
                let written = decoder.decode(&payload, &mut samples);
                assert!(written <= decoder.samples(&payload).min(5760), "{codec:?} {len}");
                decoder.recover(&payload, &mut samples[..codec.frame_len()]);
                decoder.miss(&mut samples[..len]);
            }
        }
    }
}
