use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use zeroize::Zeroizing;

use super::attribute::Attribute;
use super::description::MediaDescription;

/// Keys of one suite for what its writer sends: `a=crypto:<tag> <suite> inline:<key and salt>` (RFC 4568 sections 4 and 6).
#[derive(Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Names the attribute within one description: an answer takes that of the offer.
    pub tag: u32,
    /// Letters, digits and underscores.
    pub suite: String,
    pub key: Zeroizing<Vec<u8>>,
}

/// Why no `crypto` attribute of a stream can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    #[error("a crypto attribute is not `tag suite inline:key`")]
    Form,
    #[error("a crypto attribute has several keys, or a key that lasts less than 2^31 packets")]
    Key,
    #[error("a crypto attribute has a master key identifier (MKI)")]
    Mki,
    #[error("it has no crypto attribute")]
    Missing,
    #[error("a crypto attribute has a session parameter that is not spoken here")]
    Parameter,
    #[error("two crypto attributes have one tag")]
    Repeated,
    #[error("more than {MAX} crypto attributes, or one of more than {MAX_LEN} octets")]
    TooMuch,
}

pub(super) const NAME: &str = "crypto";
/// Attributes of one stream that are read at most.
const MAX: usize = 32;
const MAX_LEN: usize = 512;
/// RFC 4568 section 9.1: a tag has nine digits at most.
const MAX_TAG: u32 = 999_999_999;

impl Crypto {
    pub(super) fn attribute(&self) -> Attribute {
        let key = STANDARD.encode(self.key.as_slice());
        Attribute::new(NAME, format!("{} {} inline:{key}", self.tag, self.suite))
    }

    /// Those that can be read, in their order; what has parts that are not spoken here is left out, as a suite is that nobody knows
    /// (RFC 4568 section 5.1.2). The error is the first one's, where none can be read.
    pub(super) fn all_of(media: &MediaDescription) -> Result<Vec<Self>, CryptoError> {
        let mut all: Vec<Self> = Vec::new();
        let mut error = CryptoError::Missing;
        for (at, attribute) in media.attributes.iter().filter(|attribute| attribute.name == NAME).enumerate() {
            let value = attribute.value.as_deref().unwrap_or_default();
            if at >= MAX || value.len() > MAX_LEN {
                return Err(CryptoError::TooMuch);
            }
            match Self::parse(value) {
                Ok(crypto) if all.iter().any(|other| other.tag == crypto.tag) => return Err(CryptoError::Repeated),
                Ok(crypto) => all.push(crypto),
                Err(why) if error == CryptoError::Missing => error = why,
                Err(_) => {}
            }
        }
        if all.is_empty() {
            Err(error)
        } else {
            Ok(all)
        }
    }

    fn parse(value: &str) -> Result<Self, CryptoError> {
        let mut fields = value.split(' ').filter(|field| !field.is_empty());
        let mut field = || fields.next().ok_or(CryptoError::Form);
        let (tag, suite, key) = (field()?, field()?, field()?);
        let tag = tag.parse().ok().filter(|tag| *tag <= MAX_TAG).ok_or(CryptoError::Form)?;
        if !suite.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(CryptoError::Form);
        }
        // The size of a replay window is a hint (RFC 4568 section 6.3.6); all others change what is sent.
        if !fields.all(|parameter| parameter.starts_with("WSH=")) {
            return Err(CryptoError::Parameter);
        }
        Ok(Self { tag, suite: suite.to_owned(), key: inline(key)? })
    }
}

/// `inline:key`, with a lifetime or without (RFC 4568 section 6.1).
fn inline(text: &str) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if text.contains(';') {
        return Err(CryptoError::Key);
    }
    let mut parts = text.strip_prefix("inline:").ok_or(CryptoError::Form)?.split('|');
    let key = parts.next().unwrap_or_default();
    for part in parts {
        if part.contains(':') {
            return Err(CryptoError::Mki);
        }
        if !lasts(part) {
            return Err(CryptoError::Key);
        }
    }
    STANDARD.decode(key).map(Zeroizing::new).map_err(|_| CryptoError::Form)
}

/// More packets than any call has.
fn lasts(lifetime: &str) -> bool {
    match lifetime.strip_prefix("2^") {
        Some(power) => power.parse::<u8>().is_ok_and(|power| (31..=48).contains(&power)),
        None => lifetime.parse::<u64>().is_ok_and(|packets| (1 << 31..=1 << 48).contains(&packets)),
    }
}

/// Never the key.
impl std::fmt::Debug for Crypto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crypto({} {})", self.tag, self.suite)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 4568 section 6.1.
    const KEY: &str = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";

    fn parse(text: &str) -> Result<Crypto, CryptoError> {
        Crypto::parse(text)
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let crypto = parse(&format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}")).unwrap();
        assert_eq!((crypto.tag, crypto.suite.as_str(), crypto.key.len()), (1, "AES_CM_128_HMAC_SHA1_80", 30));
        assert_eq!(crypto.attribute().value.unwrap(), format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}"));
        assert_eq!(parse(&format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}|2^31 WSH=64")), Ok(crypto.clone()));
        assert_eq!(format!("{crypto:?}"), "Crypto(1 AES_CM_128_HMAC_SHA1_80)");
    }

    #[test]
    fn what_is_not_spoken_here_is_named() {
        for (text, error) in [
            ("", CryptoError::Form),
            ("x A inline:AQ==", CryptoError::Form),
            ("1000000000 A inline:AQ==", CryptoError::Form),
            ("1 A-B inline:AQ==", CryptoError::Form),
            ("1 A other:AQ==", CryptoError::Form),
            ("1 A inline:A", CryptoError::Form),
            ("1 A inline:AQ==|2^20", CryptoError::Key),
            ("1 A inline:AQ==|2^49", CryptoError::Key),
            ("1 A inline:AQ==;inline:AQ==", CryptoError::Key),
            ("1 A inline:AQ==|2^31|1:4", CryptoError::Mki),
            ("1 A inline:AQ==|1:4", CryptoError::Mki),
            ("1 A inline:AQ== UNENCRYPTED_SRTP", CryptoError::Parameter),
            ("1 A inline:AQ== UNAUTHENTICATED_SRTP", CryptoError::Parameter),
            ("1 A inline:AQ== KDR=1", CryptoError::Parameter),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(tag in 0..=MAX_TAG, suite in "[A-Z0-9_]{1,40}", key in prop::collection::vec(any::<u8>(), 0..64)) {
            let crypto = Crypto { tag, suite, key: Zeroizing::new(key) };
            prop_assert_eq!(parse(&crypto.attribute().value.unwrap()), Ok(crypto));
        }

        /// Near the grammar and far from it: what is read has one key and nothing that is not spoken here.
        #[test]
        fn no_text_makes_it_panic_or_reads_as_more_than_it_says(
            text in "[0-9x]{0,10} ?[A-Z_1-]{0,20} ?(inline:)?[A-Za-z0-9+/=]{0,44}(;inline:AQ==)?([|]2\\^[0-9]{1,3})?([|]1:4)?( WSH=64| KDR=1|\\PC{0,8})?",
        ) {
            if let Ok(crypto) = parse(&text) {
                prop_assert!(!text.contains(';') && !text.contains("|1:4") && !text.contains("KDR"), "{}", text);
                prop_assert!(crypto.tag <= MAX_TAG && !crypto.suite.contains('-'));
            }
        }
    }
}
