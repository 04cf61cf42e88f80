//! What must hold of any octets, one function a kind of input. The fuzzers call them, and `tests/malformed` does with the
//! corpus that the fuzzers found.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sottovoce::dtls::{Handshake, Identity, Role, SEED_LEN};
use sottovoce::sip::digest::{Asked, Challenge, Client, Login};
use sottovoce::sip::{inspect, Framer, HeaderName, Headers, Message, Method, Response, Uri};
use sottovoce::vocab::{Mono, Redacted};
use sottovoce::{policy, presence, sdp};

/// What is read is written back as it stood, and can be answered.
pub fn message(octets: &[u8]) {
    let seen = inspect(octets, &["x-sv-sa"]);
    let Ok(message) = Message::parse(octets) else { return };
    assert!(seen.roundtrip);
    let again = Message::parse(&message.to_bytes()).expect("what was written can be read");
    assert_eq!(again.to_bytes(), message.to_bytes());
    if let Message::Request(request) = &message {
        let response = Response::to(request, 400, "Bad Request").to_bytes();
        Message::parse(&response).expect("an answer can be read");
    }
    for kind in ["application/sdp", "application/pidf+xml"] {
        let kind_of_body = message.headers().first(HeaderName::CONTENT_TYPE).unwrap_or_default();
        let _ = sottovoce::sip::Body::new(kind_of_body, message.body().clone()).part(kind);
    }
}

/// A stream says the same whether it comes whole or octet by octet.
pub fn framing(octets: &[u8]) {
    let frames = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut framer = Framer::accepted();
        let mut frames = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(frame) = framer.next_frame() {
                frames.push(format!("{frame:?}"));
                if frame.is_err() {
                    return frames;
                }
            }
        }
        frames
    };
    assert_eq!(frames(&mut std::iter::once(octets)), frames(&mut octets.chunks(1)));
}

pub fn uri(octets: &[u8]) {
    let Ok(uri) = Uri::parse(octets) else { return };
    assert_eq!(uri.to_string().as_bytes(), octets);
    let mut changed = uri.clone();
    changed.set_param("x", Some("a;b"));
    changed.remove_headers();
    Uri::parse(changed.as_str()).expect("what was changed can be read");
}

pub fn session_description(octets: &[u8]) {
    let _ = sdp::inspect(octets);
    let Ok(read) = sdp::SessionDescription::parse(octets) else { return };
    let text = read.to_string();
    assert_eq!(
        sdp::SessionDescription::parse(text.as_bytes()).expect("what was written can be read").to_string(),
        text
    );
}

/// `a=crypto`, as a line of a stream that is else in order: keys that are read are those that an answer with them has.
pub fn crypto(octets: &[u8]) {
    let head =
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9 RTP/SAVP 0\r\na=crypto:";
    let Ok(offer) = sdp::SessionDescription::parse(&[head, octets, b"\r\n"].concat()) else { return };
    let Ok(audio) = sdp::RemoteAudio::of(&offer) else { return };
    for crypto in audio.keying.crypto {
        let ours = sdp::Ours {
            username: "-",
            session_id: 1,
            session_version: 1,
            address: ([192, 0, 2, 2], 9).into(),
            comfort_noise: true,
            ptime: 20,
        };
        let formats = &[sdp::AudioFormat::Pcmu, sdp::AudioFormat::Pcma];
        let keying = sdp::Keying { crypto: vec![crypto.clone()], dtls: None };
        let input = sdp::AnswerInput { ours, formats, sv_sa: None, keying, ice: None, held: false };
        let answer = sdp::answer(&offer, input).expect("it can be answered").to_string();
        let again = sdp::SessionDescription::parse(answer.as_bytes()).expect("what was written can be read");
        assert!(sdp::RemoteAudio::of(&again).expect("with its stream").keying.crypto == [crypto]);
    }
}

pub fn pidf(octets: &[u8]) {
    let _ = presence::inspect(octets);
    let _ = presence::read(octets);
}

/// A statement that is read is written so that its canonical text stays: the signature covers that.
pub fn statement(octets: &[u8]) {
    let Ok(document) = presence::read(octets) else { return };
    for signed in document.tuples.into_iter().filter_map(|tuple| tuple.signed?.ok()) {
        let written = presence::write(&signed);
        let again = presence::read(&written).expect("what was written can be read");
        let again = again.tuples.into_iter().find_map(|tuple| tuple.signed?.ok()).expect("with its statement");
        assert_eq!(presence::canonical_text(&again.statement), presence::canonical_text(&signed.statement));
        assert_eq!(again.verify().is_ok(), signed.verify().is_ok());
    }
}

pub fn setkey(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let _ = policy::setkey::parse_action(text);
    let Ok(entries) = policy::setkey::parse(text) else { return };
    let written = policy::setkey::write(&entries);
    let again = policy::setkey::parse(&written).expect("what was written can be read");
    assert_eq!(policy::setkey::write(&again), written);
}

/// What a server says stays within its quotes: the answer repeats realm and nonce, and adds no parameter.
pub fn digest_challenge(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let Ok(Some(challenge)) = Challenge::read(text) else { return };
    let mut headers = Headers::default();
    if headers.push(HeaderName::WWW_AUTHENTICATE, text).is_err() {
        return;
    }
    let mut client = Client::default();
    let login = Login { user: "dora".to_owned(), password: Redacted("hush".to_owned()), realm: None };
    if client.challenged(&login, &headers, false).is_err() {
        return;
    }
    let asked = Asked { method: &Method::Register, uri: "sip:example.org", body: b"" };
    for (_, answer) in client.answer(&login, &asked, "cnonce") {
        let read = Challenge::read(&answer.to_string()).expect("an answer has the form of a challenge");
        let read = read.expect("of the same kind");
        let plain = |text: &str| text.replace(['\r', '\n', '\0'], " ");
        assert_eq!((read.realm, read.nonce), (plain(&challenge.realm), plain(&challenge.nonce)));
    }
}

/// What anybody sends to the media port while keys are made there: as a datagram, and as a record and as each of the first messages within one.
/// It makes no keys, whatever it is, for whoever has no certificate that was named.
pub fn handshake(octets: &[u8]) {
    static IDENTITY: OnceLock<Arc<Identity>> = OnceLock::new();
    let ours = IDENTITY.get_or_init(|| Arc::new(sottovoce::io::dtls_identity().expect("a key")));
    let now = Mono(Duration::from_secs(1));
    for role in [Role::Client, Role::Server] {
        let mut side = Handshake::new(role, ours.clone(), vec![ours.fingerprint().clone()], &[7; SEED_LEN], now);
        side.handle_datagram(now, octets);
        for kind in [20, 21, 22] {
            side.handle_datagram(now, &record(kind, octets));
        }
        for (sequence, kind) in
            (0u8..4).flat_map(|sequence| [1, 2, 3, 11, 12, 13, 14, 15, 16].map(|kind| (sequence, kind)))
        {
            side.handle_datagram(now, &record(22, &message_of_handshake(kind, sequence, octets)));
        }
        side.handle_timeout(now + Duration::from_secs(60));
        assert!(matches!(side.take_result(), Some(Err(_))), "it is given up, and there are no keys");
    }
}

/// In clear, of epoch zero (RFC 6347 section 4.1).
fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u16).to_be_bytes();
    [&[kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1], &len[..], body].concat()
}

/// In one piece (RFC 6347 section 4.2.2).
fn message_of_handshake(kind: u8, sequence: u8, body: &[u8]) -> Vec<u8> {
    let len = &(body.len() as u32).to_be_bytes()[1..];
    [&[kind], len, &[0, sequence, 0, 0, 0], len, body].concat()
}
