//! Bodies of several parts (RFC 2046 section 5.1, RFC 5621).

use bytes::Bytes;

use super::headers::{ContentType, HeaderName, MediaType};
use super::message::read_part_headers;
use super::Body;

/// Parts of one body that are read; what follows is passed over.
const MAX_PARTS: usize = 16;

/// Multiparts within multiparts that are opened.
const MAX_DEPTH: usize = 3;

/// Longest boundary, in octets (RFC 2046 section 5.1.1).
const MAX_BOUNDARY: usize = 70;

impl Body {
    /// Whether it is of this media type, whatever the parameters.
    pub fn is(&self, essence: &str) -> bool {
        MediaType::read(&self.content_type).is_ok_and(|kind| kind.is(essence))
    }

    /// The first part of this media type: the body itself, or one within a multipart. Parts whose transfer encoding is not
    /// that of SIP, 8bit or binary (RFC 3261 section 7.4.1), are passed over.
    pub fn part(&self, essence: &str) -> Option<Body> {
        part(self, essence, MAX_DEPTH)
    }
}

fn part(body: &Body, essence: &str, depth: usize) -> Option<Body> {
    if body.is(essence) {
        return Some(body.clone());
    }
    let deeper = depth.checked_sub(1)?;
    parts(body).into_iter().find_map(|inner| part(&inner, essence, deeper))
}

/// The parts of a multipart; none when it is none, or its boundary cannot be used.
fn parts(body: &Body) -> Vec<Body> {
    let kind = MediaType::read(&body.content_type).ok().filter(|kind| kind.kind == "multipart");
    let boundary = kind.and_then(|kind| kind.params.unquoted("boundary"));
    let usable = |boundary: &String| (1..=MAX_BOUNDARY).contains(&boundary.len());
    let Some(boundary) = boundary.filter(usable) else { return Vec::new() };
    let found = cut(&body.bytes, format!("--{boundary}").as_bytes());
    found.into_iter().filter_map(|part| read(&part)).collect()
}

/// What stands between the delimiter lines. The line end before a delimiter belongs to it.
fn cut(octets: &Bytes, delimiter: &[u8]) -> Vec<Bytes> {
    let mut parts = Vec::new();
    let mut begin = None;
    let mut at = 0;
    while let Some(found) = find(octets, delimiter, at) {
        let after = found + delimiter.len();
        if let Some(begin) = begin {
            parts.push(octets.slice(begin..found.saturating_sub(2).max(begin)));
        }
        let tail = octets.get(after..).unwrap_or(&[]);
        if tail.starts_with(b"--") || parts.len() == MAX_PARTS {
            return parts;
        }
        let line = tail.windows(2).position(|end| end == b"\r\n").map_or(tail.len(), |end| end + 2);
        at = after + line;
        begin = Some(at);
    }
    // Without the last delimiter the last part may have lost its end.
    parts
}

/// The next line that begins with the delimiter and holds nothing else than white space, or the two hyphens of the end.
fn find(octets: &[u8], delimiter: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = octets.get(at..)?;
        let found = at + rest.windows(delimiter.len()).position(|window| window == delimiter)?;
        let starts = found == 0 || octets.get(found.wrapping_sub(2)..found) == Some(b"\r\n");
        let tail = octets.get(found + delimiter.len()..).unwrap_or(&[]);
        let line = tail.split(|octet| *octet == b'\r').next().unwrap_or(&[]);
        let line = line.strip_prefix(b"--").unwrap_or(line);
        if starts && line.iter().all(|octet| matches!(octet, b' ' | b'\t')) {
            return Some(found);
        }
        at = found + 1;
    }
}

/// A part without Content-Type is plain text (RFC 2046 section 5.1).
fn read(part: &Bytes) -> Option<Body> {
    let (headers, content) = read_part_headers(part).ok()?;
    let encoding = headers.first("Content-Transfer-Encoding").unwrap_or("binary");
    let plain = ["7bit", "8bit", "binary"].iter().any(|known| known.eq_ignore_ascii_case(encoding));
    let kind = headers.typed::<ContentType>().ok()?;
    let content_type = match kind {
        Some(_) => headers.first(HeaderName::CONTENT_TYPE)?.to_owned(),
        None => "text/plain".to_owned(),
    };
    plain.then(|| Body::new(content_type, part.slice(content..)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SDP: &str = "application/sdp";

    fn mixed(text: &str) -> Body {
        Body::new("multipart/mixed;boundary=\"b;1\"", text.to_owned())
    }

    #[test]
    fn a_part_is_found_by_its_type() {
        let text = "preamble --b;1\r\n--b;1  \r\n\r\nplain\r\n--b;1\r\nContent-Type: Application/SDP;x=1\r\n\
            Content-Disposition: session\r\n\r\nv=0\r\no=--b;1\r\n--b;12\r\n\r\n--b;1--\r\nepilogue\r\n--b;1\r\nc: application/pidf+xml\r\n\r\n<p/>";
        let found = mixed(text).part(SDP).unwrap();
        assert_eq!(
            (found.content_type.as_str(), &found.bytes[..]),
            ("Application/SDP;x=1", &b"v=0\r\no=--b;1\r\n--b;12\r\n"[..])
        );
        assert_eq!(mixed(text).part("text/plain").unwrap().bytes, "plain");
        assert_eq!(mixed(text).part("application/pidf+xml"), None, "behind the end nothing is read");
        let alone = Body::new("application/sdp ; charset=x", "v=0");
        assert_eq!(alone.part(SDP), Some(alone.clone()));
        assert_eq!(Body::new("application/sdpx", "v=0").part(SDP), None);
    }

    #[test]
    fn parts_within_parts_are_opened_so_deep_and_no_deeper() {
        let wrap = |body: &Body, number: usize| {
            let head = format!("--x{number}\r\nContent-Type: {}\r\n\r\n", body.content_type);
            let octets = [head.as_bytes(), &body.bytes, format!("\r\n--x{number}--").as_bytes()].concat();
            Body::new(format!("multipart/alternative;boundary=x{number}"), octets)
        };
        let mut body = Body::new(SDP, "v=0");
        for number in 0..MAX_DEPTH {
            body = wrap(&body, number);
            assert_eq!(body.part(SDP).map(|found| found.bytes), Some("v=0".into()), "{number}");
        }
        assert_eq!(wrap(&body, MAX_DEPTH).part(SDP), None);
    }

    #[test]
    fn what_is_broken_or_coded_is_passed_over() {
        let part = |head: &str| mixed(&format!("--b;1\r\n{head}\r\n\r\nv=0\r\n--b;1--"));
        assert!(part("Content-Type: application/sdp\r\nContent-Transfer-Encoding: 8BIT").part(SDP).is_some());
        for head in [
            "Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64",
            "Content-Type: application",
            "Content-Type application/sdp",
        ] {
            assert_eq!(part(head).part(SDP), None, "{head}");
        }
        let open = mixed("--b;1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n");
        assert_eq!(open.part(SDP), None, "its end may be missing");
        for kind in [
            "multipart/mixed",
            "multipart/mixed;boundary=\"\"",
            &format!("multipart/mixed;boundary={}", "b".repeat(71)),
        ] {
            assert_eq!(Body::new(kind, "--\r\n\r\n----").part("text/plain"), None, "{kind}");
        }
        let many =
            "--b;1\r\n\r\nx\r\n".repeat(MAX_PARTS) + "--b;1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b;1--";
        assert_eq!(mixed(&many).part(SDP), None);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(prop_oneof![Just(b'-'), Just(b'b'), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..200)) {
            let body = Body::new("multipart/mixed;boundary=b", octets);
            prop_assert!(body.part(SDP).is_none_or(|found| found.bytes.len() < body.bytes.len()));
        }
    }
}
