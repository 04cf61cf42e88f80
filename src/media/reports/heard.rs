use rtcp_types::{ReportBlock, ReportBlockBuilder};

use super::bursts::Bursts;
use crate::media::rtp::RtpHeader;
use crate::media::sequence::Extender;
use crate::vocab::Mono;

/// A greater step of sequence numbers is not all loss, and no packet may take long.
const MOST_LOST: u64 = 500;

/// One source that we hear (RFC 3550 appendix A).
pub(super) struct Heard {
    pub(super) ssrc: u32,
    extender: Extender,
    first: u64,
    highest: u64,
    packets: u64,
    /// Expected and received at the last report.
    before: (u64, u64),
    /// In sixteenths of a sample.
    jitter: u32,
    transit: Option<i64>,
    /// The middle of the NTP time of its last sender report, and when that came.
    pub(super) last_report: Option<(u32, Mono)>,
    pub(super) bursts: Bursts,
}

impl Heard {
    pub(super) fn new(header: &RtpHeader) -> Self {
        let mut extender = Extender::default();
        let first = extender.extend(header.sequence);
        Self {
            ssrc: header.ssrc,
            extender,
            first,
            highest: first,
            packets: 0,
            before: (0, 0),
            jitter: 0,
            transit: None,
            last_report: None,
            bursts: Bursts::default(),
        }
    }

    /// It came.
    pub(super) fn count(&mut self, header: &RtpHeader) {
        self.packets += 1;
        let number = self.extender.extend(header.sequence);
        for _ in 0..number.saturating_sub(self.highest + 1).min(MOST_LOST) {
            self.bursts.lost();
        }
        self.highest = self.highest.max(number);
    }

    /// RFC 3550 appendix A.8, in integers.
    pub(super) fn note(&mut self, now: Mono, header: &RtpHeader, clock: u32) {
        self.count(header);
        let arrival = (now.0.as_micros() as i64).wrapping_mul(i64::from(clock)) / 1_000_000;
        let transit = i64::from((arrival as u32).wrapping_sub(header.timestamp) as i32);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit - before).unsigned_abs().min(u64::from(clock) * 60) as u32;
            self.jitter = (self.jitter + difference).saturating_sub((self.jitter + 8) >> 4);
        }
    }

    /// So many packets should have come, and so many did.
    pub(super) fn expected_and_received(&self) -> (u64, u64) {
        (self.highest - self.first + 1, self.packets)
    }

    /// Interarrival jitter in ticks.
    pub(super) fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    /// RFC 3550 appendix A.3.
    pub(super) fn block(&mut self, now: Mono) -> ReportBlockBuilder {
        let (expected, _) = self.expected_and_received();
        let lost = expected.saturating_sub(self.packets).min(0x7f_ffff) as u32;
        let since = (expected - self.before.0, self.packets - self.before.1);
        self.before = (expected, self.packets);
        let fraction = since.0.saturating_sub(since.1) * 256 / since.0.max(1);
        let block = ReportBlock::builder(self.ssrc)
            .fraction_lost(fraction.min(255) as u8)
            .cumulative_lost(lost)
            .extended_sequence_number((self.highest - (1 << 16)) as u32)
            .interarrival_jitter(self.jitter());
        match self.last_report {
            Some((middle, at)) => block
                .last_sender_report_timestamp(middle)
                .delay_since_last_sender_report_timestamp(((now - at).as_micros() as u64 * 65536 / 1_000_000) as u32),
            None => block,
        }
    }
}
