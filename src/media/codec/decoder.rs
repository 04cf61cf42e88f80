use audio_codec_algorithms::{decode_alaw, decode_ulaw};

use super::Codec;

/// Turns the payloads of one source back into sound, and keeps what its codec remembers from frame to frame.
pub struct Decoder {
    codec: Codec,
}

impl Decoder {
    pub fn new(codec: Codec) -> Self {
        Self { codec }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Writes what a payload sounds like and gives the number of samples: 0 when it is not understood. What `out` has no room for is
    /// left out.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let decode = match self.codec {
            Codec::Pcma => decode_alaw,
            Codec::Pcmu => decode_ulaw,
        };
        out.iter_mut().zip(payload).map(|(sample, octet)| *sample = decode(*octet)).count()
    }

    /// The samples that [`decode`](Self::decode) would write, given room: 0 when it would not understand.
    pub fn samples(&self, payload: &[u8]) -> usize {
        match self.codec {
            Codec::Pcma | Codec::Pcmu => payload.len(),
        }
    }

    /// Writes what the packet before `next` sounded like, from what `next` carries of it; false where it carries nothing.
    pub fn recover(&mut self, _next: &[u8], _out: &mut [i16]) -> bool {
        match self.codec {
            Codec::Pcma | Codec::Pcmu => false,
        }
    }

    /// Writes what the codec itself puts in the place of a packet that did not come; false where it has no concealment of its own.
    pub fn conceal(&mut self, _out: &mut [i16]) -> bool {
        match self.codec {
            Codec::Pcma | Codec::Pcmu => false,
        }
    }
}
