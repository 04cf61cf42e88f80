//! Noise in the pauses of a peer (RFC 3389).

use crate::ipsec::DropReason;
use crate::media::comfort::Noise;
use crate::media::rtp::RtpHeader;
use crate::media::Stream;
use crate::vocab::Now;

/// Ticks a second of its timestamps (RFC 3389 section 4).
const CLOCK: u32 = 8000;

impl Stream {
    /// The peer pauses.
    pub(super) fn take_comfort(&mut self, now: Now, header: &RtpHeader, payload: &[u8]) {
        let Some(level) = Noise::level_of(payload) else {
            return self.counters.drop_one(DropReason::Malformed.name());
        };
        self.counters.received += 1;
        self.reports.note_heard(now.mono, header, CLOCK);
        if !self.held.by_us {
            self.playout.pass(header);
            self.playout.set_noise(level);
        }
    }
}
