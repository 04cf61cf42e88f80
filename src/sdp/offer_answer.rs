use std::iter;
use std::net::SocketAddr;

use super::attribute::{Attribute, MediaDirection};
use super::comfort_noise;
use super::description::{Connection, Line, MediaDescription, Origin, SessionDescription};
use super::dtls::Keying;
use super::format::{AudioFormat, NumberedFormat};
use super::ice::Ice;
use super::remote::{MediaError, Profile, RemoteAudio};
use super::sv_sa::SvSa;
use super::tcp::{keep_connection, TcpConnection};
use super::telephone_event::TelephoneEvent;

/// What our description says of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ours<'a> {
    /// Our user part; characters that have no place in `o=` become `-`.
    pub username: &'a str,
    pub session_id: u64,
    /// One more for every description that differs from the one before (RFC 3264 section 8).
    pub session_version: u64,
    /// Where we receive media.
    pub address: SocketAddr,
    /// Pauses need not be sent, but how loud they are (RFC 3389).
    pub comfort_noise: bool,
    /// Milliseconds of sound that we would like in each packet.
    pub ptime: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferInput<'a> {
    pub ours: Ours<'a>,
    /// The preferred first; not empty.
    pub formats: &'a [AudioFormat],
    /// One for every device that may answer.
    pub sv_sa: Vec<SvSa>,
    /// Ways to keys for an ordinary telephone, the preferred first.
    pub keying: Keying,
    pub profile: Profile,
    pub ice: Option<Ice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerInput<'a> {
    pub ours: Ours<'a>,
    /// Those that we speak; the answer keeps the offer's order, and its numbers (RFC 3264 section 6.1).
    pub formats: &'a [AudioFormat],
    pub sv_sa: Option<SvSa>,
    /// One of those that were offered, with its tag.
    pub keying: Keying,
    /// Where it was offered.
    pub ice: Option<Ice>,
    /// We hold the call: no sound comes in, whatever is offered.
    pub held: bool,
}

/// Why an answer does not fit its offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("the answer does not say who opens the connection as the offer wants it")]
    Connection,
    #[error("the answer takes a codec that was not offered")]
    Format,
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error("the answer has rtcp-mux and the offer has not")]
    RtcpMux,
    #[error("the answer has other streams than the offer")]
    Streams,
}

/// One audio stream, both ways, RTP and RTCP on one port.
pub fn offer(input: OfferInput) -> SessionDescription {
    let formats: Vec<_> = input.formats.iter().copied().map(NumberedFormat::from).collect();
    let pauses = may_pause(&input.ours, &input.keying);
    let comfort = comfort_noise::beside(&formats).filter(|_| pauses);
    let mut media = audio(&input.ours, &formats, (pauses, comfort), &TelephoneEvent::beside(&formats));
    media.attributes.push(Attribute::flag("rtcp-mux"));
    media.attributes.extend(input.sv_sa.iter().map(SvSa::attribute));
    media.attributes.extend(input.keying.attributes());
    media.protocol = input.profile.name().to_owned();
    let mut offer = session(input.ours, vec![Line { kind: 't', value: "0 0".to_owned() }], vec![media]);
    if let Some(ice) = input.ice {
        ice.write(&mut offer, 0);
    }
    offer
}

/// Joins the first audio stream of `offer` that we can join and rejects every other (RFC 3264 section 6).
pub fn answer(offer: &SessionDescription, input: AnswerInput) -> Result<SessionDescription, MediaError> {
    let theirs = RemoteAudio::of(offer)?;
    let is_ours = |numbered: &NumberedFormat| input.formats.contains(&numbered.format);
    let formats: Vec<_> = theirs.formats.iter().copied().filter(is_ours).collect();
    if formats.is_empty() {
        return Err(MediaError::Codec);
    }
    let pauses = may_pause(&input.ours, &input.keying);
    let comfort = theirs.comfort_noise.filter(|_| pauses);
    let mut joined = audio(&input.ours, &formats, (pauses, comfort), &theirs.events);
    // The answer has the offer's (RFC 3264 section 6).
    joined.protocol = theirs.profile.name().to_owned();
    if theirs.rtcp_mux {
        joined.attributes.push(Attribute::flag("rtcp-mux"));
    }
    let mirrored = theirs.direction.mirror();
    let direction = if input.held { mirrored.held() } else { mirrored };
    if direction != MediaDirection::Sendrecv {
        joined.attributes.push(Attribute::flag(direction.name()));
    }
    joined.attributes.extend(input.sv_sa.iter().map(SvSa::attribute));
    joined.attributes.extend(input.keying.attributes());
    joined.attributes.extend(theirs.connection.iter().flat_map(|connection| connection.answered().attributes()));
    let mut media: Vec<_> = offer.media.iter().map(rejected).collect();
    media.splice(theirs.index..=theirs.index, [joined]);
    // The times of an answer are those of the offer (RFC 3264 section 6).
    let times = offer.other.iter().filter(|line| matches!(line.kind, 't' | 'r' | 'z')).cloned().collect();
    let mut answer = session(input.ours, times, media);
    if let Some(ice) = input.ice {
        ice.write(&mut answer, theirs.index);
    }
    Ok(answer)
}

/// An answer to an offer whose default address is none of its candidates says so (RFC 8839 section 4.2.5).
pub fn note_mismatch(answer: &mut SessionDescription) {
    let index = RemoteAudio::of(answer).ok().map(|audio| audio.index);
    if let Some(media) = index.and_then(|index| answer.media.get_mut(index)) {
        Ice::write_mismatch(media);
    }
}

/// An offer within the session of what `said` described, ours in an offer or an answer: the stream goes another way, and nothing
/// else differs (RFC 3264 section 8). `None` when it joined no stream.
pub fn reoffer(said: &SessionDescription, direction: MediaDirection) -> Option<SessionDescription> {
    let index = RemoteAudio::of(said).ok()?.index;
    let mut offer = said.clone();
    let version = offer.origin.session_version.parse::<u64>().unwrap_or(1);
    offer.origin.session_version = version.wrapping_add(1).to_string();
    let media = offer.media.get_mut(index)?;
    media.attributes.retain(|attribute| MediaDirection::of(std::slice::from_ref(attribute)).is_none());
    Ice::remove_mismatch(media);
    if direction != MediaDirection::Sendrecv {
        media.attributes.push(Attribute::flag(direction.name()));
    }
    keep_connection(&mut offer);
    Some(offer)
}

/// What `said` described, at another place and with other keys; `ice` is what it says for that place. The version is the same: [`reoffer`] counts it. `None` when it joined no
/// stream.
pub fn renewed(
    said: &SessionDescription,
    address: SocketAddr,
    sv_sa: Vec<SvSa>,
    ice: Option<Ice>,
) -> Option<SessionDescription> {
    let index = RemoteAudio::of(said).ok()?.index;
    let mut renewed = said.clone();
    Ice::remove(&mut renewed);
    renewed.connection = Some(Connection::new(address.ip()));
    let media = renewed.media.get_mut(index)?;
    media.port = address.port();
    media.connection = None;
    media.attributes.retain(|attribute| attribute.name != super::sv_sa::NAME);
    media.attributes.extend(sv_sa.iter().map(SvSa::attribute));
    if let Some(ice) = ice {
        ice.write(&mut renewed, index);
    }
    Some(renewed)
}

/// Reads the answer to our own `offer`.
pub fn accepted(offer: &SessionDescription, answer: &SessionDescription) -> Result<RemoteAudio, AnswerError> {
    let fits = |(ours, theirs): (&MediaDescription, &MediaDescription)| {
        ours.kind == theirs.kind && ours.protocol == theirs.protocol
    };
    if offer.media.len() != answer.media.len() || !offer.media.iter().zip(&answer.media).all(fits) {
        return Err(AnswerError::Streams);
    }
    let theirs = RemoteAudio::of(answer)?;
    let ours = offer.media.get(theirs.index).ok_or(AnswerError::Streams)?;
    let offered = NumberedFormat::all_of(ours);
    let was_offered = |taken: &NumberedFormat| offered.iter().any(|offered| offered.format == taken.format);
    if !theirs.formats.iter().all(was_offered) {
        return Err(AnswerError::Format);
    }
    let connections = TcpConnection::of(ours).zip(theirs.connection);
    if connections.is_some_and(|(offered, answered)| !offered.fits(answered)) {
        return Err(AnswerError::Connection);
    }
    if theirs.rtcp_mux && ours.attribute("rtcp-mux").is_none() {
        return Err(AnswerError::RtcpMux);
    }
    Ok(theirs)
}

fn session(ours: Ours, other: Vec<Line>, media: Vec<MediaDescription>) -> SessionDescription {
    let address = Connection::new(ours.address.ip());
    let origin = Origin {
        username: username(ours.username),
        session_id: ours.session_id.to_string(),
        session_version: ours.session_version.to_string(),
        address: address.clone(),
    };
    let connection = Some(address);
    SessionDescription { origin, name: "-".to_owned(), connection, other, attributes: Vec::new(), media }
}

/// RFC 8866 section 5.2: no spaces; `-` where there is no name.
fn username(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).collect()
}

/// Whoever cannot hear SRTP would see who speaks when (RFC 6562 section 4).
fn may_pause(ours: &Ours<'_>, keying: &Keying) -> bool {
    ours.comfort_noise && *keying == Keying::default()
}

fn audio(
    ours: &Ours<'_>,
    formats: &[NumberedFormat],
    (pauses, comfort): (bool, Option<u8>),
    events: &[TelephoneEvent],
) -> MediaDescription {
    let mut attributes: Vec<_> = formats.iter().flat_map(|numbered| lines(numbered, pauses)).collect();
    attributes.extend(comfort.map(comfort_noise::line));
    attributes.extend(events.iter().flat_map(TelephoneEvent::lines));
    let sound = formats.iter().map(|numbered| numbered.payload_type);
    let numbers = sound.chain(comfort).chain(events.iter().map(|event| event.payload_type));
    attributes.push(Attribute::new("ptime", ours.ptime.to_string()));
    MediaDescription {
        kind: "audio".to_owned(),
        port: ours.address.port(),
        port_count: 1,
        protocol: "RTP/AVP".to_owned(),
        formats: numbers.map(|number| number.to_string()).collect(),
        connection: None,
        other: Vec::new(),
        attributes,
    }
}

/// What its number stands for, and what we ask of it: of Opus with pauses that they are not sent (RFC 7587 section 6.1).
fn lines(
    NumberedFormat { format, payload_type, .. }: &NumberedFormat,
    pauses: bool,
) -> impl Iterator<Item = Attribute> {
    let map = Attribute::new("rtpmap", format!("{payload_type} {}", format.encoding()));
    let dtx = if pauses { ";usedtx=1" } else { "" };
    let wishes = Attribute::new("fmtp", format!("{payload_type} useinbandfec=1{dtx}"));
    iter::once(map).chain((*format == AudioFormat::Opus).then_some(wishes))
}

fn rejected(media: &MediaDescription) -> MediaDescription {
    let (kind, protocol, formats) = (media.kind.clone(), media.protocol.clone(), media.formats.clone());
    let (other, attributes) = (Vec::new(), Vec::new());
    MediaDescription { kind, port: 0, port_count: 1, protocol, formats, connection: None, other, attributes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::Device;

    const FORMATS: [AudioFormat; 2] = [AudioFormat::Pcmu, AudioFormat::Pcma];

    fn ours(address: &str) -> Ours<'_> {
        Ours {
            username: "al ice",
            session_id: 7,
            session_version: 1,
            address: address.parse().unwrap(),
            comfort_noise: false,
            ptime: 20,
        }
    }

    fn names(audio: &RemoteAudio) -> Vec<AudioFormat> {
        audio.formats.iter().map(|numbered| numbered.format).collect()
    }

    fn sv_sa(device: &str) -> SvSa {
        SvSa { device: Device::new(device).unwrap(), message: vec![1, 2, 3] }
    }

    fn our_offer() -> SessionDescription {
        offer(OfferInput {
            ours: ours("192.168.1.1:20000"),
            formats: &FORMATS,
            sv_sa: vec![sv_sa("b1"), sv_sa("b2")],
            keying: Keying::default(),
            profile: Profile::Avp,
            ice: None,
        })
    }

    fn our_answer(offer: &SessionDescription) -> Result<SessionDescription, MediaError> {
        let input = AnswerInput {
            ours: ours("[2001:db8::2]:30000"),
            formats: &FORMATS,
            sv_sa: Some(sv_sa("b1")),
            keying: Keying::default(),
            ice: None,
            held: false,
        };
        answer(offer, input)
    }

    fn changed(from: &str, to: &str) -> SessionDescription {
        let text = our_offer().to_string();
        assert!(text.contains(from), "{from}");
        SessionDescription::parse(text.replacen(from, to, 1).as_bytes()).unwrap()
    }

    #[test]
    fn our_offer_is_written_as_ordinary_phones_know_it() {
        assert_eq!(
            our_offer().to_string(),
            "v=0\r\no=al-ice 7 1 IN IP4 192.168.1.1\r\ns=-\r\nc=IN IP4 192.168.1.1\r\nt=0 0\r\n\
             m=audio 20000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp-mux\r\n\
             a=x-sv-sa:1 b1 AQID\r\na=x-sv-sa:1 b2 AQID\r\n"
        );
    }

    #[test]
    fn both_read_what_the_other_means() {
        let offer = our_offer();
        let read = SessionDescription::parse(offer.to_string().as_bytes()).unwrap();
        assert_eq!(read, offer);
        let theirs = RemoteAudio::of(&read).unwrap();
        assert_eq!(theirs.address, "192.168.1.1:20000".parse().unwrap());
        assert_eq!((&names(&theirs)[..], theirs.rtcp_mux, theirs.held()), (&FORMATS[..], true, false));
        assert_eq!((theirs.ptime, &theirs.sv_sa), (Some(20), &vec![sv_sa("b1"), sv_sa("b2")]));
        let answer = our_answer(&read).unwrap();
        let got = accepted(&offer, &answer).unwrap();
        assert_eq!(got.address, "[2001:db8::2]:30000".parse().unwrap());
        assert_eq!((got.rtcp_mux, got.sv_sa), (true, vec![sv_sa("b1")]));
    }

    fn key(tag: u32) -> crate::sdp::Crypto {
        crate::sdp::Crypto { tag, suite: "AES_CM_128_HMAC_SHA1_80".into(), key: vec![tag as u8; 30].into() }
    }

    #[test]
    fn keys_for_srtp_are_offered_and_one_is_answered_by_its_tag() {
        for profile in [Profile::Savp, Profile::Avp] {
            let keys = |tags: &[u32]| Keying { crypto: tags.iter().copied().map(key).collect(), dtls: None };
            let input = OfferInput {
                ours: ours("192.0.2.1:4"),
                formats: &FORMATS,
                sv_sa: vec![],
                keying: keys(&[1, 2]),
                profile,
                ice: None,
            };
            let offer = SessionDescription::parse(offer(input).to_string().as_bytes()).unwrap();
            let theirs = RemoteAudio::of(&offer).unwrap();
            assert_eq!((theirs.keying, theirs.profile), (keys(&[1, 2]), profile));
            let input = AnswerInput {
                ours: ours("192.0.2.2:4"),
                formats: &FORMATS,
                sv_sa: None,
                keying: keys(&[2]),
                ice: None,
                held: false,
            };
            let answer = answer(&offer, input).unwrap();
            assert_eq!(answer.media[0].protocol, profile.name());
            let got = accepted(&offer, &answer).unwrap();
            assert_eq!((got.keying, got.profile), (keys(&[2]), profile));
            let held = reoffer(&answer, MediaDirection::Sendonly).unwrap();
            assert_eq!(RemoteAudio::of(&held).unwrap().keying, keys(&[2]));
        }
    }

    #[test]
    fn what_cannot_be_joined_is_named() {
        for (from, to, error) in [
            ("audio 20000", "audio 0", MediaError::Rejected),
            ("RTP/AVP", "RTP/SAVP", MediaError::Crypto(super::super::CryptoError::Missing)),
            ("RTP/AVP", "RTP/AVPF", MediaError::Protocol),
            ("AVP 0 8", "AVP 3 96", MediaError::Codec),
            ("m=audio", "m=video", MediaError::NoAudio),
            ("c=IN IP4 192.168.1.1", "c=IN IP4 alice.example.com", MediaError::Address),
            ("c=IN IP4 192.168.1.1", "c=IN IP4 224.0.0.1", MediaError::Address),
            ("1 b2 AQID", "1 b1 AQID", MediaError::SvSa(super::super::SvSaError::Repeated)),
            ("1 b2 AQID", "1 b2 A", MediaError::SvSa(super::super::SvSaError::Form)),
        ] {
            assert_eq!(our_answer(&changed(from, to)), Err(error), "{from} -> {to}");
        }
    }

    #[test]
    fn only_the_first_good_stream_is_joined() {
        let offer = changed("m=audio", "m=video 9 RTP/AVP 31\r\nm=audio 5 RTP/SAVP 0\r\nm=audio");
        let answer = our_answer(&offer).unwrap();
        let ports: Vec<_> = answer.media.iter().map(|media| media.port).collect();
        assert_eq!(ports, [0, 0, 30000]);
        assert_eq!(accepted(&offer, &answer).unwrap().index, 2);
    }

    #[test]
    fn hold_is_answered_with_its_mirror() {
        let offer = changed("a=ptime:20", "a=sendonly");
        assert!(RemoteAudio::of(&offer).unwrap().held());
        let answer = our_answer(&offer).unwrap();
        assert_eq!(RemoteAudio::of(&answer).unwrap().direction, MediaDirection::Recvonly);
        let old = changed("c=IN IP4 192.168.1.1", "c=IN IP4 0.0.0.0");
        assert!(RemoteAudio::of(&old).unwrap().held());
    }

    #[test]
    fn who_holds_the_call_takes_no_sound_whatever_is_offered() {
        for (theirs, ours) in [
            ("a=sendrecv", MediaDirection::Sendonly),
            ("a=recvonly", MediaDirection::Sendonly),
            ("a=sendonly", MediaDirection::Inactive),
            ("a=inactive", MediaDirection::Inactive),
        ] {
            let offer = changed("a=ptime:20", theirs);
            let address = self::ours("192.0.2.2:30000");
            let answer = answer(
                &offer,
                AnswerInput {
                    ours: address,
                    formats: &FORMATS,
                    sv_sa: None,
                    keying: Keying::default(),
                    ice: None,
                    held: true,
                },
            );
            assert_eq!(RemoteAudio::of(&answer.unwrap()).unwrap().direction, ours, "{theirs}");
        }
    }

    #[test]
    fn an_offer_within_the_session_differs_in_nothing_but_direction_and_version() {
        let first = our_offer();
        let held = reoffer(&first, MediaDirection::Sendonly).unwrap();
        let text = first.to_string().replace(" 7 1 IN", " 7 2 IN");
        assert_eq!(held.to_string(), text + "a=sendonly\r\n");
        let again = reoffer(&held, MediaDirection::Sendrecv).unwrap();
        assert_eq!(again.to_string(), first.to_string().replace(" 7 1 IN", " 7 3 IN"));
        // An answer of ours that joined the last of three streams keeps all of them.
        let offer = changed("m=audio", "m=video 9 RTP/AVP 31\r\nm=audio 5 RTP/SAVP 0\r\nm=audio");
        let held = reoffer(&our_answer(&offer).unwrap(), MediaDirection::Inactive).unwrap();
        assert_eq!(held.media.iter().map(|media| media.port).collect::<Vec<_>>(), [0, 0, 30000]);
        assert_eq!(RemoteAudio::of(&held).unwrap().direction, MediaDirection::Inactive);
    }

    #[test]
    fn a_payload_type_that_means_something_else_is_not_ours() {
        let offer = changed("PCMU/8000", "G726-32/8000");
        assert_eq!(names(&RemoteAudio::of(&offer).unwrap()), [AudioFormat::Pcma]);
        assert_eq!(names(&RemoteAudio::of(&changed("PCMU/8000", "pcmu/8000/1")).unwrap()), FORMATS);
    }

    #[test]
    fn numbers_of_opus_are_those_of_whoever_describes() {
        let all = OfferInput {
            ours: ours("192.0.2.1:4"),
            formats: &AudioFormat::ALL,
            sv_sa: vec![],
            keying: Keying::default(),
            profile: Profile::Avp,
            ice: None,
        };
        let ours = offer(all.clone());
        let text = ours.to_string();
        let media = "m=audio 4 RTP/AVP 96 9 0 8 97 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:9 G722/8000\r\n";
        assert!(text.contains(media), "{text}");
        let pausing = offer(OfferInput { ours: Ours { comfort_noise: true, ..all.ours }, ..all.clone() }).to_string();
        assert!(pausing.contains("a=fmtp:96 useinbandfec=1;usedtx=1\r\n"), "{pausing}");
        // Another telephone has other numbers, and another order.
        let theirs = text
            .replace("RTP/AVP 96 9 0 8 97", "RTP/AVP 0 111 9 112")
            .replace(":96 ", ":111 ")
            .replace(":97 ", ":112 ");
        let theirs = theirs.replace("useinbandfec=1", "maxaveragebitrate=20000;cbr=1");
        let theirs = SessionDescription::parse(theirs.as_bytes()).unwrap();
        let address = self::ours("192.0.2.2:30000");
        let formats = &[AudioFormat::Opus, AudioFormat::Pcmu][..];
        let input =
            AnswerInput { ours: address, formats, sv_sa: None, keying: Keying::default(), ice: None, held: false };
        let answer = answer(&theirs, input).unwrap();
        assert!(answer.to_string().contains("RTP/AVP 0 111 112 101\r\n"), "{answer}");
        let taken = accepted(&ours, &answer).unwrap();
        assert_eq!(names(&taken), [AudioFormat::Pcmu, AudioFormat::Opus]);
        let opus = RemoteAudio::of(&theirs).unwrap().formats[1];
        assert_eq!((opus.payload_type, opus.opus.constant_rate, opus.opus.fec), (111, true, false));
        assert_eq!(opus.opus.max_bitrate, Some(20_000));
    }

    #[test]
    fn a_dynamic_number_means_nothing_without_its_map() {
        for other in ["RTP/AVP 96", "RTP/AVP 300", "RTP/AVP 0 96\r\na=rtpmap:96 opus/48000/1\r\na=x:96"] {
            let offer = changed("RTP/AVP 0 8", other);
            let known = NumberedFormat::all_of(&offer.media[0]);
            assert!(known.iter().all(|numbered| numbered.format == AudioFormat::Pcmu), "{other}");
        }
    }

    #[test]
    fn a_stream_of_shorter_packets_than_ours_is_not_joined() {
        assert_eq!(our_answer(&changed("a=ptime:20", "a=maxptime:9")), Err(MediaError::Ptime(9)));
        for fits in ["a=maxptime:10", "a=maxptime:20", "a=maxptime:120", "a=maxptime:x"] {
            assert!(our_answer(&changed("a=ptime:20", fits)).is_ok());
        }
    }

    #[test]
    fn an_answer_beyond_the_offer_is_refused() {
        let only_pcma = offer(OfferInput {
            ours: ours("192.0.2.1:4"),
            formats: &FORMATS[1..],
            sv_sa: vec![],
            keying: Keying::default(),
            profile: Profile::Avp,
            ice: None,
        });
        let wide = our_offer();
        assert_eq!(accepted(&only_pcma, &wide), Err(AnswerError::Format));
        assert_eq!(accepted(&changed("a=rtcp-mux", "a=x"), &wide), Err(AnswerError::RtcpMux));
        assert_eq!(accepted(&changed("m=audio", "m=audio 5 RTP/AVP 0\r\nm=audio"), &wide), Err(AnswerError::Streams));
        assert_eq!(accepted(&wide, &changed("audio 20000", "audio 0")), Err(MediaError::Rejected.into()));
    }
}
