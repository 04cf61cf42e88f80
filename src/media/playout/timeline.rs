use super::store::Packet;
use crate::media::rtp::RtpHeader;

/// What the packets of one source have in common. Times are in ticks of RTP, and do not wrap.
pub(super) struct Timeline {
    pub(super) ssrc: u32,
    /// The newest RTP timestamp, as it came and as it is counted.
    pub(super) newest: (u32, i64),
    /// Up to here sound was decoded; and the number of the packet before.
    pub(super) end: i64,
    pub(super) last: u64,
    /// Samples that were made up since.
    pub(super) made: i64,
    /// What is heard at the end is silence: when sound goes on is free to choose.
    pub(super) silent: bool,
    /// Packets in a row that are far from everything.
    pub(super) astray: u32,
    /// How much later than it could be sound is played, smoothed, in microseconds.
    pub(super) delay: Option<i64>,
    /// Frames since the sound was stretched.
    pub(super) rested: u32,
    /// Parts of 65536 of the packets that were lost lately, and whether that is much.
    loss: u32,
    pub(super) lossy: bool,
}

/// Ticks a second of RTP timestamps.
#[derive(Clone, Copy)]
pub(super) struct Clock(pub(super) u32);

impl Clock {
    pub(super) fn micros(self, ticks: i64) -> i64 {
        ticks.saturating_mul(1_000_000) / i64::from(self.0)
    }
}

/// Much is lost from so many parts of 65536 on, and until it is fewer than that.
const LOSSY: u32 = 393;
const LOSSLESS: u32 = 33;
/// The loss is of so many packets.
const LOSS_OVER: u32 = 256;

impl Timeline {
    pub(super) fn new(header: &RtpHeader, start: i64, number: u64) -> Self {
        Self {
            ssrc: header.ssrc,
            newest: (header.timestamp, start),
            end: start,
            last: number.saturating_sub(1),
            made: 0,
            silent: true,
            astray: 0,
            delay: None,
            rested: 0,
            loss: 0,
            lossy: false,
        }
    }

    /// After so many packets lost lately the share of what is lost is known by this one.
    pub(super) fn note_taken(&mut self, packet: &Packet) {
        let lost = packet.number.saturating_sub(self.last + 1).min(8);
        for _ in 0..lost {
            self.loss += (65_536 - self.loss) / LOSS_OVER;
        }
        self.loss -= self.loss / LOSS_OVER;
        self.lossy = self.loss > if self.lossy { LOSSLESS } else { LOSSY };
        self.last = packet.number;
    }
}
