//! That noise is made in pauses (RFC 3389 section 4), under which number.

use super::attribute::Attribute;
use super::description::MediaDescription;
use super::format::{encoding_of, payload_types, NumberedFormat};

/// Its static payload type, for sound with a clock of 8000 Hz (RFC 3551 section 6).
const PAYLOAD_TYPE: u8 = 13;

const ENCODING: &str = "CN/8000";

/// What an offer has beside these codecs: Opus has pauses of its own (RFC 7587 section 3.1.3).
pub(super) fn beside(formats: &[NumberedFormat]) -> Option<u8> {
    formats.iter().any(|numbered| numbered.format.clock() == 8000).then_some(PAYLOAD_TYPE)
}

pub(super) fn of(media: &MediaDescription) -> Option<u8> {
    payload_types(media).find(|number| match encoding_of(media, *number) {
        Some(encoding) => encoding.strip_suffix("/1").unwrap_or(encoding).eq_ignore_ascii_case(ENCODING),
        None => *number == PAYLOAD_TYPE,
    })
}

pub(super) fn line(payload_type: u8) -> Attribute {
    Attribute::new("rtpmap", format!("{payload_type} {ENCODING}"))
}

#[cfg(test)]
mod tests {
    use crate::sdp::SessionDescription;

    #[test]
    fn it_is_known_by_its_number_or_its_name() {
        let of = |numbers: &str, more: &str| {
            let head = "v=0\r\no=p 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
            let text = format!("{head}m=audio 6000 RTP/AVP {numbers}\r\n{more}");
            super::of(&SessionDescription::parse(text.as_bytes()).unwrap().media[0])
        };
        assert_eq!((of("0 13", ""), of("0 8", "")), (Some(13), None));
        assert_eq!(of("0 98", "a=rtpmap:98 cn/8000\r\n"), Some(98));
        assert_eq!(of("0 13", "a=rtpmap:13 telephone-event/8000\r\n"), None);
        assert_eq!(of("0 98", "a=rtpmap:98 CN/16000\r\n"), None);
    }
}
