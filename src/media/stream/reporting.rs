use super::{leave, note_withheld, Datagram, Stream};
use crate::media::quality::Totals;
use crate::media::reports;
use crate::vocab::Now;

/// What a stream tells of what it sends and hears.
impl Stream {
    /// How it sounds, once a second.
    pub(super) fn measure(&mut self) {
        let (expected, received) = self.reports.expected_and_received();
        let counts = self.playout.counts();
        let totals = Totals { expected, received, played: counts.played, concealed: counts.concealed };
        let quality = &mut self.counters.quality;
        self.meter.take(totals, quality);
        quality.delay = self.playout.delay();
        self.reports.tell(self.playout.clock(), quality);
        if expected > 0 {
            quality.judge();
        }
    }

    /// RTCP that is due, protected like everything else. Call after `send`, until `None`.
    pub fn poll_rtcp(&mut self, now: Now) -> Option<Datagram<'_>> {
        let mut report = [0; reports::MAX_LEN];
        if self.waits || self.is_keying() || !self.rtcp_mux {
            return None;
        }
        let len = self.reports.poll(now, &self.counters.quality, &mut report)?;
        self.seal_report(now, report.get(..len)?)
    }

    /// The last report: nothing more comes from us (RFC 3550 section 6.6).
    pub fn bye(&mut self, now: Now) -> Option<Datagram<'_>> {
        let mut report = [0; reports::MAX_LEN];
        if self.waits || self.is_keying() || !self.rtcp_mux {
            return None;
        }
        let len = self.reports.bye(now, &mut report)?;
        self.seal_report(now, report.get(..len)?)
    }

    fn seal_report(&mut self, now: Now, report: &[u8]) -> Option<Datagram<'_>> {
        self.buffer.begin(report.len())?.copy_from_slice(report);
        match leave(&mut self.generations, &mut self.tunnel, now, &mut self.buffer) {
            Ok(datagram) => {
                self.counters.rtcp_sent += 1;
                Some(datagram)
            }
            Err(why) => {
                note_withheld(why, &mut self.counters, &mut self.told, &mut self.events);
                None
            }
        }
    }
}
