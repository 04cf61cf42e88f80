//! Packets in TCP, each behind its length: ESP as RFC 9329 section 3 has it, where the length counts itself, and what ordinary telephones have, RTP and RTCP
//! in clear or by SRTP, as RFC 4571 section 2 has it, where it does not.

use std::fmt;

/// What the side that opened the connection sends before anything else (RFC 9329 section 4).
pub const STREAM_PREFIX: [u8; 6] = *b"IKETCP";
/// Octets of a length.
const LENGTH: usize = 2;
/// A packet is no longer: voice with all that protects it is shorter.
pub const MOST: usize = 2048;
/// What keeps a NAT open in UDP (RFC 3948 section 2.3). Nobody needs it in TCP; it is passed over (RFC 9329 section 3).
const KEEP_ALIVE: [u8; 1] = [0xff];

/// How packets stand in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamFraming {
    /// RFC 9329; whoever opened the connection says so first.
    Esp,
    /// RFC 4571.
    Rtp,
}

impl StreamFraming {
    /// Octets that a length counts beside those of its packet.
    fn counted(self) -> usize {
        match self {
            Self::Esp => LENGTH,
            Self::Rtp => 0,
        }
    }
}

/// Cuts what comes by a connection into packets. It holds one packet and what came behind it, and no more.
pub struct FrameReader {
    framing: StreamFraming,
    room: Box<[u8]>,
    /// What is in it and was not given out yet: from here, to there.
    from: usize,
    to: usize,
    wants_prefix: bool,
}

/// The other side does not speak this: the connection is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// One of this length.
    Length(u16),
    /// It did not begin as RFC 9329 has it.
    Prefix,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(len) => write!(f, "it sent a frame of {len} octets, and packets have 1 to {MOST}"),
            Self::Prefix => f.write_str("it did not begin with IKETCP"),
        }
    }
}

impl FrameReader {
    /// `accepted`: the other side opened the connection.
    pub fn new(framing: StreamFraming, accepted: bool) -> Self {
        let room = vec![0; 2 * (LENGTH + MOST)].into_boxed_slice();
        Self { framing, room, from: 0, to: 0, wants_prefix: accepted && framing == StreamFraming::Esp }
    }

    /// Where what comes next is to be put: never empty once [`take`](Self::take) has said that nothing whole is left.
    pub fn room(&mut self) -> &mut [u8] {
        self.room.get_mut(self.to..).unwrap_or_default()
    }

    /// So many octets were put there.
    pub fn fill(&mut self, len: usize) {
        self.to = (self.to + len).min(self.room.len());
    }

    /// The next packet that is whole.
    ///
    /// # Errors
    /// What came is none; nothing that follows can be told from it.
    pub fn take(&mut self) -> Result<Option<&mut [u8]>, FrameError> {
        if self.wants_prefix && !self.take_prefix()? {
            return Ok(None);
        }
        loop {
            let Some(len) = self.length()? else {
                self.make_room();
                return Ok(None);
            };
            let packet = self.from + LENGTH..self.from + len;
            self.from = packet.end;
            let is_nothing = match self.framing {
                StreamFraming::Esp => self.room.get(packet.clone()) == Some(&KEEP_ALIVE[..]),
                // The null packet.
                StreamFraming::Rtp => packet.is_empty(),
            };
            if !is_nothing {
                return Ok(self.room.get_mut(packet));
            }
        }
    }

    /// Of the next packet and its length, when all of it is here.
    fn length(&self) -> Result<Option<usize>, FrameError> {
        let waiting = self.room.get(self.from..self.to).unwrap_or_default();
        let Some(length) = waiting.first_chunk().map(|length| u16::from_be_bytes(*length)) else { return Ok(None) };
        let packet = usize::from(length).checked_sub(self.framing.counted());
        let least = if self.framing == StreamFraming::Esp { 1 } else { 0 };
        let packet = packet.filter(|packet| (least..=MOST).contains(packet)).ok_or(FrameError::Length(length))?;
        let len = LENGTH + packet;
        Ok((len <= waiting.len()).then_some(len))
    }

    /// Whether it is behind us.
    fn take_prefix(&mut self) -> Result<bool, FrameError> {
        let came = self.room.get(self.from..self.to).unwrap_or_default();
        if !came.iter().zip(STREAM_PREFIX).all(|(came, wanted)| *came == wanted) {
            return Err(FrameError::Prefix);
        }
        if came.len() < STREAM_PREFIX.len() {
            return Ok(false);
        }
        self.from += STREAM_PREFIX.len();
        self.wants_prefix = false;
        Ok(true)
    }

    fn make_room(&mut self) {
        self.room.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
    }
}

/// A packet behind its length, in `room`; `None` when it is too long for a frame or for that.
pub fn frame<'r>(framing: StreamFraming, packet: &[u8], room: &'r mut [u8]) -> Option<&'r mut [u8]> {
    if packet.is_empty() || packet.len() > MOST {
        return None;
    }
    let len = LENGTH + packet.len();
    let framed = room.get_mut(..len)?;
    let (length, rest) = framed.split_at_mut_checked(LENGTH)?;
    length.copy_from_slice(&((packet.len() + framing.counted()) as u16).to_be_bytes());
    rest.copy_from_slice(packet);
    Some(framed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(reader: &mut FrameReader, octets: &[u8]) -> usize {
        let room = reader.room();
        let len = octets.len().min(room.len());
        room[..len].copy_from_slice(&octets[..len]);
        reader.fill(len);
        len
    }

    fn framed(packet: &[u8]) -> Vec<u8> {
        frame(StreamFraming::Esp, packet, &mut [0; LENGTH + MOST]).unwrap().to_vec()
    }

    /// However the connection cuts it.
    #[test]
    fn packets_come_out_as_they_went_in() {
        let packets: Vec<Vec<u8>> =
            [1, 2, 200, MOST, 3, MOST, MOST].iter().enumerate().map(|(n, len)| vec![n as u8; *len]).collect();
        let mut wire = STREAM_PREFIX.to_vec();
        wire.extend(packets.iter().flat_map(|packet| framed(packet)));
        for step in [1, 2, 3, 7, 500, 5000, 100_000] {
            let (mut reader, mut rest, mut came) = (FrameReader::new(StreamFraming::Esp, true), &wire[..], Vec::new());
            while !rest.is_empty() {
                let len = put(&mut reader, &rest[..step.min(rest.len())]);
                assert!(len > 0, "it has room");
                rest = &rest[len..];
                while let Some(packet) = reader.take().unwrap() {
                    came.push(packet.to_vec());
                }
            }
            assert_eq!(came, packets, "in steps of {step}");
        }
    }

    #[test]
    fn the_length_counts_itself_and_who_opened_says_so_first() {
        assert_eq!(framed(&[9, 9, 9]), [0, 5, 9, 9, 9]);
        let mut accepted = FrameReader::new(StreamFraming::Esp, true);
        put(&mut accepted, b"IKE");
        assert_eq!(accepted.take(), Ok(None));
        put(&mut accepted, b"XXX");
        assert_eq!(accepted.take(), Err(FrameError::Prefix));
        let mut opened = FrameReader::new(StreamFraming::Esp, false);
        put(&mut opened, &framed(&[9]));
        assert_eq!(opened.take(), Ok(Some(&mut [9][..])));
    }

    #[test]
    fn a_length_that_is_none_ends_it() {
        for length in [0, 1, 2, (LENGTH + MOST + 1) as u16, u16::MAX] {
            let mut reader = FrameReader::new(StreamFraming::Esp, false);
            put(&mut reader, &length.to_be_bytes());
            assert_eq!(reader.take(), Err(FrameError::Length(length)));
        }
        for framing in [StreamFraming::Esp, StreamFraming::Rtp] {
            assert_eq!(frame(framing, &[0; MOST + 1], &mut [0; 2 * MOST]), None);
            assert_eq!(frame(framing, &[], &mut [0; 9]), None);
            assert_eq!(frame(framing, &[1, 2, 3], &mut [0; 4]), None);
        }
    }

    /// RFC 4571 section 2.
    #[test]
    fn of_rtp_the_length_counts_the_packet_alone_and_the_null_packet_is_passed_over() {
        let framed = |packet: &[u8]| frame(StreamFraming::Rtp, packet, &mut [0; LENGTH + MOST]).unwrap().to_vec();
        assert_eq!(framed(&[0x80, 9, 9]), [0, 3, 0x80, 9, 9]);
        let mut reader = FrameReader::new(StreamFraming::Rtp, true);
        put(&mut reader, &[&[0, 0][..], &framed(&[0x80]), &[0, 0], &framed(&KEEP_ALIVE), &framed(&[7; MOST])].concat());
        let mut came = Vec::new();
        while let Some(packet) = reader.take().unwrap() {
            came.push(packet.to_vec());
        }
        assert_eq!(came, [vec![0x80], KEEP_ALIVE.to_vec(), vec![7; MOST]]);
        put(&mut reader, &(MOST as u16 + 1).to_be_bytes());
        assert_eq!(reader.take(), Err(FrameError::Length(MOST as u16 + 1)));
    }

    #[test]
    fn what_keeps_a_nat_open_is_passed_over() {
        let mut reader = FrameReader::new(StreamFraming::Esp, false);
        put(&mut reader, &[framed(&KEEP_ALIVE), framed(&[0xff, 1]), framed(&KEEP_ALIVE)].concat());
        assert_eq!(reader.take(), Ok(Some(&mut [0xff, 1][..])));
        assert_eq!(reader.take(), Ok(None));
    }
}
