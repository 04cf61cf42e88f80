use super::comfort::{Pause, Pauses};
use super::discretion::Discretion;
use super::{Codec, Encoder, Formats, Tuning, MAX_FRAME};

/// What a packet of ours is to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Payload<'a> {
    /// Nobody speaks, and the room is that loud, in dB below the most (RFC 3389).
    Comfort(u8),
    /// Nothing is sent in its place.
    Nothing,
    Sound(&'a [u8]),
}

/// From frames of sound to payloads, each of as much sound as the peer wants in a packet. Allocates only at its beginning.
pub(super) struct Packetizer {
    encoder: Encoder,
    discretion: Discretion,
    /// Where pauses are not sent.
    pauses: Option<Pauses>,
    /// The encoder itself finds pauses.
    finds_pauses: bool,
    /// It has found one, and that was told.
    found_one: bool,
    /// What was found of the sound that waits, and of its last frame alone.
    found: Pause,
    latest: Pause,
    /// Samples of one packet.
    packet: usize,
    /// Those that wait until there are enough of them.
    sound: Box<[i16]>,
    waiting: usize,
    /// Room for one payload.
    encoded: Box<[u8]>,
}

impl Packetizer {
    pub(super) fn new(formats: &Formats, discretion: Discretion) -> Self {
        let codec = formats.send.1;
        let packet = codec.rate() as usize * usize::from(formats.packet_time) / 1000;
        let pauses = formats.tuning.pauses && discretion.tells_pauses;
        let tuning = Tuning { constant_rate: discretion.constant_rate, pauses, ..formats.tuning };
        Self {
            encoder: Encoder::tuned(codec, tuning),
            discretion,
            pauses: formats.comfort.filter(|_| discretion.tells_pauses).map(|_| Pauses::new()),
            finds_pauses: pauses && codec == Codec::Opus,
            found_one: false,
            found: Pause::Kept,
            latest: Pause::Kept,
            packet,
            sound: vec![0; packet + MAX_FRAME].into_boxed_slice(),
            waiting: 0,
            encoded: vec![0; codec.max_payload(formats.packet_time)].into_boxed_slice(),
        }
    }

    pub(super) fn codec(&self) -> Codec {
        self.encoder.codec()
    }

    pub(super) fn discretion(&self) -> Discretion {
        self.discretion
    }

    /// Nobody speaks just now, and that was told.
    pub(super) fn is_pause(&self) -> bool {
        self.found_one || self.pauses.as_ref().is_some_and(Pauses::is_pause)
    }

    /// The peer reports so many lost parts of a thousand.
    pub(super) fn note_loss(&mut self, lost: u16) {
        self.encoder.note_loss(lost);
    }

    /// One frame more.
    pub(super) fn add(&mut self, frame: &[i16]) {
        let found = self.pauses.as_mut().map_or(Pause::No, |pauses| pauses.judge(frame));
        self.append(frame, found);
    }

    /// One more that is silent, and no pause of who speaks.
    pub(super) fn add_silence(&mut self) {
        self.append(&[0; MAX_FRAME], Pause::No);
    }

    /// What there is no room for is left out: whoever adds takes all that is whole.
    fn append(&mut self, frame: &[i16], found: Pause) {
        let room = self.sound.get_mut(self.waiting..).unwrap_or_default();
        let samples = frame.iter().take(self.encoder.codec().frame_len());
        self.waiting += room.iter_mut().zip(samples).map(|(to, from)| *to = *from).count();
        (self.found, self.latest) = (self.found.max(found), found);
    }

    /// A packet is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.waiting >= self.packet
    }

    /// The next packet, which has to be whole, and how many ticks of RTP it lasts.
    pub(super) fn take(&mut self) -> (Payload<'_>, u32) {
        let ticks = self.ticks(self.packet);
        let sound = self.sound.get(..self.packet).unwrap_or_default();
        let found = self.found;
        let mut len = if found == Pause::No { self.encoder.encode(sound, &mut self.encoded) } else { 0 };
        // Its first octet alone says so: without it the peer could not tell before the next packet comes that what is missing is not lost.
        let found_one = self.finds_pauses && found == Pause::No && len == 0;
        if found_one && !self.found_one {
            len = 1;
        }
        self.found_one = found_one;
        self.sound.copy_within(self.packet.min(self.waiting)..self.waiting, 0);
        self.waiting = self.waiting.saturating_sub(self.packet);
        // What it was told of is told.
        self.found = if self.waiting > 0 && self.latest == Pause::No { Pause::No } else { Pause::Kept };
        let payload = match (found, self.encoded.get(..len).unwrap_or_default()) {
            (Pause::Told(level), _) => Payload::Comfort(level),
            (Pause::Kept, _) | (_, []) => Payload::Nothing,
            (Pause::No, encoded) => Payload::Sound(encoded),
        };
        (payload, ticks)
    }

    /// What waits is not sent; how many ticks of RTP it lasts.
    pub(super) fn clear(&mut self) -> u32 {
        let ticks = self.ticks(self.waiting);
        (self.waiting, self.found) = (0, Pause::Kept);
        ticks
    }

    fn ticks(&self, samples: usize) -> u32 {
        let codec = self.encoder.codec();
        (samples as u64 * u64::from(codec.clock()) / u64::from(codec.rate())) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Bundle;

    fn packetizer(codec: Codec, packet_time: u16) -> Packetizer {
        let formats = Formats { packet_time, ..Formats::only(codec) };
        Packetizer::new(&formats, Discretion::of(&formats, Bundle::NONE, false))
    }

    #[test]
    fn as_much_is_in_each_packet_as_was_asked_for_and_nothing_is_lost_between_them() {
        for codec in Codec::ALL {
            // Of Opus there is none of 30.
            for time in [10u16, 20, 30, 40, 60].into_iter().filter(|time| codec != Codec::Opus || *time != 30) {
                let mut packetizer = packetizer(codec, time);
                let (mut ticks, mut packets, mut most) = (0, 0, 0);
                for _ in 0..30 {
                    packetizer.add(&[500; MAX_FRAME]);
                    while packetizer.is_whole() {
                        let (payload, lasts) = packetizer.take();
                        let Payload::Sound(octets) = payload else { panic!("{codec:?} {time}: {payload:?}") };
                        most = most.max(octets.len());
                        (ticks, packets) = (ticks + lasts, packets + 1);
                    }
                }
                assert_eq!(packets, 600 / u32::from(time), "{codec:?} {time}");
                assert_eq!(ticks, codec.clock() * 600 / 1000, "{codec:?} {time}");
                assert!(codec == Codec::Opus || most == 8 * usize::from(time), "{codec:?} {time}: {most}");
                assert_eq!(packetizer.clear(), 0);
            }
        }
    }

    #[test]
    fn the_samples_of_a_packet_are_those_of_its_frames_in_their_order() {
        let mut packetizer = packetizer(Codec::Pcma, 30);
        let mut all = Vec::new();
        for n in 0..6i16 {
            let frame: Vec<i16> = (0..160).map(|k| (n * 160 + k) * 30).collect();
            packetizer.add(&frame);
            while packetizer.is_whole() {
                let (Payload::Sound(octets), _) = packetizer.take() else { panic!("it is sound") };
                all.extend_from_slice(octets);
            }
        }
        let mut whole = vec![0; 960];
        let sound: Vec<i16> = (0..960).map(|n| n * 30).collect();
        Encoder::new(Codec::Pcma).encode(&sound, &mut whole);
        assert_eq!(all, whole);
    }

    #[test]
    fn what_is_cleared_is_not_sent_and_its_time_is_known() {
        let mut packetizer = packetizer(Codec::G722, 60);
        packetizer.add(&[1; 320]);
        packetizer.add(&[1; 320]);
        assert!(!packetizer.is_whole());
        assert_eq!((packetizer.clear(), packetizer.clear()), (320, 0));
    }
}
