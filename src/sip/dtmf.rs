//! Keys of a telephone in INFO (RFC 6086), in the two forms that telephones had before events in RTP: `application/dtmf-relay`, which we write,
//! and `application/dtmf`. No RFC describes either; RFC 6086 section 2 tells of such uses.

use super::Body;
use crate::vocab::Digit;

/// A line for the key and one for how long it is pressed.
pub const RELAY: &str = "application/dtmf-relay";
/// The key alone.
pub const PLAIN: &str = "application/dtmf";

/// Milliseconds that a key of ours is pressed.
const DURATION: u32 = 100;

/// How one key goes.
pub fn write(digit: Digit) -> Body {
    Body::new(RELAY, format!("Signal={}\r\nDuration={DURATION}\r\n", digit.key()).into_bytes())
}

/// What an INFO with such a body tells; `Err` when it has no such body, `Ok(None)` when that names no key, as a flash.
pub fn read(body: &Body) -> Result<Option<Digit>, NoDigits> {
    if let Some(relay) = body.part(RELAY) {
        let text = String::from_utf8_lossy(&relay.bytes);
        let mut fields = text.lines().filter_map(|line| line.split_once('='));
        let signal = fields.find(|(name, _)| name.trim().eq_ignore_ascii_case("signal"));
        return Ok(signal.and_then(|(_, value)| key(value)));
    }
    let plain = body.part(PLAIN).ok_or(NoDigits)?;
    Ok(key(&String::from_utf8_lossy(&plain.bytes)))
}

/// The body is of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDigits;

/// By its name, or by the code of its event, which some write for `*` and `#`.
fn key(text: &str) -> Option<Digit> {
    let text = text.trim();
    let mut keys = text.chars();
    match (keys.next(), keys.next()) {
        (Some(key), None) => Digit::new(key),
        _ => text.parse().ok().and_then(Digit::of_code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str, text: &str) -> Result<Option<char>, NoDigits> {
        read(&Body::new(kind, text.as_bytes().to_vec())).map(|digit| digit.map(Digit::key))
    }

    #[test]
    fn a_key_is_read_in_all_that_telephones_write() {
        for text in ["Signal=5\r\nDuration=160", "signal= 5 \nduration=1", "Duration=160\r\nSignal=5\r\n", "Signal=5"] {
            assert_eq!(told(RELAY, text), Ok(Some('5')), "{text}");
        }
        let others = [("Signal=*", '*'), ("Signal=11", '#'), ("Signal=10", '*'), ("Signal=d", 'D'), ("Signal=0", '0')];
        for (text, key) in others {
            assert_eq!(told(RELAY, text), Ok(Some(key)), "{text}");
        }
        assert_eq!(told("Application/DTMF", "9"), Ok(Some('9')));
        assert_eq!(told("application/dtmf;x=1", "#\r\n"), Ok(Some('#')));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in ["", "Signal=", "Signal=16", "Signal=-1", "Signal=hookflash", "Duration=5", "5", "Signal=\u{665}"] {
            assert_eq!(told(RELAY, text), Ok(None), "{text}");
        }
        assert_eq!(told(PLAIN, ""), Ok(None));
        assert_eq!(told("application/media_control+xml", "<x/>"), Err(NoDigits));
    }

    #[test]
    fn ours_are_read_as_they_were_meant() {
        for key in "0123456789*#ABCD".chars() {
            let digit = Digit::new(key).unwrap();
            assert_eq!(read(&write(digit)), Ok(Some(digit)));
        }
    }
}
