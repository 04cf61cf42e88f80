use audio_codec_algorithms::{decode_alaw, decode_ulaw};

use super::{opus, Codec};
use crate::media::g722;

/// Turns the payloads of one source back into sound, and keeps what its codec remembers from frame to frame.
pub struct Decoder {
    codec: Codec,
    memory: Memory,
}

enum Memory {
    G722(Box<g722::Decoder>),
    None,
    Opus(opus::Decoder),
}

impl Decoder {
    pub fn new(codec: Codec) -> Self {
        let memory = match codec {
            Codec::G722 => Memory::G722(Box::default()),
            Codec::Opus => Memory::Opus(opus::Decoder::new()),
            Codec::Pcma | Codec::Pcmu => Memory::None,
        };
        Self { codec, memory }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Writes what a payload sounds like and gives the number of samples: 0 when it is not understood. What `out` has no room for is
    /// left out; of Opus, which cannot be cut, the whole payload is.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        match &mut self.memory {
            Memory::G722(decoder) => decoder.decode(payload, out),
            Memory::None if self.codec == Codec::Pcma => each(payload, out, decode_alaw),
            Memory::None => each(payload, out, decode_ulaw),
            Memory::Opus(decoder) => decoder.decode(payload, out),
        }
    }

    /// The samples that [`decode`](Self::decode) would write, given room: 0 when it would not understand.
    pub fn samples(&self, payload: &[u8]) -> usize {
        match &self.memory {
            Memory::G722(_) => 2 * payload.len(),
            Memory::None => payload.len(),
            Memory::Opus(decoder) => decoder.samples(payload),
        }
    }

    /// Writes what the packet before `next` sounded like, from what `next` carries of it; false where it carries nothing.
    pub fn recover(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        match &mut self.memory {
            Memory::G722(_) | Memory::None => false,
            Memory::Opus(decoder) => decoder.recover(next, out),
        }
    }

    /// Writes what the codec itself puts in the place of a packet that did not come; false where it has no concealment of its own.
    pub fn conceal(&mut self, out: &mut [i16]) -> bool {
        match &mut self.memory {
            Memory::G722(_) | Memory::None => false,
            Memory::Opus(decoder) => decoder.conceal(out),
        }
    }

    /// It has noise of its own for pauses: [`conceal`](Self::conceal) makes it.
    pub fn goes_on(&self) -> bool {
        matches!(self.memory, Memory::Opus(_))
    }

    /// Samples by which what is heard lags behind what a decoder knows.
    pub fn lag(&self) -> usize {
        match &self.memory {
            Memory::G722(_) => g722::LAG,
            Memory::None | Memory::Opus(_) => 0,
        }
    }

    /// Something did not come, and may have sounded like `made`, which is longer by [`lag`](Self::lag): so what comes after it is understood better.
    /// What is in `made` is used up.
    pub fn miss(&mut self, made: &mut [i16]) {
        match &mut self.memory {
            Memory::G722(decoder) => decoder.miss(made),
            Memory::None => (),
            Memory::Opus(decoder) => {
                decoder.conceal(made);
            }
        }
    }

    /// Samples that are not right yet after a miss.
    pub fn unsure(&self) -> usize {
        match &self.memory {
            Memory::G722(_) => g722::UNSURE,
            Memory::None | Memory::Opus(_) => 0,
        }
    }
}

fn each(payload: &[u8], out: &mut [i16], decode: impl Fn(u8) -> i16) -> usize {
    out.iter_mut().zip(payload).map(|(sample, octet)| *sample = decode(*octet)).count()
}
