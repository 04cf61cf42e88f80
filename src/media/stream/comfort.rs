//! Pauses of a stream that are not sent (RFC 3389), and noise in those of the peer.

use crate::ipsec::DropReason;
use crate::media::comfort::{Noise, Pause, Pauses};
use crate::media::rtp::{self, RtpHeader};
use crate::media::Stream;
use crate::vocab::Now;

impl Stream {
    /// What protects it, or what the peer takes, may be another.
    pub(super) fn settle_pauses(&mut self) {
        let pauses = self.discretion.pauses();
        if pauses.is_some() != self.pauses.is_some() {
            self.pauses = pauses;
        }
    }

    /// The octets of the payload; `None` where nobody speaks.
    pub(super) fn write_sound_or_pause(&mut self, header: RtpHeader, frame: &[i16]) -> Option<usize> {
        match self.pauses.as_mut().map_or(Pause::No, |pauses| pauses.judge(frame)) {
            Pause::No => self.write_sound(header, frame),
            Pause::Told(level) => self.write_comfort(header, level),
            Pause::Kept => None,
        }
    }

    pub(super) fn is_pause(&self) -> bool {
        self.pauses.as_ref().is_some_and(Pauses::is_pause)
    }

    fn write_comfort(&mut self, header: RtpHeader, level: u8) -> Option<usize> {
        let payload_type = self.formats.comfort?;
        let packet = self.buffer.begin(rtp::HEADER_LEN + 1)?;
        RtpHeader { marker: false, payload_type, ..header }.write(packet)?;
        *packet.get_mut(rtp::HEADER_LEN)? = level;
        Some(1)
    }

    /// The peer pauses.
    pub(super) fn take_comfort(&mut self, now: Now, header: &RtpHeader, payload: &[u8]) {
        let Some(level) = Noise::level_of(payload) else {
            return self.counters.drop_one(DropReason::Malformed.name());
        };
        self.counters.received += 1;
        self.reports.note_heard(now.mono, header, COMFORT_CLOCK);
        if !self.held.by_us {
            self.playout.pass(header);
            self.playout.set_noise(level);
        }
    }
}

/// Ticks a second of its timestamps (RFC 3389 section 4).
const COMFORT_CLOCK: u32 = 8000;
