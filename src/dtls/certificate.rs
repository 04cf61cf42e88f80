use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

/// Of a certificate, by the hash functions of RFC 8122 section 5 that are worth something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFingerprint {
    hash: &'static digest::Algorithm,
    octets: Vec<u8>,
}

impl CertificateFingerprint {
    /// `hash` as SDP names it, in any case. `None`: another one, SHA-1 for example, or of another length than it has.
    pub fn new(hash: &str, octets: Vec<u8>) -> Option<Self> {
        let all = [("sha-256", &SHA256), ("sha-384", &SHA384), ("sha-512", &SHA512)];
        let (_, hash) = all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(hash))?;
        (octets.len() == hash.output_len()).then_some(Self { hash, octets })
    }

    /// Of a certificate in DER, by SHA-256.
    pub fn of(certificate: &[u8]) -> Self {
        Self { hash: &SHA256, octets: digest::digest(&SHA256, certificate).as_ref().to_vec() }
    }

    pub fn is_of(&self, certificate: &[u8]) -> bool {
        digest::digest(self.hash, certificate).as_ref() == self.octets
    }

    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

/// Ours: ECDSA with P-256 and SHA-256.
pub(super) const OUR_SCHEME: u16 = 0x0403;

/// By which the other side may sign (RFC 8446 section 4.2.3 has the numbers, which TLS 1.2 writes alike).
pub(super) const SCHEMES: [u16; 8] = [OUR_SCHEME, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];

/// Whether the key of this certificate has signed that. Nothing else of the certificate counts: its fingerprint was compared.
pub(super) fn verify(certificate: &[u8], scheme: u16, message: &[u8], signed: &[u8]) -> bool {
    let by = |algorithm: &'static dyn VerificationAlgorithm| {
        let key = public_key(certificate).map(|key| UnparsedPublicKey::new(algorithm, key));
        key.is_some_and(|key| key.verify(message, signed).is_ok())
    };
    match scheme {
        OUR_SCHEME => by(&signature::ECDSA_P256_SHA256_ASN1),
        0x0503 => by(&signature::ECDSA_P384_SHA384_ASN1),
        0x0804 => by(&signature::RSA_PSS_2048_8192_SHA256),
        0x0805 => by(&signature::RSA_PSS_2048_8192_SHA384),
        0x0806 => by(&signature::RSA_PSS_2048_8192_SHA512),
        0x0401 => by(&signature::RSA_PKCS1_2048_8192_SHA256),
        0x0501 => by(&signature::RSA_PKCS1_2048_8192_SHA384),
        0x0601 => by(&signature::RSA_PKCS1_2048_8192_SHA512),
        _ => false,
    }
}

/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The SubjectPublicKeyInfo of a certificate, whole: the field after serial number, signature, issuer, validity and subject
/// (RFC 5280 section 4.1).
fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let outer = Element::read(certificate).filter(|outer| outer.tag == SEQUENCE)?;
    let mut rest = Element::read(outer.content).filter(|inner| inner.tag == SEQUENCE)?.content;
    if rest.first() == Some(&VERSION) {
        rest = rest.get(Element::read(rest)?.whole.len()..)?;
    }
    for _ in 0..5 {
        rest = rest.get(Element::read(rest)?.whole.len()..)?;
    }
    Element::read(rest).filter(|key| key.tag == SEQUENCE).map(|key| key.whole)
}

/// Of DER.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Element<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let mut rest = super::wire::Reader(octets);
        let (tag, first) = (rest.u8()?, rest.u8()?);
        let len = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x83 => rest.number(usize::from(first & 0x7f))? as usize,
            _ => return None,
        };
        let content = rest.take(len)?;
        let whole = octets.get(..octets.len() - rest.0.len())?;
        Some(Self { tag, content, whole })
    }
}
