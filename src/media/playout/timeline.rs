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
    /// Of that packet.
    pub(super) payload_type: u8,
    /// Samples that were made up since, by the echo of what was heard; and by the codec itself, as far as they would be a loss.
    pub(super) made: i64,
    noise: u64,
    /// Where nothing comes the source says nothing: so it was the last time.
    pub(super) leaves_out: bool,
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
/// What is lost for longer, in milliseconds, is silence like any other.
const MOST_NOISE: u64 = 120;
/// The loss is of so many packets.
const LOSS_OVER: u32 = 256;

impl Timeline {
    pub(super) fn new(header: &RtpHeader, start: i64, number: u64) -> Self {
        Self {
            ssrc: header.ssrc,
            newest: (header.timestamp, start),
            end: start,
            last: number.saturating_sub(1),
            payload_type: header.payload_type,
            made: 0,
            noise: 0,
            leaves_out: false,
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
        (self.last, self.payload_type) = (packet.number, packet.payload_type);
    }

    /// The codec has made so many samples for what may be a pause.
    pub(super) fn note_noise(&mut self, samples: usize, rate: u32) {
        self.noise = (self.noise + samples as u64).min(u64::from(rate) * MOST_NOISE / 1000);
    }

    /// How many of the samples that were made up since the last packet stand for something that was lost: it shows by the number of the next
    /// one, before that is noted as taken. A pause is none, even one that was not `told` of: the number is the next one, and the time is not.
    pub(super) fn note_concealed(&mut self, next: &Packet, told: bool) -> u64 {
        let made = self.made.unsigned_abs() + std::mem::take(&mut self.noise);
        let is_pause = next.number == self.last + 1 && next.start > self.end;
        if !told && (made > 0 || is_pause) {
            self.leaves_out = is_pause;
        }
        if is_pause {
            0
        } else {
            made
        }
    }
}
