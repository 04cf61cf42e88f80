use super::attribute::Attribute;
use super::crypto::Crypto;
use super::description::{MediaDescription, SessionDescription};
use super::remote::RemoteAudio;

/// By what its writer agrees on keys with DTLS (RFC 5763 section 5, RFC 8842).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dtls {
    /// Its certificate is one of these.
    pub fingerprints: Vec<CertificateHash>,
    pub setup: Setup,
}

/// `a=fingerprint:<hash function> <octets>` (RFC 8122 section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateHash {
    /// In small letters.
    pub function: String,
    pub octets: Vec<u8>,
}

/// Who opens a connection (RFC 4145 section 4), or begins a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    Active,
    /// Of an offer: the other side chooses.
    Actpass,
    Passive,
}

/// What a description says of keys for SRTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keying {
    /// Those that can be read, in their order.
    pub crypto: Vec<Crypto>,
    pub dtls: Option<Dtls>,
}

/// Fingerprints of one stream that are read at most.
const MAX: usize = 8;

impl Keying {
    pub(super) fn attributes(&self) -> Vec<Attribute> {
        let crypto = self.crypto.iter().map(Crypto::attribute);
        let dtls = self.dtls.iter().flat_map(Dtls::attributes);
        crypto.chain(dtls).collect()
    }

    /// The description with these ways to keys in the place of its own. `None` when it joined no stream.
    pub fn put_into(&self, said: &SessionDescription) -> Option<SessionDescription> {
        let index = RemoteAudio::of(said).ok()?.index;
        let mut again = said.clone();
        let media = again.media.get_mut(index)?;
        media.attributes.retain(|attribute| !["crypto", "fingerprint", "setup"].contains(&attribute.name.as_str()));
        media.attributes.extend(self.attributes());
        Some(again)
    }

    pub fn is_empty(&self) -> bool {
        self.crypto.is_empty() && self.dtls.is_none()
    }

    /// The same ways to keys, whatever the keys are.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.crypto.is_empty(), self.dtls.is_some()) == (other.crypto.is_empty(), other.dtls.is_some())
    }
}

impl Dtls {
    fn attributes(&self) -> Vec<Attribute> {
        let setup = Attribute::new("setup", self.setup.name());
        let fingerprints = self.fingerprints.iter().map(CertificateHash::attribute);
        fingerprints.chain([setup]).collect()
    }

    /// Of this stream, or else of all (RFC 8122 section 5). `None` where one of the two is missing, or nothing of it can be read.
    pub(super) fn of(sdp: &SessionDescription, media: &MediaDescription) -> Option<Self> {
        let named = |all: &[Attribute]| {
            let values =
                all.iter().filter(|attribute| attribute.name == "fingerprint").filter_map(|one| one.value.as_deref());
            values.take(MAX).filter_map(CertificateHash::parse).collect::<Vec<_>>()
        };
        let own = named(&media.attributes);
        let fingerprints = if own.is_empty() { named(&sdp.attributes) } else { own };
        let session = || sdp.attributes.iter().find(|attribute| attribute.name == "setup");
        let setup = media.attribute("setup").or_else(session)?.value.as_deref()?;
        let setup = Setup::named(setup)?;
        (!fingerprints.is_empty()).then_some(Self { fingerprints, setup })
    }
}

impl Setup {
    const ALL: [Self; 3] = [Self::Active, Self::Actpass, Self::Passive];

    pub(super) fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(text.trim()))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Actpass => "actpass",
            Self::Passive => "passive",
        }
    }
}

impl CertificateHash {
    fn attribute(&self) -> Attribute {
        let octets: Vec<String> = self.octets.iter().map(|octet| format!("{octet:02X}")).collect();
        Attribute::new("fingerprint", format!("{} {}", self.function, octets.join(":")))
    }

    fn parse(value: &str) -> Option<Self> {
        let (function, octets) = value.trim().split_once(' ')?;
        let octet = |text: &str| {
            (text.len() == 2 && text.bytes().all(|b| b.is_ascii_hexdigit()))
                .then(|| u8::from_str_radix(text, 16).ok())?
        };
        let octets: Option<Vec<u8>> = octets.trim().split(':').take(65).map(octet).collect();
        Some(Self { function: function.to_ascii_lowercase(), octets: octets? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Option<Dtls> {
        let text = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{lines}");
        let sdp = SessionDescription::parse(text.as_bytes()).unwrap();
        Dtls::of(&sdp, &sdp.media[0])
    }

    const MEDIA: &str = "m=audio 9 UDP/TLS/RTP/SAVP 0\r\n";

    #[test]
    fn it_is_read_as_it_is_written_of_the_stream_or_of_all() {
        let dtls = read(&format!("{MEDIA}a=fingerprint:SHA-256 0a:FF\r\na=setup:actpass\r\n")).unwrap();
        assert_eq!(dtls.fingerprints, [CertificateHash { function: "sha-256".into(), octets: vec![10, 255] }]);
        let written: Vec<String> = dtls.attributes().iter().map(ToString::to_string).collect();
        assert_eq!(written, ["fingerprint:sha-256 0A:FF", "setup:actpass"]);
        assert_eq!(read(&format!("a=fingerprint:sha-256 0A:FF\r\na=setup:ACTPASS\r\n{MEDIA}")), Some(dtls));
    }

    #[test]
    fn what_is_missing_or_cannot_be_read_is_none() {
        for lines in [
            "a=fingerprint:sha-256 0A:FF",
            "a=setup:active",
            "a=setup:holdconn\r\na=fingerprint:sha-256 0A",
            "a=setup:active\r\na=fingerprint:sha-256 A",
            "a=setup:active\r\na=fingerprint:sha-256 +A",
            "a=setup:active\r\na=fingerprint:sha-256",
            "a=setup:active\r\na=fingerprint",
        ] {
            assert_eq!(read(&format!("{MEDIA}{lines}\r\n")), None, "{lines}");
        }
    }
}
