use std::ops::RangeInclusive;
use std::time::Duration;

use super::attribute::Attribute;
use super::description::{MediaDescription, SessionDescription};

/// What a description says for ICE (RFC 8839 section 5).
#[derive(Clone, PartialEq, Eq)]
pub struct Ice {
    /// `a=ice-ufrag`.
    pub user: String,
    /// `a=ice-pwd`: whoever knows it can take part in the checks.
    pub password: String,
    /// `a=ice-lite`: it answers checks and makes none.
    pub lite: bool,
    /// `a=ice-pacing`: no check follows another sooner.
    pub pacing: Duration,
    /// What follows `a=candidate:`, as it came.
    pub candidates: Vec<String>,
}

const USER: &str = "ice-ufrag";
const PASSWORD: &str = "ice-pwd";
const LITE: &str = "ice-lite";
const PACING: &str = "ice-pacing";
const CANDIDATE: &str = "candidate";
const MISMATCH: &str = "ice-mismatch";
const NAMES: [&str; 6] = [USER, PASSWORD, LITE, PACING, CANDIDATE, MISMATCH];
/// Where it is not said (RFC 8839 section 5.5).
const PACE: Duration = Duration::from_millis(50);
/// Candidates of one stream that are read; those that follow are passed over.
const MAX: usize = 16;
const MAX_LEN: usize = 256;
/// RFC 8839 section 5.4 allows 256; a name of a check is both sides' (RFC 8445 section 7.2.2), and the crate has room for 128 octets of it. Whoever
/// has a longer one has no ICE with us.
const USER_LEN: RangeInclusive<usize> = 4..=MAX_USER;
/// With ours, which has 8 characters or fewer, and a colon.
pub const MAX_USER: usize = 119;
const PASSWORD_LEN: RangeInclusive<usize> = 22..=256;

impl Ice {
    /// Says it in a description, of one of its streams.
    pub(super) fn write(&self, sdp: &mut SessionDescription, stream: usize) {
        let own = [Attribute::new(USER, &self.user), Attribute::new(PASSWORD, &self.password)];
        let candidates = self.candidates.iter().map(|candidate| Attribute::new(CANDIDATE, candidate));
        if let Some(media) = sdp.media.get_mut(stream) {
            media.attributes.extend(own.into_iter().chain(candidates));
            sdp.attributes.push(Attribute::new(PACING, self.pacing.as_millis().to_string()));
        }
    }

    /// Says in an answer that the stream's default address is none of the candidates that were offered (RFC 8839 sections 4.2.5 and 5.3).
    pub(super) fn write_mismatch(media: &mut MediaDescription) {
        media.attributes.push(Attribute::flag(MISMATCH));
    }

    /// It stands in answers only.
    pub(super) fn remove_mismatch(media: &mut MediaDescription) {
        media.attributes.retain(|attribute| attribute.name != MISMATCH);
    }

    /// `None` without ICE, or where it is not written as RFC 8839 has it: then media goes where `c=` and `m=` say.
    pub(super) fn of(sdp: &SessionDescription, media: &MediaDescription) -> Option<Self> {
        let value = |name: &str| {
            let whole = || sdp.attributes.iter().find(|attribute| attribute.name == name);
            media.attribute(name).or_else(whole)?.value.clone()
        };
        let (user, password) = (value(USER)?, value(PASSWORD)?);
        let fits =
            |text: &str, lengths: RangeInclusive<usize>| lengths.contains(&text.len()) && text.bytes().all(is_ice_char);
        let lite = sdp.attributes.iter().any(|attribute| attribute.name == LITE);
        let candidates = media.attributes.iter().filter(|attribute| attribute.name == CANDIDATE);
        let candidates = candidates.filter_map(|attribute| attribute.value.clone());
        let candidates: Vec<String> = candidates.filter(|text| text.len() <= MAX_LEN).take(MAX).collect();
        let is_whole = fits(&user, USER_LEN) && fits(&password, PASSWORD_LEN) && !candidates.is_empty();
        is_whole.then_some(Self { user, password, lite, pacing: pacing(sdp), candidates })
    }

    /// Takes out of a description what it says for ICE.
    pub(super) fn remove(sdp: &mut SessionDescription) {
        let is_other = |attribute: &Attribute| !NAMES.contains(&attribute.name.as_str());
        sdp.attributes.retain(is_other);
        sdp.media.iter_mut().for_each(|media| media.attributes.retain(is_other));
    }

    /// The same peer's checks go on: the other has not begun anew (RFC 8839 section 4.4.1.1.1).
    pub fn is_same_session(&self, other: &Self) -> bool {
        (&self.user, &self.password) == (&other.user, &other.password)
    }
}

/// One to ten digits of milliseconds (RFC 8839 section 5.5).
fn pacing(sdp: &SessionDescription) -> Duration {
    let said = sdp.attributes.iter().find(|attribute| attribute.name == PACING);
    let digits = said.and_then(|attribute| attribute.value.as_deref());
    let digits = digits.filter(|text| text.len() <= 10 && text.bytes().all(|octet| octet.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).map_or(PACE, Duration::from_millis)
}

/// `ice-char` of RFC 8839 section 5.4.
fn is_ice_char(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/')
}

/// Never the password.
impl std::fmt::Debug for Ice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ice({}{} {:?})", self.user, if self.lite { " lite" } else { "" }, self.candidates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8839 section 4.1 (the example of appendix A.1 has the same form).
    const BODY: &str =
        "v=0\r\no=jdoe 2890844526 2890842807 IN IP4 203.0.113.141\r\ns=\r\nc=IN IP4 192.0.2.3\r\nt=0 0\r\n\
        m=audio 45664 RTP/AVP 0\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=ice-ufrag:8hhY\r\n\
        a=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host\r\n\
        a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998\r\n";

    fn read(text: &str) -> Option<Ice> {
        let sdp = SessionDescription::parse(text.replace("s=\r\n", "s=-\r\n").as_bytes()).unwrap();
        Ice::of(&sdp, &sdp.media[0])
    }

    #[test]
    fn it_is_read_as_it_is_written_and_taken_out_whole() {
        let ice = read(BODY).unwrap();
        assert_eq!((ice.user.as_str(), ice.password.as_str(), ice.lite), ("8hhY", "asd88fgpdd777uzjYhagZg", false));
        assert_eq!(ice.candidates.len(), 2);
        let mut sdp = SessionDescription::parse(BODY.replace("s=\r\n", "s=-\r\n").as_bytes()).unwrap();
        Ice::remove(&mut sdp);
        assert!(!sdp.to_string().contains("ice-") && !sdp.to_string().contains("candidate"), "{sdp}");
        ice.write(&mut sdp, 0);
        assert_eq!(Ice::of(&sdp, &sdp.media[0]), Some(ice.clone()));
        assert!(!format!("{ice:?}").contains("asd88"));
    }

    #[test]
    fn the_session_may_say_it_for_all_and_lite_is_seen() {
        let above = BODY.replace("a=ice-pwd:asd88fgpdd777uzjYhagZg\r\n", "");
        let above = above.replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n");
        assert!(read(&above).unwrap().lite);
    }

    /// RFC 8839 section 5.5.
    #[test]
    fn the_pace_is_what_the_session_says_or_fifty_milliseconds() {
        for (said, millis) in [
            ("", 50),
            ("a=ice-pacing:20\r\n", 20),
            ("a=ice-pacing:9999999999\r\n", 9_999_999_999),
            ("a=ice-pacing:10000000000\r\n", 50),
            ("a=ice-pacing:+5\r\n", 50),
            ("a=ice-pacing:\r\n", 50),
            ("a=ice-pacing\r\n", 50),
        ] {
            let ice = read(&BODY.replace("t=0 0\r\n", &format!("t=0 0\r\n{said}"))).unwrap();
            assert_eq!(ice.pacing, Duration::from_millis(millis), "{said}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_no_ice() {
        for (from, to) in [
            ("ice-ufrag:8hhY", "ice-ufrag:8hh"),
            ("ice-ufrag:8hhY", "ice-ufrag:8hh "),
            ("a=ice-ufrag:8hhY\r\n", ""),
            ("asd88fgpdd777uzjYhagZg", "asd88fgpdd777uzjYhagZ"),
            ("asd88fgpdd777uzjYhagZg", "asd88fgpdd777uzjYhag:g"),
            ("a=candidate", "a=candidates"),
        ] {
            assert_eq!(read(&BODY.replace(from, to)), None, "{to}");
        }
        let named = |len: usize| read(&BODY.replace("8hhY", &"8".repeat(len)));
        assert!(
            named(MAX_USER).is_some() && named(MAX_USER + 1).is_none(),
            "a check that names both has room for no more"
        );
        let many = format!("{BODY}{}", "a=candidate:3 1 UDP 1 192.0.2.3 1 typ host\r\n".repeat(40));
        assert_eq!(read(&many).unwrap().candidates.len(), MAX);
    }
}
