use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::sip::headers::{Contact, From, MaxForwards, To, Via};
use crate::sip::{inspect, validate, Method, Transport, Uri};

/// Our own messages after the cases of RFC 4475 and RFC 5118. The name says what becomes of each:
/// `valid-…`; `answer-` and a status for what is well formed and yet refused; the status alone for what is not; `discard-…`
/// for a response that nobody believes; or `unreadable-…`.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sip");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "sip"));
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

fn named(name: &str) -> Message {
    let found = corpus().into_iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("{name} is not there"));
    Message::parse(&found.1).unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

#[test]
fn every_message_of_the_corpus_gets_the_verdict_in_its_name() {
    let corpus = corpus();
    assert!(corpus.len() >= 45, "only {} messages", corpus.len());
    for (name, octets) in corpus {
        let seen = inspect(&octets, &[]);
        let (verdict, rest) = name.split_once('-').unwrap();
        let request = (Some("request"), seen.valid, seen.status);
        let status = |text: &str| Some(text.split('-').next().unwrap().parse().unwrap());
        match verdict {
            "valid" => {
                assert!(
                    seen.valid && seen.roundtrip && seen.status.is_none() && seen.kind.is_some(),
                    "{name}: {seen:?}"
                );
            }
            "answer" => assert!(request == (seen.kind, true, status(rest)) && seen.roundtrip, "{name}: {seen:?}"),
            "discard" => {
                assert_eq!((seen.kind, seen.valid, seen.status), (Some("response"), false, None), "{name}: {seen:?}")
            }
            "unreadable" => assert_eq!((seen.kind, seen.valid, seen.status), (None, false, None), "{name}: {seen:?}"),
            refused => assert_eq!((seen.kind, false, status(refused)), request, "{name}: {seen:?}"),
        }
    }
}

/// Every case of RFC 4475 (section 3) and RFC 5118 (section 4), and the message of ours that shows it.
const CASES: [(&str, &str); 61] = [
    ("4475 3.1.1.1", "valid-tortuous-space"),
    ("4475 3.1.1.2", "answer-501-wide-characters"),
    ("4475 3.1.1.3", "valid-escaped-uri"),
    ("4475 3.1.1.4", "valid-percent-zero"),
    ("4475 3.1.1.5", "answer-501-percent-in-method"),
    ("4475 3.1.1.6", "valid-no-space-before-bracket"),
    ("4475 3.1.1.7", "valid-long-values"),
    ("4475 3.1.1.8", "valid-trailing-octets"),
    ("4475 3.1.1.9", "valid-semicolon-user"),
    ("4475 3.1.1.10", "valid-many-transports"),
    ("4475 3.1.1.11", "valid-multipart-signed"),
    ("4475 3.1.1.12", "valid-response-unicode-reason"),
    ("4475 3.1.1.13", "valid-response-empty-reason"),
    ("4475 3.1.2.1", "400-stray-separators"),
    ("4475 3.1.2.2", "400-length-too-large"),
    ("4475 3.1.2.3", "400-length-negative"),
    ("4475 3.1.2.4", "400-cseq-overflow"),
    ("4475 3.1.2.5", "discard-overflowing-numbers"),
    ("4475 3.1.2.6", "400-open-quote"),
    ("4475 3.1.2.7", "400-bracketed-request-uri"),
    ("4475 3.1.2.8", "400-space-in-request-uri"),
    ("4475 3.1.2.9", "400-two-spaces-in-request-line"),
    ("4475 3.1.2.10", "400-space-after-version"),
    ("4475 3.1.2.11", "400-headers-in-request-uri"),
    ("4475 3.1.2.12", "400-date-in-another-zone"),
    ("4475 3.1.2.13", "400-bare-contact-with-query"),
    ("4475 3.1.2.14", "400-space-in-addr-spec"),
    ("4475 3.1.2.15", "400-unquoted-comma"),
    ("4475 3.1.2.16", "505-version"),
    ("4475 3.1.2.17", "400-method-mismatch"),
    ("4475 3.1.2.18", "501-method-mismatch-unknown"),
    ("4475 3.1.2.19", "discard-big-status"),
    ("4475 3.2.1", "answer-400-branch-is-cookie-alone"),
    ("4475 3.3.1", "400-missing-call-id"),
    ("4475 3.3.2", "416-unknown-scheme"),
    ("4475 3.3.3", "416-beep-scheme"),
    ("4475 3.3.4", "valid-unknown-schemes-in-to"),
    ("4475 3.3.5", "answer-420-unknown-options"),
    ("4475 3.3.6", "answer-415-unknown-content"),
    ("4475 3.3.7", "valid-unknown-authorization"),
    ("4475 3.3.8", "400-repeated-singles"),
    ("4475 3.3.9", "400-length-contradictory"),
    ("4475 3.3.10", "valid-response-broadcast-via"),
    ("4475 3.3.11", "valid-no-hops-left"),
    ("4475 3.3.12", "valid-contact-parameter-of-the-header"),
    ("4475 3.3.13", "valid-contact-parameter-of-the-uri"),
    ("4475 3.3.14", "valid-contact-with-escaped-route"),
    ("4475 3.3.15", "answer-406-unknown-accept"),
    ("4475 3.4.1", "valid-old-invite"),
    ("5118 4.1", "valid-ipv6"),
    ("5118 4.2", "400-ipv6-without-brackets"),
    ("5118 4.3", "valid-ipv6-port-ambiguous"),
    ("5118 4.4", "valid-ipv6-port-unambiguous"),
    ("5118 4.5 with brackets", "valid-ipv6-received-bracketed"),
    ("5118 4.5 without", "valid-ipv6-received-bare"),
    ("5118 4.6", "valid-ipv6-in-sdp"),
    ("5118 4.7", "valid-ipv6-two-families-in-vias"),
    ("5118 4.8", "valid-ipv6-two-families-in-sdp"),
    ("5118 4.9", "valid-ipv6-mapped"),
    ("5118 4.10 wrong", "valid-ipv6-three-colons"),
    ("5118 4.10 right", "valid-ipv6-two-colons"),
];

#[test]
fn every_case_of_rfc_4475_and_rfc_5118_has_its_message() {
    let corpus = corpus();
    let there = |name: &str| corpus.iter().any(|(found, _)| found == name);
    let missing: Vec<_> = CASES.iter().filter(|(_, name)| !there(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let distinct = |which: fn(&(&'static str, &'static str)) -> &'static str| {
        CASES.iter().map(which).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!((distinct(|case| case.0), distinct(|case| case.1)), (49 + 12, 49 + 12));
}

#[test]
fn a_port_within_the_brackets_is_part_of_the_address() {
    let port = |name: &str| match named(name) {
        Message::Request(request) => (request.uri().host().map(ToString::to_string), request.uri().port()),
        Message::Response(_) => panic!("{name}"),
    };
    assert_eq!(port("valid-ipv6-port-ambiguous"), (Some("[2001:db8::10:5070]".into()), None));
    assert_eq!(port("valid-ipv6-port-unambiguous"), (Some("[2001:db8::10]".into()), Some(5070)));
    assert_eq!(port("valid-ipv6-three-colons"), (Some("[2001:db8::c000:201]".into()), None));
}

#[test]
fn the_tortuous_message_means_what_it_says() {
    let message = named("valid-tortuous-space");
    let headers = message.headers();
    let to = headers.typed::<To>().unwrap().unwrap();
    assert_eq!((to.uri.as_str(), to.tag()), ("sip:vivekg@chair-dnrc.example.com", Some("1918181833n")));
    let from = headers.typed::<From>().unwrap().unwrap();
    assert_eq!((from.display.as_deref(), from.tag()), (Some("J Rosenberg \\\""), Some("98asjd8")));
    let vias = headers.typed_all::<Via>().unwrap();
    let branches: Vec<_> = vias.iter().filter_map(Via::branch).collect();
    assert_eq!(branches, ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]);
    assert_eq!(vias.first().and_then(|via| via.transport.known()), Some(Transport::Udp));
    assert_eq!(headers.typed::<MaxForwards>(), Ok(Some(MaxForwards(68))));
    assert_eq!(headers.first("newfangledheader"), Some("newfangled value continued newfangled value"));
    let contact = headers.typed::<Contact>().unwrap().unwrap();
    assert_eq!(contact.display.as_deref(), Some("Quoted string \"\""));
    assert_eq!(contact.params.to_string(), ";newparam=newvalue;secondparam;q=0.33");
    assert_eq!((message.cseq().unwrap().number, &message.body()[..]), (9, &b"hello"[..]));
}

#[test]
fn wide_characters_are_kept() {
    let message = named("answer-501-wide-characters");
    let to = message.headers().typed::<To>().unwrap().unwrap();
    assert_eq!(to.display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    let from = message.headers().typed::<From>().unwrap().unwrap();
    assert_eq!(from.params.unquoted("fromParam''~+*_!.-%").as_deref(), Some("работа"));
}

#[test]
fn a_response_carries_what_it_is_matched_by() {
    let Message::Request(request) = named("valid-tortuous-space") else { panic!("a request") };
    let mut response = Response::to(&request, 486, "Busy\r\nHere");
    let mut to = response.headers().typed::<To>().unwrap().unwrap();
    to.set_tag("t9");
    response.headers_mut().set(HeaderName::TO, &to).unwrap();
    let written = String::from_utf8(response.to_bytes().to_vec()).unwrap();
    assert!(written.starts_with("SIP/2.0 486 Busy  Here\r\n"), "{written}");
    assert!(!written.contains("\r\n ") && !written.contains("\r\n\t"), "folding is never written: {written}");
    let read = Message::parse(written.as_bytes()).unwrap();
    assert_eq!(validate(&read), Ok(()));
    assert_eq!(read.call_id(), Message::from(request.clone()).call_id());
    assert_eq!(read.headers().typed_all::<Via>(), request.headers().typed_all::<Via>());
    assert_eq!(read.headers().typed::<To>().unwrap().unwrap().tag(), Some("t9"));
}

#[test]
fn every_request_of_the_corpus_that_is_valid_can_be_given_a_tag() {
    for (name, octets) in corpus().into_iter().filter(|(name, _)| name.starts_with("valid-")) {
        let Ok(Message::Request(request)) = Message::parse(&octets) else { continue };
        let mut response = Response::to(&request, 200, "OK");
        let mut to = response.headers().typed::<To>().unwrap().unwrap();
        to.set_tag("t9");
        response.headers_mut().set(HeaderName::TO, &to).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let read = Message::parse(&response.to_bytes()).unwrap();
        assert_eq!(read.headers().typed::<To>().unwrap().unwrap().tag(), Some("t9"), "{name}");
    }
}

#[test]
fn a_body_brings_its_headers() {
    let mut request = sample(Method::Message, "192.0.2.1");
    assert!(request.to_bytes().ends_with(b"Content-Length: 0\r\n\r\n"));
    request.set_body("application/sdp", "v=0\r\n").unwrap();
    request.set_body("text/plain", "hello").unwrap();
    assert!(request.to_bytes().ends_with(b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"));
    assert!(request.set_body("text/plain\r\nVia: x", "").is_err());
    request.remove_body();
    assert!(request.to_bytes().ends_with(b"CSeq: 7 MESSAGE\r\nContent-Length: 0\r\n\r\n"));
}

#[test]
fn one_changed_header_leaves_the_other_octets_alone() {
    let (_, octets) = corpus().into_iter().find(|(name, _)| name == "valid-not-utf8").unwrap();
    let mut message = Message::parse(&octets).unwrap();
    message.headers_mut().set(HeaderName::MAX_FORWARDS, 69).unwrap();
    let expected: Vec<u8> = [b"Max-Forwards: 69".as_slice()].concat();
    let written = message.to_bytes();
    assert!(written.windows(expected.len()).any(|w| w == expected));
    assert!(written.windows(4).any(|w| w == b"caf\xe9"));
    assert_eq!(written.len(), octets.len());
}

#[test]
fn datagrams_keep_to_their_length() {
    let head = "OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n";
    let parse = |tail: &str| Message::parse(format!("{head}{tail}").as_bytes());
    assert_eq!(&parse("\r\nall of it").unwrap().body()[..], b"all of it");
    assert_eq!(&parse("l: 3\r\n\r\nall of it").unwrap().body()[..], b"all");
    assert_eq!(&parse("l: 3\r\nl: 003\r\n\r\nall of it").unwrap().body()[..], b"all");
    let truncated = ParseError::BodyTruncated { announced: 10, present: 9 };
    assert_eq!(parse("l: 10\r\n\r\nall of it").err(), Some(truncated));
    assert_eq!(parse("l: x\r\n\r\n").err(), Some(ParseError::ContentLength));
    assert_eq!(parse("l:\r\n\r\n").err(), Some(ParseError::ContentLength));
    assert!(Message::parse_head(format!("{head}l: 10\r\n\r\n").as_bytes()).is_ok());
}

#[test]
fn limits_are_kept() {
    let head = "OPTIONS sip:b@h SIP/2.0\r\n";
    let parse = |text: String| Message::parse(text.as_bytes()).err();
    let many = |count| format!("{head}{}\r\n", "a: b\r\n".repeat(count));
    assert_eq!(parse(many(MAX_HEADERS)), None);
    assert_eq!(parse(many(MAX_HEADERS + 1)), Some(ParseError::TooManyHeaders { limit: MAX_HEADERS }));
    let long = |len| format!("{head}a:{}\r\n\r\n", "b".repeat(len - 4));
    assert_eq!(parse(long(MAX_LINE)), None);
    assert_eq!(parse(long(MAX_LINE + 1)), Some(ParseError::LineTooLong { line: 2, limit: MAX_LINE }));
    let folded = format!("{head}a: b\r\n{}\r\n", format!(" {}\r\n", "c".repeat(97)).repeat(MAX_LINE / 100 + 1));
    assert!(matches!(parse(folded), Some(ParseError::LineTooLong { .. })));
    let body = |len: usize| format!("{head}\r\n{}", "x".repeat(len));
    assert_eq!(parse(body(MAX_BODY)), None);
    let too_long = ParseError::BodyTooLong { len: MAX_BODY + 1, limit: MAX_BODY };
    assert_eq!((too_long.status(), parse(body(MAX_BODY + 1))), (513, Some(too_long)));
    let line = format!("a: {}\r\n", "b".repeat(1000));
    assert_eq!(parse(format!("{head}{}\r\n", line.repeat(66))), Some(ParseError::HeadTooLong { limit: MAX_HEAD }));
}

/// What must hold of any octets: no panic in reading, checking or describing, and what is read is
/// written back as it stood.
fn survives(octets: &[u8]) {
    let seen = inspect(octets, &[]);
    let Ok(message) = Message::parse(octets) else { return };
    assert!(seen.roundtrip, "{:?}", String::from_utf8_lossy(octets));
    if let Message::Request(request) = &message {
        let response = Response::to(request, 400, "Bad Request").to_bytes();
        assert!(Message::parse(&response).is_ok(), "{:?}", String::from_utf8_lossy(&response));
    }
}

#[test]
fn every_truncation_is_survived() {
    for (_, octets) in corpus() {
        // The long message is swept where its structure is, not octet by octet through its filling.
        let step = if octets.len() > 4000 { 97 } else { 1 };
        (0..octets.len()).step_by(step).for_each(|len| survives(&octets[..len]));
    }
}

#[test]
fn every_flipped_octet_is_survived() {
    for (_, mut octets) in corpus().into_iter().filter(|(_, octets)| octets.len() < 4000) {
        for at in 0..octets.len() {
            for mask in [0x01, 0x20, 0x80, 0xff] {
                octets[at] ^= mask;
                survives(&octets);
                octets[at] ^= mask;
            }
        }
    }
}

proptest! {
    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&octets);
        survives(&[b"INVITE sip:b@h SIP/2.0\r\n".as_slice(), &octets].concat());
        survives(&[b"SIP/2.0 200 OK\r\nVia:".as_slice(), &octets, b"\r\n\r\n"].concat());
    }

    #[test]
    fn what_is_pushed_is_read_back(name in "[A-Za-z][A-Za-z0-9-]{1,20}", value in "[^\r\n\0]{0,60}") {
        let mut request = sample(Method::Options, "192.0.2.1");
        request.headers_mut().push(&name, &value).unwrap();
        let read = Message::parse(&request.to_bytes()).unwrap();
        prop_assert_eq!(read.headers().iter().last().map(|(_, v)| v.to_owned()), Some("0".to_owned()));
        prop_assert_eq!(read.headers().len(), request.headers().len() + 1);
        let written = read.headers().iter().nth(request.headers().len() - 1).unwrap().1;
        prop_assert_eq!(written, value.trim_matches([' ', '\t']));
    }
}

/// A request as this agent writes it.
fn sample(method: Method, host: &str) -> Request {
    let mut request = Request::new(method.clone(), Uri::parse(format!("sip:bob@{host}:5062")).unwrap());
    let headers = request.headers_mut();
    let host = crate::sip::Host::parse(host).unwrap();
    headers.push(HeaderName::VIA, Via::new(Transport::Udp, host, Some(5060), "z9hG4bK8f2c")).unwrap();
    headers.push(HeaderName::MAX_FORWARDS, MaxForwards(70)).unwrap();
    headers.push(HeaderName::FROM, "\"Alice, A.\" <sip:alice@192.0.2.7>;tag=71").unwrap();
    headers.push(HeaderName::TO, "<sip:bob@192.0.2.1>").unwrap();
    headers.push(HeaderName::CALL_ID, "b7f1c2").unwrap();
    headers.push(HeaderName::CSEQ, CSeq { number: 7, method }).unwrap();
    request
}

/// `rsip`, written by others, reads what we write. It knows neither IPv6 nor unknown methods, so
/// those are not shown to it.
mod rsip_agrees {
    use rsip::prelude::{HeadersExt, ToTypedHeader, UntypedHeader};

    use super::*;

    const METHODS: [Method; 7] =
        [Method::Ack, Method::Bye, Method::Cancel, Method::Invite, Method::Notify, Method::Options, Method::Subscribe];

    #[test]
    fn on_requests() {
        for method in METHODS {
            let mut ours = sample(method.clone(), "192.0.2.1");
            ours.set_body("text/plain", "two\r\n\r\nparagraphs").unwrap();
            let theirs = rsip::Request::try_from(ours.to_bytes()).unwrap();
            assert_eq!(theirs.method.to_string(), method.to_string());
            assert_eq!(theirs.uri.to_string(), ours.uri().to_string());
            assert_eq!(&theirs.body[..], &ours.body()[..]);
            agrees(&theirs, &Message::from(ours));
        }
    }

    #[test]
    fn on_responses() {
        for (status, reason) in [(100, "Trying"), (200, "OK"), (404, "Not Found"), (488, "Not Acceptable Here")] {
            let ours = Response::to(&sample(Method::Invite, "192.0.2.1"), status, reason);
            let theirs = rsip::Response::try_from(ours.to_bytes()).unwrap();
            assert_eq!(theirs.status_code.code(), status);
            assert_eq!(theirs.body.len(), 0);
            agrees(&theirs, &Message::from(ours));
        }
    }

    fn agrees(theirs: &impl HeadersExt, ours: &Message) {
        let cseq = ours.cseq().unwrap();
        let their_cseq = theirs.cseq_header().unwrap();
        assert_eq!(theirs.call_id_header().unwrap().value(), ours.call_id().unwrap().0);
        assert_eq!(their_cseq.seq().unwrap(), cseq.number);
        assert_eq!(their_cseq.method().unwrap().to_string(), cseq.method.to_string());
        let branch = theirs.via_header().unwrap().typed().unwrap().branch().map(|b| b.value().to_owned());
        let via = ours.headers().typed::<Via>().unwrap().unwrap();
        assert_eq!(branch.as_deref(), via.branch());
        assert_eq!(theirs.headers().iter().count(), ours.headers().len() + usize::from(!ours.headers().has("l")));
    }
}
