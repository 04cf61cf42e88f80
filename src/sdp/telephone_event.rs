use super::attribute::Attribute;
use super::description::MediaDescription;
use super::format::{encoding_of, parameters_of, payload_types, NumberedFormat};

/// That keys of a telephone are taken as RTP events (RFC 4733 section 7.1.1), under which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    pub payload_type: u8,
    /// Ticks a second of its timestamps and durations: those of the codecs beside it (RFC 7587 section 4.1 for Opus).
    pub clock: u32,
    /// Which of the events 0 to 15 are taken, bit by bit.
    events: u16,
}

const NAME: &str = "telephone-event";

/// The keys, 0 to 9, `*`, `#` and A to D. Without a list that is what is meant (RFC 4733 section 2.4.1).
const ALL: u16 = u16::MAX;

impl TelephoneEvent {
    /// What our offers have beside codecs with these clocks.
    pub(super) fn beside(formats: &[NumberedFormat]) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for clock in formats.iter().map(|numbered| numbered.format.clock()) {
            if found.iter().all(|known| known.clock != clock) {
                let payload_type = if clock == 8000 { 101 } else { 97 };
                found.push(Self { payload_type, clock, events: ALL });
            }
        }
        found
    }

    /// Those of a stream, in its order.
    pub(super) fn all_of(media: &MediaDescription) -> Vec<Self> {
        payload_types(media).filter_map(|payload_type| Self::read(media, payload_type)).take(MOST).collect()
    }

    fn read(media: &MediaDescription, payload_type: u8) -> Option<Self> {
        let encoding = encoding_of(media, payload_type)?;
        let (name, clock) = encoding.split_once('/')?;
        let clock = clock.strip_suffix("/1").unwrap_or(clock).parse().ok().filter(|clock| *clock > 0)?;
        let events = parameters_of(media, payload_type).map_or(ALL, events);
        name.eq_ignore_ascii_case(NAME).then_some(Self { payload_type, clock, events })
    }

    /// Whether it takes this event.
    pub fn takes(&self, code: u8) -> bool {
        code < 16 && self.events >> code & 1 == 1
    }

    pub(super) fn lines(&self) -> [Attribute; 2] {
        let Self { payload_type, clock, .. } = self;
        let map = Attribute::new("rtpmap", format!("{payload_type} {NAME}/{clock}"));
        [map, Attribute::new("fmtp", format!("{payload_type} 0-15"))]
    }
}

/// Of one stream; nobody has more clocks.
const MOST: usize = 8;

/// `0-15,66,70`; what is not understood is passed over.
fn events(list: &str) -> u16 {
    let list = list.trim();
    let list = list.strip_prefix("events=").unwrap_or(list);
    let range = |item: &str| {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        Some((0u8..16).filter(|code| (first..=last).contains(code)).fold(0, |events, code| events | 1 << code))
    };
    list.split(',').filter_map(range).fold(0, |all: u16, some: u16| all | some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::SessionDescription;

    fn of(lines: &str) -> Vec<TelephoneEvent> {
        let text = format!(
            "v=0\r\no=p 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 101 97\r\n{lines}"
        );
        TelephoneEvent::all_of(&SessionDescription::parse(text.as_bytes()).unwrap().media[0])
    }

    #[test]
    fn events_are_read_with_their_clock_and_their_list() {
        assert_eq!(of(""), []);
        let found =
            of("a=rtpmap:101 Telephone-Event/8000\r\na=rtpmap:97 telephone-event/48000/1\r\na=fmtp:97 0-11,66\r\n");
        let seen: Vec<_> = found.iter().map(|event| (event.payload_type, event.clock, event.events)).collect();
        assert_eq!(seen, [(101, 8000, 0xffff), (97, 48_000, 0x0fff)]);
        assert!(found[0].takes(15) && found[1].takes(11) && !found[1].takes(12) && !found[0].takes(16));
        assert_eq!(of("a=rtpmap:101 telephone-event/0\r\na=rtpmap:97 telephone-event\r\n"), []);
    }

    #[test]
    fn a_list_that_is_nonsense_takes_nothing_of_it() {
        for (list, taken) in [
            ("", 0),
            ("3", 8),
            ("0,2-3", 13),
            ("15-0", 0),
            ("a-b,1", 2),
            ("0-255", 0xffff),
            ("-5,300", 0),
            ("events=1", 2),
        ] {
            assert_eq!(events(list), taken, "{list}");
        }
    }
}
