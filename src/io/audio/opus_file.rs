use std::io::{self, Write};

use opus::{Application, Bitrate, Channels, Encoder};

use super::ogg::Pages;
use crate::media::{FRAMES_A_SECOND, MAX_FRAME};

/// Bits a second of each channel.
const BIT_RATE: i32 = 48_000;
/// Octets of the largest packet of 20 ms.
const MAX_PACKET: usize = 1000;
/// Positions count samples of this rate, whichever the sound has (RFC 7845 section 4).
const POSITIONS: u32 = 48_000;

/// Opus in Ogg (RFC 7845): a file that plays as far as it was written.
pub struct OpusFile<W> {
    pages: Pages<W>,
    encoder: Encoder,
    /// The samples of the next packet, those of the channels in turn.
    frame: [i16; 2 * MAX_FRAME],
    filled: usize,
    /// Samples of a packet.
    len: usize,
    packets: u64,
    /// Samples at 48 kHz by which the sound comes out later than it went in.
    skip: u16,
}

impl<W: Write> OpusFile<W> {
    /// With its headers. `rate` in hertz: 8000, 12000, 16000, 24000 or 48000; `channels` one or two.
    ///
    /// # Errors
    /// Another rate; what the file says.
    pub fn create(to: W, rate: u32, channels: u16) -> io::Result<Self> {
        let mut serial = [0; 4];
        getrandom::fill(&mut serial).map_err(io::Error::other)?;
        let mut encoder = encoder(rate, channels).map_err(io::Error::other)?;
        let lookahead = encoder.get_lookahead().map_err(io::Error::other)?.cast_unsigned();
        let skip = (lookahead * (POSITIONS / rate)) as u16;
        let mut pages = Pages::new(to, u32::from_le_bytes(serial));
        for header in [head(rate, channels, skip), tags()] {
            pages.put(&header);
            pages.end(0, false)?;
        }
        let len = (rate / FRAMES_A_SECOND) as usize * usize::from(channels);
        Ok(Self { pages, encoder, frame: [0; 2 * MAX_FRAME], filled: 0, len, packets: 0, skip })
    }

    /// The next sample, those of the channels in turn.
    ///
    /// # Errors
    /// What the file says.
    pub fn put(&mut self, sample: i16) -> io::Result<()> {
        if let Some(place) = self.frame.get_mut(self.filled) {
            *place = sample;
        }
        self.filled += 1;
        match self.filled == self.len {
            true => self.encode(),
            false => Ok(()),
        }
    }

    /// What is whole of it plays from now on.
    ///
    /// # Errors
    /// What the file says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.pages.end(self.position(), false)
    }

    /// Writes the rest, and where the sound ends.
    ///
    /// # Errors
    /// What the file says.
    pub fn finish(mut self) -> io::Result<()> {
        let end = self.position() + self.filled as u64 * self.step() / self.len as u64 + u64::from(self.skip);
        while self.position() < end {
            self.frame.iter_mut().skip(self.filled).for_each(|sample| *sample = 0);
            self.encode()?;
        }
        self.pages.end(end, true)
    }

    fn encode(&mut self) -> io::Result<()> {
        self.filled = 0;
        let mut packet = [0; MAX_PACKET];
        let frame = self.frame.get(..self.len).unwrap_or_default();
        let written = self.encoder.encode(frame, &mut packet).map_err(io::Error::other)?;
        if !self.pages.holds(written) {
            self.flush()?;
        }
        self.pages.put(packet.get(..written).unwrap_or_default());
        self.packets += 1;
        Ok(())
    }

    fn position(&self) -> u64 {
        self.packets * self.step()
    }

    /// Positions of a packet.
    fn step(&self) -> u64 {
        u64::from(POSITIONS / FRAMES_A_SECOND)
    }
}

fn encoder(rate: u32, channels: u16) -> opus::Result<Encoder> {
    let both = if channels == 1 { Channels::Mono } else { Channels::Stereo };
    let mut encoder = Encoder::new(rate, both, Application::Audio)?;
    encoder.set_bitrate(Bitrate::Bits(BIT_RATE * i32::from(channels)))?;
    Ok(encoder)
}

/// RFC 7845 section 5.1, of mapping family 0.
fn head(rate: u32, channels: u16, skip: u16) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels as u8);
    head.extend_from_slice(&skip.to_le_bytes());
    head.extend_from_slice(&rate.to_le_bytes());
    head.extend_from_slice(&[0; 3]);
    head
}

/// RFC 7845 section 5.2: which library it was, and nothing of the call.
fn tags() -> Vec<u8> {
    let vendor = opus::version();
    let mut tags = b"OpusTags".to_vec();
    tags.extend_from_slice(&(vendor.len() as u32).to_le_bytes());
    tags.extend_from_slice(vendor.as_bytes());
    tags.extend_from_slice(&[0; 4]);
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use opus::Decoder;
    use std::f64::consts::TAU;

    /// Position, flags, packets.
    type Page = (u64, u8, Vec<Vec<u8>>);

    fn pages(mut file: &[u8]) -> Vec<Page> {
        let mut pages = Vec::new();
        while !file.is_empty() {
            let (header, rest) = file.split_at(27);
            let (segments, mut rest) = rest.split_at(usize::from(header[26]));
            let mut packets = vec![Vec::new()];
            for segment in segments {
                let (piece, behind) = rest.split_at(usize::from(*segment));
                packets.last_mut().unwrap().extend_from_slice(piece);
                if *segment < 255 {
                    packets.push(Vec::new());
                }
                rest = behind;
            }
            packets.pop();
            pages.push((u64::from_le_bytes(header[6..14].try_into().unwrap()), header[5], packets));
            file = rest;
        }
        pages
    }

    /// Both channels at 48 kHz, without what precedes and follows the sound.
    fn decoded(pages: &[Page]) -> [Vec<f64>; 2] {
        let skip = usize::from(u16::from_le_bytes(pages[0].2[0][10..12].try_into().unwrap()));
        let end = pages.last().unwrap().0 as usize;
        let mut decoder = Decoder::new(48_000, Channels::Stereo).unwrap();
        let mut samples = Vec::new();
        for packet in pages[2..].iter().flat_map(|(_, _, packets)| packets) {
            let mut frame = [0; 1920];
            assert_eq!(decoder.decode(packet, &mut frame, false).unwrap(), 960);
            samples.extend(frame.chunks(2).map(|both| [f64::from(both[0]), f64::from(both[1])]));
        }
        assert!(samples.len() >= end && samples.len() < end + 960);
        [0, 1].map(|side| samples[skip..end].iter().map(|both| both[side]).collect())
    }

    fn tone(hertz: f64, rate: u32, at: usize) -> i16 {
        (8000.0 * (TAU * hertz * at as f64 / f64::from(rate)).sin()) as i16
    }

    /// So many frames of both tones; then it is finished, or its process ends.
    fn recorded(rate: u32, frames: usize, is_finished: bool) -> Vec<Page> {
        let mut octets = Vec::new();
        let mut file = OpusFile::create(&mut octets, rate, 2).unwrap();
        let frame = (rate / FRAMES_A_SECOND) as usize;
        for at in 0..frames * frame {
            file.put(tone(500.0, rate, at)).unwrap();
            file.put(tone(1300.0, rate, at)).unwrap();
            if (at + 1) % (50 * frame) == 0 {
                file.flush().unwrap();
            }
        }
        match is_finished {
            true => file.finish().unwrap(),
            false => drop(file),
        }
        pages(&octets)
    }

    /// Decibels from what was recorded to what is in it beside that.
    fn clearness(side: &[f64], hertz: f64) -> f64 {
        let power = |of: &mut dyn Iterator<Item = f64>| of.map(|sample| sample * sample).sum::<f64>();
        let beside = side.iter().enumerate().map(|(at, sample)| sample - f64::from(tone(hertz, 48_000, at)));
        10.0 * (power(&mut side.iter().copied()) / power(&mut beside.skip(4800).take(43_200))).log10()
    }

    #[test]
    fn each_side_comes_out_when_and_as_it_went_in() {
        for rate in [8000, 16_000, 48_000] {
            let pages = recorded(rate, 73, true);
            let [left, right] = decoded(&pages);
            assert_eq!((left.len(), right.len()), (73 * 960, 73 * 960), "{rate}");
            let [left, right] = [clearness(&left, 500.0), clearness(&right, 1300.0)];
            println!("{rate} Hz: {left:.1} dB, {right:.1} dB");
            assert!(left > 20.0 && right > 20.0, "{rate} Hz: {left} dB, {right} dB");
        }
    }

    #[test]
    fn pages_say_what_they_are_and_where_they_end() {
        let pages = recorded(8000, 73, true);
        let about: Vec<_> = pages.iter().map(|(position, flags, packets)| (*position, *flags, packets.len())).collect();
        let skip = u64::from(u16::from_le_bytes(pages[0].2[0][10..12].try_into().unwrap()));
        assert_eq!(about, [(0, 2, 1), (0, 0, 1), (48_000, 0, 50), (73 * 960 + skip, 4, 24)]);
        assert_eq!(pages[0].2[0][..10], *b"OpusHead\x01\x02");
        assert_eq!(pages[0].2[0][12..], [0x40, 0x1f, 0, 0, 0, 0, 0]);
        let tags = &pages[1].2[0];
        assert!(tags.starts_with(b"OpusTags") && tags.ends_with(&[0; 4]), "{tags:?}");
    }

    #[test]
    fn what_was_not_finished_plays_up_to_the_last_second() {
        let pages = recorded(16_000, 120, false);
        assert_eq!(
            pages.iter().map(|(_, flags, packets)| (*flags, packets.len())).collect::<Vec<_>>(),
            [(2, 1), (0, 1), (0, 50), (0, 50)]
        );
        let [left, _] = decoded(&pages);
        assert!(clearness(&left, 500.0) > 20.0);
    }

    #[test]
    fn another_rate_than_opus_has_is_an_error() {
        assert!(OpusFile::create(Vec::new(), 44_100, 2).is_err());
    }
}
