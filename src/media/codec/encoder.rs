use audio_codec_algorithms::{encode_alaw, encode_ulaw};

use super::Codec;

/// Turns the sound of one stream into payloads, and keeps what its codec remembers from frame to frame.
pub struct Encoder {
    codec: Codec,
}

impl Encoder {
    pub fn new(codec: Codec) -> Self {
        Self { codec }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Writes the payload of one frame, of at most [`Codec::max_payload`] octets, and gives its length: 0 when there is nothing to send
    /// for this frame.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        let encode = match self.codec {
            Codec::Pcma => encode_alaw,
            Codec::Pcmu => encode_ulaw,
        };
        out.iter_mut().zip(samples).map(|(octet, sample)| *octet = encode(*sample)).count()
    }
}
