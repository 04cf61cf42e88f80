//! What a stream says, frame by frame.

use super::{leave, note_withheld, packet_buffer, Datagram, Stream};
use crate::media::digits::{self, Turn};
use crate::media::discretion::Discretion;
use crate::media::packetizer::{Packetizer, Payload};
use crate::media::playout::Playout;
use crate::media::rtp::{self, RtpHeader};
use crate::media::Formats;
use crate::vocab::Now;

impl Stream {
    /// Goes on with what both sides described anew. Numbers and timestamps go on as they were (RFC 3550 section 5.1).
    pub fn set_formats(&mut self, formats: Formats) {
        if formats == self.formats {
            return;
        }
        let (payload_type, codec) = formats.send;
        if codec != self.packetizer.codec() {
            self.reports.set_clock(codec.clock());
            self.next.marker = true;
        }
        if (codec, formats.packet_time) != (self.packetizer.codec(), self.formats.packet_time) {
            self.buffer = packet_buffer(codec, formats.packet_time);
        }
        self.next.payload_type = payload_type;
        if formats.digits.is_none() {
            self.dialled.clear();
        }
        if formats.receive != self.formats.receive {
            self.playout = Playout::new(&formats.receive);
        }
        self.formats = formats;
        self.packetize_anew(self.discretion());
    }

    /// Takes one frame of sound, and seals what is whole of it; `None` when there is not enough for a packet, when nobody speaks and the peer takes noise for
    /// that, when the policy lets nothing out, which is counted, or while the peer has to be heard first. Call [`poll_sound`](Self::poll_sound) then.
    pub fn send(&mut self, now: Now, frame: &[i16]) -> Option<Datagram<'_>> {
        self.generations.settle(now.mono);
        self.follow_agreement();
        if self.waits || self.is_keying() || self.held.is_silent() {
            self.pass(1);
            return None;
        }
        match self.dialled.turn(self.digit_ticks()) {
            Turn::Digit(digit) => return self.send_digit(now, digit),
            Turn::Pause => self.packetizer.add_silence(),
            Turn::Sound => self.packetizer.add(frame),
        }
        self.poll_sound(now)
    }

    /// The next packet of the sound that was given, if one is whole.
    pub fn poll_sound(&mut self, now: Now) -> Option<Datagram<'_>> {
        let (header, len) = loop {
            if !self.packetizer.is_whole() {
                return None;
            }
            let header = self.next;
            if let Some(len) = self.write_packet(header) {
                break (header, len);
            }
        };
        // Sound begins anew after a pause; or Opus says anew how its noise is, which is not to be told from that.
        let marker = self.packetizer.is_pause();
        self.leave(now, header, (len, marker))
    }

    /// Puts the next packet into the buffer, and gives the octets of its payload; `None` when there is nothing to say.
    fn write_packet(&mut self, header: RtpHeader) -> Option<usize> {
        let (payload, ticks) = self.packetizer.take();
        self.next.timestamp = header.timestamp.wrapping_add(ticks);
        let level;
        let (header, payload) = match payload {
            Payload::Sound(octets) => (header, octets),
            Payload::Comfort(told) => {
                level = [told];
                (RtpHeader { marker: false, payload_type: self.formats.comfort?, ..header }, level.as_slice())
            }
            Payload::Nothing => return None,
        };
        let packet = self.buffer.begin(rtp::HEADER_LEN + payload.len())?;
        header.write(packet)?;
        packet.get_mut(rtp::HEADER_LEN..)?.copy_from_slice(payload);
        Some(payload.len())
    }

    fn send_digit(&mut self, now: Now, digit: digits::Packet) -> Option<Datagram<'_>> {
        self.pass(0);
        let header = self.next;
        self.next.timestamp = header.timestamp.wrapping_add(self.packetizer.codec().frame_ticks());
        let len = self.write_digit(header, digit)?;
        // Sound begins anew after a digit.
        self.leave(now, header, (len, true))
    }

    /// The packet in the buffer; `len` octets are its payload, and what comes next has the `marker`.
    fn leave(&mut self, now: Now, header: RtpHeader, (len, marker): (usize, bool)) -> Option<Datagram<'_>> {
        match leave(&mut self.generations, &mut self.tunnel, now, &mut self.buffer) {
            Ok(datagram) => {
                self.next.sequence = header.sequence.wrapping_add(1);
                self.next.marker = marker;
                self.counters.sent += 1;
                self.reports.note_sent(now.mono, header.timestamp, len);
                Some(datagram)
            }
            Err(why) => {
                self.next.timestamp = self.next.timestamp.wrapping_add(self.packetizer.clear());
                note_withheld(why, &mut self.counters, &mut self.told, &mut self.events);
                None
            }
        }
    }

    /// So many frames are not sent, because their time has passed: the peer sees by the timestamps that time went on (RFC 3550
    /// section 5.1).
    pub fn pass_over(&mut self, frames: u32) {
        if frames > 0 {
            self.pass(frames);
            self.next.marker = true;
        }
    }

    /// In the place of [`send`](Self::send), while there is no way: time goes on, and the frame is counted as dropped.
    pub fn skip(&mut self) {
        self.pass(1);
        self.counters.drop_one("no-consent");
    }

    /// Neither what waits nor so many frames more are sent.
    fn pass(&mut self, frames: u32) {
        let ticks = self.packetizer.codec().frame_ticks().wrapping_mul(frames).wrapping_add(self.packetizer.clear());
        self.next.timestamp = self.next.timestamp.wrapping_add(ticks);
    }

    /// Where sizes and pauses may tell no more what is said they do not from this packet on: whoever answered goes on under the old keys for a while.
    fn follow_agreement(&mut self) {
        let discretion = self.discretion();
        if discretion != self.packetizer.discretion() {
            self.packetize_anew(discretion);
        }
    }

    fn discretion(&self) -> Discretion {
        Discretion::of(&self.formats, self.generations.outbound(), self.tunnel.is_some())
    }

    fn packetize_anew(&mut self, discretion: Discretion) {
        self.pass(0);
        self.packetizer = Packetizer::new(&self.formats, discretion);
    }
}
