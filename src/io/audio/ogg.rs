use std::io::{self, Write};

/// Octets of a page's header without the table of segments.
const HEADER: usize = 27;
/// Segments of a page, of 255 octets at most.
const SEGMENTS: usize = 255;
/// What the checksum divides by (RFC 3533 section 6, field 7).
const POLYNOMIAL: u32 = 0x04c1_1db7;
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// One logical bitstream of Ogg (RFC 3533): packets, in pages that end where a packet ends.
pub struct Pages<W> {
    to: W,
    serial: u32,
    written: u32,
    segments: Vec<u8>,
    packets: Vec<u8>,
}

impl<W: Write> Pages<W> {
    /// `serial` is another one than that of whatever may be put behind this stream.
    pub fn new(to: W, serial: u32) -> Self {
        Self { to, serial, written: 0, segments: Vec::with_capacity(SEGMENTS), packets: Vec::new() }
    }

    /// Whether a packet of so many octets still goes into the page.
    pub fn holds(&self, packet: usize) -> bool {
        self.segments.len() + packet / 255 < SEGMENTS
    }

    /// Into the page; a packet that it does not hold is left out.
    pub fn put(&mut self, packet: &[u8]) {
        if self.holds(packet.len()) {
            self.segments.extend(std::iter::repeat_n(255, packet.len() / 255));
            self.segments.push((packet.len() % 255) as u8);
            self.packets.extend_from_slice(packet);
        }
    }

    /// Ends and writes the page. `position` counts samples at 48 kHz up to there, as Opus has it (RFC 7845 section 4).
    ///
    /// # Errors
    /// What the file says.
    pub fn end(&mut self, position: u64, is_last: bool) -> io::Result<()> {
        if self.segments.is_empty() {
            return Ok(());
        }
        let page = self.page(position, is_last);
        self.written += 1;
        self.segments.clear();
        self.packets.clear();
        self.to.write_all(&page)?;
        self.to.flush()
    }

    fn page(&self, position: u64, is_last: bool) -> Vec<u8> {
        let flags = if self.written == 0 { FIRST } else { 0 } | if is_last { LAST } else { 0 };
        let mut header = Vec::with_capacity(HEADER + self.segments.len() + self.packets.len());
        header.extend_from_slice(b"OggS\0");
        header.push(flags);
        header.extend_from_slice(&position.to_le_bytes());
        header.extend_from_slice(&self.serial.to_le_bytes());
        header.extend_from_slice(&self.written.to_le_bytes());
        let rest = [&[self.segments.len() as u8], &*self.segments, &*self.packets];
        let unsummed = rest.iter().fold(sum(sum(0, &header), &[0; 4]), |so_far, piece| sum(so_far, piece));
        header.extend_from_slice(&unsummed.to_le_bytes());
        rest.iter().for_each(|piece| header.extend_from_slice(piece));
        header
    }
}

fn sum(so_far: u32, octets: &[u8]) -> u32 {
    octets.iter().fold(so_far, |sum, octet| {
        (0..8).fold(sum ^ u32::from(*octet) << 24, |sum, _| match sum >> 31 {
            0 => sum << 1,
            _ => sum << 1 ^ POLYNOMIAL,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_laid_out_and_summed_as_the_rfc_has_it() {
        let mut pages = Pages::new(Vec::new(), 0x0403_0201);
        pages.put(&[7; 255]);
        pages.put(b"ab");
        pages.end(960, false).unwrap();
        pages.put(b"c");
        pages.end(1920, true).unwrap();
        pages.end(2880, true).unwrap();
        let (first, second) = pages.to.split_at(HEADER + 3 + 257);
        assert_eq!(first[..22], *b"OggS\0\x02\xc0\x03\0\0\0\0\0\0\x01\x02\x03\x04\0\0\0\0");
        assert_eq!(first[22..30], [0x80, 0x7e, 0x4d, 0xf5, 3, 255, 0, 2]);
        assert_eq!(second[..22], *b"OggS\0\x04\x80\x07\0\0\0\0\0\0\x01\x02\x03\x04\x01\0\0\0");
        assert_eq!(second[22..], [0x7b, 0x70, 0x06, 0xf0, 1, 1, b'c']);
    }

    #[test]
    fn a_page_has_255_segments_at_most() {
        let mut pages = Pages::new(Vec::new(), 0);
        (0..254).for_each(|_| pages.put(&[1]));
        assert!(pages.holds(254) && !pages.holds(255));
        pages.put(&[2; 255]);
        pages.put(&[3]);
        pages.put(&[4]);
        pages.end(0, false).unwrap();
        assert_eq!((pages.to[26], pages.to.last(), pages.to.len()), (255, Some(&3), HEADER + 255 + 255));
    }
}
