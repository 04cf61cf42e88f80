//! RTCP: what we tell the peer of what we sent and heard (RFC 3550 section 6), every five seconds or so.
//! The crate's writer takes a little heap for each report; it is not on the path of sound.

use std::time::Duration;

use rtcp_types::prelude::*;
use rtcp_types::{
    Compound, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, Sdes, SdesChunk, SdesItem, SenderReport,
};

use super::rtp::RtpHeader;
use super::sequence::Extender;
use crate::vocab::{Mono, Now, Wall};

/// The mean time between two reports (RFC 3550 section 6.2); each is 0.5 to 1.5 times as long.
const INTERVAL: Duration = Duration::from_secs(5);
/// No report of ours is longer, in octets.
pub(super) const MAX_LEN: usize = 128;
/// Seconds from 1900, where NTP counts from, to 1970 (RFC 5905 figure 4).
const NTP_OFFSET: u64 = 2_208_988_800;

/// What is counted between reports.
pub(super) struct Reports {
    ssrc: u32,
    clock: u32,
    next: Option<Mono>,
    reports: u32,
    sent_packets: u32,
    sent_octets: u32,
    /// RTP time of the newest packet and when it was sent.
    newest: Option<(u32, Mono)>,
    sent_at_last_report: u32,
    heard: Option<Heard>,
}

/// One source that we hear (RFC 3550 appendix A).
struct Heard {
    ssrc: u32,
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
    last_report: Option<(u32, Mono)>,
}

impl Reports {
    /// Timestamps have `clock` ticks a second.
    pub(super) fn new(ssrc: u32, clock: u32) -> Self {
        Self {
            ssrc,
            clock,
            next: None,
            reports: 0,
            sent_packets: 0,
            sent_octets: 0,
            newest: None,
            sent_at_last_report: 0,
            heard: None,
        }
    }

    pub(super) fn set_clock(&mut self, clock: u32) {
        self.clock = clock;
    }

    pub(super) fn note_sent(&mut self, now: Mono, timestamp: u32, octets: usize) {
        self.sent_packets = self.sent_packets.wrapping_add(1);
        self.sent_octets = self.sent_octets.wrapping_add(octets as u32);
        self.newest = Some((timestamp, now));
    }

    /// The timestamps of that packet have `clock` ticks a second.
    pub(super) fn note_heard(&mut self, now: Mono, header: &RtpHeader, clock: u32) {
        if self.heard.as_ref().is_none_or(|heard| heard.ssrc != header.ssrc) {
            self.heard = Some(Heard::new(header));
        }
        if let Some(heard) = &mut self.heard {
            heard.note(now, header, clock);
        }
    }

    /// A packet of something that lasts came: its timestamp is that of the beginning, and tells nothing of how even the network is.
    pub(super) fn note_lasting(&mut self, header: &RtpHeader) {
        if let Some(heard) = self.heard.as_mut().filter(|heard| heard.ssrc == header.ssrc) {
            heard.count(header);
        }
    }

    /// Reads what the peer reports; false when it is no RTCP.
    pub(super) fn handle(&mut self, now: Mono, packet: &[u8]) -> bool {
        if packet.len() < 8 {
            return false;
        }
        let Ok(compound) = Compound::parse(packet) else { return false };
        for part in compound {
            match part {
                Ok(Packet::Sr(report)) => self.note_report(now, &report),
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// The next report is due now.
    pub(super) fn hurry(&mut self, now: Mono) {
        self.next = Some(now);
    }

    /// Writes the report that is due, if one is, and gives its length.
    pub(super) fn poll(&mut self, now: Now, octets: &mut [u8; MAX_LEN]) -> Option<usize> {
        let due = *self.next.get_or_insert(now.mono + INTERVAL / 2);
        if now.mono < due {
            return None;
        }
        self.reports = self.reports.wrapping_add(1);
        self.next = Some(now.mono + self.interval());
        self.write(now, octets)
    }

    /// 0.5 to 1.5 times the mean, spread by our SSRC, which is random.
    fn interval(&self) -> Duration {
        let spread = self.ssrc.rotate_left(self.reports).wrapping_mul(0x9E37_79B1) >> 16;
        INTERVAL / 2 + INTERVAL * spread / 0xffff
    }

    fn write(&mut self, now: Now, octets: &mut [u8; MAX_LEN]) -> Option<usize> {
        let block = self.heard.as_mut().map(|heard| heard.block(now.mono));
        let name = format!("{:08x}", self.ssrc);
        let item = SdesItem::builder(SdesItem::CNAME, &name);
        let source = Sdes::builder().add_chunk(SdesChunk::builder(self.ssrc).add_item(item));
        let active = self.sent_packets != self.sent_at_last_report;
        self.sent_at_last_report = self.sent_packets;
        let compound = match self.newest.filter(|_| active) {
            Some(newest) => Compound::builder().add_packet(self.sender_report(now, newest, block)),
            None => {
                let report = ReceiverReport::builder(self.ssrc);
                Compound::builder().add_packet(match block {
                    Some(block) => report.add_report_block(block),
                    None => report,
                })
            }
        };
        let written = compound.add_packet(source).write_into(octets);
        written.ok()
    }

    fn sender_report(
        &self,
        now: Now,
        (timestamp, at): (u32, Mono),
        block: Option<ReportBlockBuilder>,
    ) -> rtcp_types::SenderReportBuilder {
        let samples = (now.mono - at).as_micros() as u64 * u64::from(self.clock) / 1_000_000;
        let report = SenderReport::builder(self.ssrc)
            .ntp_timestamp(ntp(now.wall))
            .rtp_timestamp(timestamp.wrapping_add(samples as u32))
            .packet_count(self.sent_packets)
            .octet_count(self.sent_octets);
        match block {
            Some(block) => report.add_report_block(block),
            None => report,
        }
    }

    fn note_report(&mut self, now: Mono, report: &SenderReport<'_>) {
        if let Some(heard) = self.heard.as_mut().filter(|heard| heard.ssrc == report.ssrc()) {
            heard.last_report = Some(((report.ntp_timestamp() >> 16) as u32, now));
        }
    }
}

impl Heard {
    fn new(header: &RtpHeader) -> Self {
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
        }
    }

    fn count(&mut self, header: &RtpHeader) {
        self.packets += 1;
        self.highest = self.highest.max(self.extender.extend(header.sequence));
    }

    /// RFC 3550 appendix A.8, in integers.
    fn note(&mut self, now: Mono, header: &RtpHeader, clock: u32) {
        self.count(header);
        let arrival = (now.0.as_micros() as i64).wrapping_mul(i64::from(clock)) / 1_000_000;
        let transit = i64::from((arrival as u32).wrapping_sub(header.timestamp) as i32);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit - before).unsigned_abs().min(u64::from(clock) * 60) as u32;
            self.jitter = (self.jitter + difference).saturating_sub((self.jitter + 8) >> 4);
        }
    }

    /// RFC 3550 appendix A.3.
    fn block(&mut self, now: Mono) -> ReportBlockBuilder {
        let expected = self.highest - self.first + 1;
        let lost = expected.saturating_sub(self.packets).min(0x7f_ffff) as u32;
        let since = (expected - self.before.0, self.packets - self.before.1);
        self.before = (expected, self.packets);
        let fraction = since.0.saturating_sub(since.1) * 256 / since.0.max(1);
        let block = ReportBlock::builder(self.ssrc)
            .fraction_lost(fraction.min(255) as u8)
            .cumulative_lost(lost)
            .extended_sequence_number((self.highest - (1 << 16)) as u32)
            .interarrival_jitter(self.jitter >> 4);
        match self.last_report {
            Some((middle, at)) => block
                .last_sender_report_timestamp(middle)
                .delay_since_last_sender_report_timestamp(((now - at).as_micros() as u64 * 65536 / 1_000_000) as u32),
            None => block,
        }
    }
}

/// NTP time, 32.32 fixed point (RFC 5905 section 6).
fn ntp(wall: Wall) -> u64 {
    let seconds = wall.as_secs().wrapping_add(NTP_OFFSET) << 32;
    seconds | (((wall.0 % 1000) << 32) / 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: u64) -> Now {
        Now { mono: Mono(Duration::from_millis(ms)), wall: Wall(1_700_000_000_000 + ms) }
    }

    fn header(sequence: u16) -> RtpHeader {
        RtpHeader { marker: false, payload_type: 0, sequence, timestamp: u32::from(sequence) * 160, ssrc: 7 }
    }

    #[test]
    fn a_report_says_what_was_sent_and_what_was_lost() {
        let (mut reports, mut octets) = (Reports::new(9, 8000), [0; MAX_LEN]);
        assert_eq!(reports.poll(at(0), &mut octets), None);
        reports.note_sent(at(0).mono, 1000, 160);
        for sequence in [100, 101, 103] {
            reports.note_heard(at(u64::from(sequence) * 20).mono, &header(sequence), 8000);
        }
        let len = reports.poll(at(2500), &mut octets).unwrap();
        let parts: Vec<Packet<'_>> = Compound::parse(&octets[..len]).unwrap().map(Result::unwrap).collect();
        let Packet::Sr(report) = &parts[0] else { panic!("{parts:?}") };
        assert_eq!((report.ssrc(), report.packet_count(), report.octet_count()), (9, 1, 160));
        assert_eq!(report.rtp_timestamp(), 1000 + 20_000);
        assert_eq!(report.ntp_timestamp() >> 32, 1_700_000_002 + NTP_OFFSET);
        let block = report.report_blocks().next().unwrap();
        assert_eq!((block.ssrc(), block.cumulative_lost(), block.fraction_lost()), (7, 1, 64));
        assert_eq!((block.extended_sequence_number(), block.interarrival_jitter()), (103, 0));
        assert!(matches!(&parts[1], Packet::Sdes(_)));
        assert_eq!(reports.poll(at(2600), &mut octets), None);
        assert!(Reports::new(1, 8000).handle(at(0).mono, &octets[..len]));
    }

    #[test]
    fn who_sends_nothing_makes_a_receiver_report() {
        let (mut reports, mut octets) = (Reports::new(9, 8000), [0; MAX_LEN]);
        reports.poll(at(0), &mut octets);
        let len = reports.poll(at(3000), &mut octets).unwrap();
        let first = Compound::parse(&octets[..len]).unwrap().next().unwrap().unwrap();
        assert!(matches!(first, Packet::Rr(_)));
    }

    #[test]
    fn the_time_between_reports_is_half_to_one_and_a_half_of_the_mean() {
        for ssrc in [0, 1, 0xdead_beef, u32::MAX] {
            let mut reports = Reports::new(ssrc, 8000);
            for _ in 0..40 {
                reports.reports += 1;
                assert!((INTERVAL / 2..=INTERVAL * 3 / 2).contains(&reports.interval()));
            }
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(mut octets in prop::collection::vec(any::<u8>(), 0..80), kind in 192u8..=223, words in 0u8..24) {
            if let [flags, second, _, low, ..] = &mut octets[..] {
                (*flags, *second, *low) = (*flags & 0x3f | 0x80, kind, words);
            }
            Reports::new(1, 8000).handle(Mono::default(), &octets);
        }
    }
}
