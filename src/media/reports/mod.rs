//! RTCP: what we tell the peer of what we sent and heard (RFC 3550 section 6, RFC 3611), every five seconds or so.
//! The crate's writer takes a little heap for each report; it is not on the path of sound.

mod bursts;
mod heard;
mod voip_metrics;

use std::time::Duration;

use rtcp_types::prelude::*;
use rtcp_types::{Bye, Compound, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, Sdes, SdesChunk, SdesItem};
use rtcp_types::{SenderReport, SenderReportBuilder};

use super::quality::{Far, Quality};
use super::rtp::RtpHeader;
use crate::vocab::{Mono, Now, Wall};
use heard::Heard;
use voip_metrics::VoipMetrics;

/// The mean time between two reports (RFC 3550 section 6.2); each is 0.5 to 1.5 times as long.
const INTERVAL: Duration = Duration::from_secs(5);
/// No report of ours is longer, in octets.
pub(super) const MAX_LEN: usize = 128;
/// The most that playout waits, in milliseconds.
const MOST_DELAY: u16 = 500;
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
    /// The middle of the NTP time of our last two sender reports, and when they were made.
    own_reports: [Option<(u32, Mono)>; 2],
    far: Option<Far>,
    /// Parts of a thousand that the peer reports as lost, until that is taken.
    far_loss: Option<u16>,
    round_trip: Option<Duration>,
    /// Milliseconds of sound in the peer's packets.
    packet: u64,
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
            own_reports: [None; 2],
            far: None,
            far_loss: None,
            round_trip: None,
            packet: 20,
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
            heard.bursts.heard();
        }
    }

    /// That packet was played, or will be; or it came too late. It has `packet` milliseconds of sound.
    pub(super) fn note_played(&mut self, in_time: bool, packet: u64) {
        self.packet = packet.max(1);
        match (&mut self.heard, in_time) {
            (Some(heard), true) => heard.bursts.heard(),
            (Some(heard), false) => heard.bursts.discarded(),
            (None, _) => {}
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
                Ok(Packet::Sr(report)) => {
                    self.note_report(now, &report);
                    report.report_blocks().for_each(|block| self.note_block(now, &block));
                }
                Ok(Packet::Rr(report)) => report.report_blocks().for_each(|block| self.note_block(now, &block)),
                Ok(Packet::Bye(bye)) => self.note_bye(&bye),
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        self.note_metrics(packet);
        true
    }

    /// Parts of a thousand of our packets that the peer has reported as lost since this was asked last.
    pub(super) fn take_far_loss(&mut self) -> Option<u16> {
        self.far_loss.take()
    }

    /// So many packets should have come from whom we hear now, and so many did.
    pub(super) fn expected_and_received(&self) -> (u64, u64) {
        self.heard.as_ref().map_or((0, 0), Heard::expected_and_received)
    }

    /// Adds what reports say to what was measured here: the way there and back, and how the peer hears us. `clock` is of the timestamps
    /// that are heard.
    pub(super) fn tell(&self, clock: u32, quality: &mut Quality) {
        let ticks = self.heard.as_ref().map_or(0, Heard::jitter);
        quality.jitter = in_millis(ticks, clock);
        quality.round_trip = self.round_trip.map(|time| u16::try_from(time.as_millis()).unwrap_or(u16::MAX));
        quality.far = self.far;
    }

    /// The next report is due now.
    pub(super) fn hurry(&mut self, now: Mono) {
        self.next = Some(now);
    }

    /// Ours is another source from now on, of which nothing was sent yet.
    pub(super) fn begin_source(&mut self, ssrc: u32) {
        self.ssrc = ssrc;
        (self.sent_packets, self.sent_octets, self.sent_at_last_report) = (0, 0, 0);
        (self.newest, self.own_reports) = (None, [None; 2]);
    }

    /// Writes the report that is due, if one is, and gives its length; `quality` goes with it.
    pub(super) fn poll(&mut self, now: Now, quality: &Quality, octets: &mut [u8; MAX_LEN]) -> Option<usize> {
        let due = *self.next.get_or_insert(now.mono + INTERVAL / 2);
        if now.mono < due {
            return None;
        }
        self.reports = self.reports.wrapping_add(1);
        self.next = Some(now.mono + self.interval());
        let len = self.write(now, false, octets)?;
        Some(self.add_metrics(quality, len, octets))
    }

    /// The last report: nothing more comes from us (RFC 3550 section 6.6).
    pub(super) fn bye(&mut self, now: Now, octets: &mut [u8; MAX_LEN]) -> Option<usize> {
        self.write(now, true, octets)
    }

    /// 0.5 to 1.5 times the mean, spread by our SSRC, which is random.
    fn interval(&self) -> Duration {
        let spread = self.ssrc.rotate_left(self.reports).wrapping_mul(0x9E37_79B1) >> 16;
        INTERVAL / 2 + INTERVAL * spread / 0xffff
    }

    fn write(&mut self, now: Now, is_last: bool, octets: &mut [u8; MAX_LEN]) -> Option<usize> {
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
        let compound = compound.add_packet(source);
        let written = match is_last {
            true => compound.add_packet(Bye::builder().add_source(self.ssrc)).write_into(octets),
            false => compound.write_into(octets),
        };
        written.ok()
    }

    /// Puts the VoIP metrics of whom we hear behind a report of that length; gives the length of both.
    fn add_metrics(&self, quality: &Quality, len: usize, octets: &mut [u8; MAX_LEN]) -> usize {
        let (Some(heard), Some(mos)) = (&self.heard, quality.mos) else { return len };
        let Some(room) = octets.get_mut(len..len + voip_metrics::LEN) else { return len };
        let tenths = u8::try_from(mos / 10).ok();
        let metrics = VoipMetrics {
            ssrc: heard.ssrc,
            summary: heard.bursts.summary(self.packet),
            round_trip: quality.round_trip.unwrap_or_default(),
            end_system: quality.delay,
            rating: quality.rating() as u8,
            mos: (tenths, tenths),
            nominal: quality.delay,
            most: MOST_DELAY,
        };
        room.copy_from_slice(&metrics.write(self.ssrc));
        len + voip_metrics::LEN
    }

    fn sender_report(
        &mut self,
        now: Now,
        (timestamp, at): (u32, Mono),
        block: Option<ReportBlockBuilder>,
    ) -> SenderReportBuilder {
        self.own_reports = [Some(((ntp(now.wall) >> 16) as u32, now.mono)), self.own_reports[0]];
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

    /// What the peer hears of us, and, where it had a report of ours, how long that took (RFC 3550 section 6.4.1).
    fn note_block(&mut self, now: Mono, block: &ReportBlock<'_>) {
        if block.ssrc() != self.ssrc {
            return;
        }
        let far = self.far.get_or_insert_default();
        far.lost = (u32::from(block.fraction_lost()) * 1000 / 256) as u16;
        self.far_loss = Some(far.lost);
        far.jitter = in_millis(block.interarrival_jitter(), self.clock);
        let answered = block.last_sender_report_timestamp();
        let ours = self.own_reports.iter().flatten().find(|(middle, _)| *middle == answered);
        let kept = u64::from(block.delay_since_last_sender_report_timestamp()) * 1_000_000 / 65_536;
        if let Some(time) = ours.and_then(|(_, at)| (now - *at).checked_sub(Duration::from_micros(kept))) {
            self.round_trip = Some(time);
        }
    }

    fn note_metrics(&mut self, compound: &[u8]) {
        let metrics = packets(compound).filter(|packet| packet.get(1) == Some(&voip_metrics::XR));
        if let Some(metrics) = metrics.filter_map(|packet| VoipMetrics::read(packet, self.ssrc)).last() {
            let mos = metrics.mos.1.or(metrics.mos.0);
            self.far.get_or_insert_default().mos = mos.map(|tenths| u16::from(tenths) * 10);
        }
    }

    /// Whom we heard is gone: reports do not tell of it any more.
    fn note_bye(&mut self, bye: &Bye<'_>) {
        let is_gone = |heard: &mut Heard| bye.ssrcs().any(|ssrc| ssrc == heard.ssrc);
        self.heard.take_if(is_gone);
    }
}

fn in_millis(ticks: u32, clock: u32) -> u16 {
    u16::try_from(u64::from(ticks) * 1000 / u64::from(clock.max(1))).unwrap_or(u16::MAX)
}

/// The packets of a compound one, each whole.
fn packets(compound: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = compound;
    std::iter::from_fn(move || {
        let [_, _, words @ ..] = *rest.first_chunk::<4>()?;
        let (packet, next) = rest.split_at_checked(4 * (usize::from(u16::from_be_bytes(words)) + 1))?;
        rest = next;
        Some(packet)
    })
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

    const QUALITY: Quality =
        Quality { lost: 0, concealed: 0, jitter: 0, delay: 60, round_trip: None, mos: Some(430), far: None };

    fn at(ms: u64) -> Now {
        Now { mono: Mono(Duration::from_millis(ms)), wall: Wall(1_700_000_000_000 + ms) }
    }

    fn header(sequence: u16) -> RtpHeader {
        RtpHeader { marker: false, payload_type: 0, sequence, timestamp: u32::from(sequence) * 160, ssrc: 7 }
    }

    #[test]
    fn a_report_says_what_was_sent_and_what_was_lost() {
        let (mut reports, mut octets) = (Reports::new(9, 8000), [0; MAX_LEN]);
        assert_eq!(reports.poll(at(0), &QUALITY, &mut octets), None);
        reports.note_sent(at(0).mono, 1000, 160);
        for sequence in [100, 101, 103] {
            reports.note_heard(at(u64::from(sequence) * 20).mono, &header(sequence), 8000);
        }
        let len = reports.poll(at(2500), &QUALITY, &mut octets).unwrap();
        let parts: Vec<Packet<'_>> = Compound::parse(&octets[..len]).unwrap().map(Result::unwrap).collect();
        let Packet::Sr(report) = &parts[0] else { panic!("{parts:?}") };
        assert_eq!((report.ssrc(), report.packet_count(), report.octet_count()), (9, 1, 160));
        assert_eq!(report.rtp_timestamp(), 1000 + 20_000);
        assert_eq!(report.ntp_timestamp() >> 32, 1_700_000_002 + NTP_OFFSET);
        let block = report.report_blocks().next().unwrap();
        assert_eq!((block.ssrc(), block.cumulative_lost(), block.fraction_lost()), (7, 1, 64));
        assert_eq!((block.extended_sequence_number(), block.interarrival_jitter()), (103, 0));
        assert!(matches!(&parts[1], Packet::Sdes(_)));
        assert_eq!(reports.poll(at(2600), &QUALITY, &mut octets), None);
        assert!(Reports::new(1, 8000).handle(at(0).mono, &octets[..len]));
    }

    /// Two sides, 40 ms apart: each learns of its own reports how far the other is and what that hears.
    #[test]
    fn a_report_is_answered_with_what_is_heard_and_how_far_it_is() {
        let (mut here, mut there) = (Reports::new(7, 8000), Reports::new(9, 8000));
        let mut octets = [0; MAX_LEN];
        here.poll(at(0), &QUALITY, &mut octets);
        here.note_sent(at(2480).mono, 16_000, 160);
        let len = here.poll(at(2500), &QUALITY, &mut octets).unwrap();
        for sequence in [1, 2, 4] {
            there.note_heard(at(2000 + u64::from(sequence) * 20).mono, &header(sequence), 8000);
            there.note_played(true, 20);
        }
        assert!(there.handle(at(2540).mono, &octets[..len]));
        there.hurry(at(3000).mono);
        let len = there.poll(at(3000), &QUALITY, &mut octets).unwrap();
        assert_eq!(Compound::parse(&octets[..len]).unwrap().count(), 3);
        assert!(here.handle(at(3040).mono, &octets[..len]));
        let mut quality = Quality::default();
        here.tell(8000, &mut quality);
        assert_eq!(quality.round_trip, Some(80));
        assert_eq!(quality.far, Some(Far { lost: 250, jitter: 0, mos: Some(430) }));
    }

    #[test]
    fn a_bye_takes_the_source_out_of_the_reports() {
        let (mut here, mut there) = (Reports::new(7, 8000), Reports::new(9, 8000));
        let mut octets = [0; MAX_LEN];
        there.note_heard(at(0).mono, &header(1), 8000);
        let len = here.bye(at(100), &mut octets).unwrap();
        let parts: Vec<Packet<'_>> = Compound::parse(&octets[..len]).unwrap().map(Result::unwrap).collect();
        assert!(matches!(&parts[..], [Packet::Rr(_), Packet::Sdes(_), Packet::Bye(_)]), "{parts:?}");
        assert_eq!(there.expected_and_received(), (1, 1));
        assert!(there.handle(at(140).mono, &octets[..len]));
        assert_eq!(there.expected_and_received(), (0, 0));
    }

    #[test]
    fn who_sends_nothing_makes_a_receiver_report() {
        let (mut reports, mut octets) = (Reports::new(9, 8000), [0; MAX_LEN]);
        reports.poll(at(0), &QUALITY, &mut octets);
        let len = reports.poll(at(3000), &QUALITY, &mut octets).unwrap();
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
