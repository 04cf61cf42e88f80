//! What is sent and what may come in a call, from what both sides described last (RFC 3264 sections 6.1 and 7).

use super::descriptions::Descriptions;
use crate::agent::{Agent, Effect};
use crate::media::{Codec, Formats, Tuning};
use crate::sdp::{AudioFormat, NumberedFormat, OpusWishes, RemoteAudio, TelephoneEvent};
use crate::vocab::CallId;

impl Agent {
    /// The stream goes on with what was described last.
    pub(super) fn settle_formats(&mut self, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let Some(formats) = calling.said.formats(self.config.comfort_noise) else { return };
        if calling.formats.replace(formats.clone()).is_some_and(|before| before != formats) {
            self.effect(Effect::SetFormats { call: id, formats });
        }
    }
}

impl Descriptions {
    /// We send what the peer names first, and take all that both named. `pauses`: our user lets pauses not be sent, as far as the peer and
    /// what protects the packets allow. `None` before both have described the session.
    pub(super) fn formats(&self, pauses: bool) -> Option<Formats> {
        let sdp = self.theirs()?;
        let (theirs, events) = (sdp.formats(), sdp.events());
        let RemoteAudio { formats: ours, events: our_events, comfort_noise: receive_comfort, .. } =
            RemoteAudio::of(self.ours.as_ref()?).ok()?;
        let of = |list: &[NumberedFormat], format| list.iter().find(|numbered| numbered.format == format).copied();
        let send = theirs.iter().find(|numbered| of(&ours, numbered.format).is_some())?;
        let both = ours.iter().filter(|numbered| of(theirs, numbered.format).is_some());
        Some(Formats {
            send: (send.payload_type, codec_of(send.format)),
            tuning: tuning(send.opus, pauses),
            packet_time: sdp.packet_time(send.format),
            receive: both.map(|numbered| (numbered.payload_type, codec_of(numbered.format))).collect(),
            comfort: sdp.comfort_noise().filter(|_| pauses && send.format.clock() == 8000),
            receive_comfort,
            digits: digits(events, send.format).map(|event| (event.payload_type, event.clock)),
            receive_digits: our_events.iter().map(|event| event.payload_type).collect(),
        })
    }

    /// How the peer takes keys of a telephone as RTP, if it does.
    pub(super) fn digits(&self) -> Option<TelephoneEvent> {
        let theirs = self.theirs()?;
        digits(theirs.events(), theirs.formats().first()?.format)
    }
}

/// That with the clock of the codec, as it should be (RFC 4733 section 2.1). Many telephones have 8000 alone, beside Opus too, and mean it for all
/// that they take.
fn digits(theirs: &[TelephoneEvent], codec: AudioFormat) -> Option<TelephoneEvent> {
    theirs.iter().find(|event| event.clock == codec.clock()).or(theirs.first()).copied()
}

pub(super) fn codec_of(format: AudioFormat) -> Codec {
    match format {
        AudioFormat::G722 => Codec::G722,
        AudioFormat::Opus => Codec::Opus,
        AudioFormat::Pcma => Codec::Pcma,
        AudioFormat::Pcmu => Codec::Pcmu,
    }
}

/// What a peer asks of packets that it gets (RFC 7587 section 6.1). That it would like silence not to be sent is for our user to say.
fn tuning(wishes: OpusWishes, pauses: bool) -> Tuning {
    Tuning {
        constant_rate: wishes.constant_rate,
        pauses: pauses && wishes.dtx,
        redundant: wishes.fec,
        bitrate: wishes.max_bitrate,
    }
}
