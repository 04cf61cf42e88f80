use super::description::SessionDescription;
use super::remote::RemoteAudio;
use crate::vocab::escape;

/// What a session description says, for `sottovoce inspect sdp`. All text is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// It is readable and has an audio stream that we can join.
    pub valid: bool,
    pub problems: Vec<String>,
    /// Writing what was read gives the same octets.
    pub roundtrip: bool,
    /// The value of `o=`.
    pub origin: Option<String>,
    /// The values of the `m=` lines.
    pub media: Vec<String>,
    /// Where the peer receives audio.
    pub address: Option<std::net::SocketAddr>,
    /// Codecs in common, in the peer's order.
    pub codecs: Vec<&'static str>,
    pub rtcp_mux: bool,
    pub held: bool,
    /// Device, and octets of its key agreement message.
    pub sv_sa: Vec<(String, usize)>,
}

pub fn inspect(octets: &[u8]) -> Inspection {
    let mut found = Inspection::default();
    match SessionDescription::parse(octets) {
        Ok(sdp) => describe(&mut found, &sdp, octets),
        Err(error) => found.problems.push(error.to_string()),
    }
    found.valid = found.problems.is_empty();
    found
}

fn describe(found: &mut Inspection, sdp: &SessionDescription, octets: &[u8]) {
    found.roundtrip = sdp.to_string().as_bytes() == octets;
    found.origin = Some(escape(&sdp.origin.to_string()));
    let media = |m: &super::MediaDescription| format!("{} {} {} {}", m.kind, m.port, m.protocol, m.formats.join(" "));
    found.media = sdp.media.iter().map(|m| escape(&media(m))).collect();
    match RemoteAudio::of(sdp) {
        Ok(audio) => {
            found.address = Some(audio.address);
            found.codecs = audio.formats.iter().map(|numbered| numbered.format.name()).collect();
            found.rtcp_mux = audio.rtcp_mux;
            found.held = audio.held();
            found.sv_sa =
                audio.sv_sa.iter().map(|sv_sa| (escape(sv_sa.device.as_str()), sv_sa.message.len())).collect();
        }
        Err(error) => found.problems.push(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_there_and_what_is_wrong() {
        let good = b"v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=\x1b\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
            m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\na=x-sv-sa:1 d AQID\r\n";
        let found = inspect(good);
        assert!(found.valid && found.roundtrip && found.rtcp_mux && !found.held);
        assert_eq!(found.address, "192.0.2.1:4000".parse().ok());
        assert_eq!((found.codecs, found.sv_sa), (vec!["PCMA"], vec![("d".to_owned(), 3)]));
        let bad = inspect(b"v=0\r\no=a\x1b 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n");
        assert!(!bad.valid);
        assert_eq!(bad.problems, ["there is no audio stream"]);
        assert_eq!(bad.origin.unwrap(), "a\\u{1b} 1 1 IN IP4 192.0.2.1");
        assert!(!inspect(b"GIF89a").valid);
    }
}
