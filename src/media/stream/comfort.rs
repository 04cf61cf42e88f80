//! Pauses of a stream that are not sent (RFC 3389), and noise in those of the peer.

use crate::ipsec::DropReason;
use crate::media::comfort::{Noise, Pause, Pauses};
use crate::media::rtp::{self, RtpHeader};
use crate::media::{Formats, Stream};
use crate::policy::Bundle;
use crate::vocab::Now;

/// Packets that hide what is said hide when it is said (RFC 6562 section 5): where ESP, or a tunnel, is around them all are sent. Where the
/// peer takes no noise they are too.
pub(super) fn pauses(formats: &Formats, outbound: Bundle, is_tunnelled: bool) -> Option<Pauses> {
    formats.comfort.filter(|_| may_pause(outbound, is_tunnelled)).map(|_| Pauses::new())
}

pub(super) fn may_pause(outbound: Bundle, is_tunnelled: bool) -> bool {
    !outbound.esp && !is_tunnelled
}

impl Stream {
    /// What protects it, or what the peer takes, may be another.
    pub(super) fn settle_pauses(&mut self) {
        let may = self.formats.comfort.is_some() && may_pause(self.generations.outbound(), self.tunnel.is_some());
        if may != self.pauses.is_some() {
            self.pauses = pauses(&self.formats, self.generations.outbound(), self.tunnel.is_some());
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
