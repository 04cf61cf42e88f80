use audio_codec_algorithms::{encode_alaw, encode_ulaw};

use super::{opus, Codec, Tuning};
use crate::media::g722;

/// Turns the sound of one stream into payloads, and keeps what its codec remembers from frame to frame.
pub struct Encoder {
    codec: Codec,
    memory: Memory,
}

enum Memory {
    G722(Box<g722::Encoder>),
    None,
    Opus(opus::Encoder),
}

impl Encoder {
    pub fn new(codec: Codec) -> Self {
        Self::tuned(codec, Tuning::default())
    }

    pub fn tuned(codec: Codec, tuning: Tuning) -> Self {
        let memory = match codec {
            Codec::G722 => Memory::G722(Box::default()),
            Codec::Opus => Memory::Opus(opus::Encoder::new(tuning)),
            Codec::Pcma | Codec::Pcmu => Memory::None,
        };
        Self { codec, memory }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The peer reports so many lost parts of a thousand. Opus alone can do something about that.
    pub fn note_loss(&mut self, lost: u16) {
        if let Memory::Opus(encoder) = &mut self.memory {
            encoder.note_loss(lost);
        }
    }

    /// Writes the payload of one packet, of at most as many octets as `out` has ([`Codec::max_payload`]), and gives its length: 0 when there is nothing to
    /// send for it. Of Opus there are packets of 10, 20, 40 and 60 ms.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        match &mut self.memory {
            Memory::G722(encoder) => encoder.encode(samples, out),
            Memory::None if self.codec == Codec::Pcma => each(samples, out, encode_alaw),
            Memory::None => each(samples, out, encode_ulaw),
            Memory::Opus(encoder) => encoder.encode(samples, out),
        }
    }
}

fn each(samples: &[i16], out: &mut [u8], encode: impl Fn(i16) -> u8) -> usize {
    out.iter_mut().zip(samples).map(|(octet, sample)| *octet = encode(*sample)).count()
}
