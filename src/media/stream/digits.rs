//! Keys of a telephone among the sound of a stream (RFC 4733): protected, counted and numbered like that.

use crate::media::digits::{Packet, PAYLOAD};
use crate::media::rtp::{self, RtpHeader};
use crate::media::{Stream, StreamEvent, FRAMES_A_SECOND};
use crate::vocab::{Digit, Now};

/// Digits told to the agent and not taken: more come only where nobody takes any.
const MOST_TOLD: usize = 32;

impl Stream {
    /// Sends these in the place of sound, one after the other, after those that wait already. What there is no room for, and all where
    /// the peer takes none, is left out.
    pub fn dial(&mut self, digits: &[Digit]) {
        if self.formats.digits.is_some() {
            self.dialled.push(digits);
        }
    }

    /// Of one frame, at the clock of the digits.
    pub(super) fn digit_ticks(&self) -> u32 {
        self.formats.digits.map_or(0, |(_, clock)| clock / FRAMES_A_SECOND)
    }

    /// Puts it into the buffer, and gives the octets of its payload.
    pub(super) fn write_digit(&mut self, header: RtpHeader, digit: Packet) -> Option<usize> {
        let (payload_type, _) = self.formats.digits?;
        let since = digit.frames_ago.wrapping_mul(self.packetizer.codec().frame_ticks());
        let timestamp = header.timestamp.wrapping_sub(since);
        let packet = self.buffer.begin(rtp::HEADER_LEN + PAYLOAD)?;
        RtpHeader { marker: digit.first, payload_type, timestamp, ..header }.write(packet)?;
        packet.get_mut(rtp::HEADER_LEN..)?.copy_from_slice(&digit.payload);
        Some(PAYLOAD)
    }

    /// The peer presses a key.
    pub(super) fn take_digit(&mut self, now: Now, header: &RtpHeader, payload: &[u8]) {
        match self.keyed.take(now.mono, (header.ssrc, header.timestamp), payload) {
            Ok(digit) => {
                self.counters.received += 1;
                self.reports.note_lasting(header);
                self.playout.pass(header);
                if let Some(digit) = digit.filter(|_| self.events.len() < MOST_TOLD) {
                    self.events.push_back(StreamEvent::Digit(digit));
                }
            }
            Err(reason) => self.counters.drop_one(reason),
        }
    }
}
