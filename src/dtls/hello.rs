use super::certificate::SCHEMES;
use super::exchange::GROUPS;
use super::record::VERSION;
use super::schedule::SUITES;
use super::wire::{number, numbers, vector, Reader};
use crate::srtp::CryptoSuite;

/// Extensions (RFC 8422, RFC 5246 section 7.4.1.4, RFC 5764 section 4.1, RFC 7627, RFC 5746).
const SUPPORTED_GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const USE_SRTP: u16 = 14;
const EXTENDED_MASTER_SECRET: u16 = 23;
const RENEGOTIATION_INFO: u16 = 0xff01;

/// A cipher suite that says what an empty `renegotiation_info` does (RFC 5746 section 3.3).
const NO_RENEGOTIATION: u16 = 0x00ff;

/// Profiles of SRTP, the preferred first (RFC 5764 section 4.1.2, RFC 7714 section 14.2). AES-CM with a long key has none.
const PROFILES: [(u16, CryptoSuite); 4] = [
    (8, CryptoSuite::AeadAes256Gcm),
    (7, CryptoSuite::AeadAes128Gcm),
    (1, CryptoSuite::AesCm128HmacSha1_80),
    (2, CryptoSuite::AesCm128HmacSha1_32),
];

pub(super) fn profile_suite(profile: u16) -> Option<CryptoSuite> {
    PROFILES.into_iter().find(|(id, _)| *id == profile).map(|(_, suite)| suite)
}

/// Our best that is among theirs.
pub(super) fn best_profile(theirs: &[u16]) -> Option<u16> {
    PROFILES.into_iter().map(|(id, _)| id).find(|id| theirs.contains(id))
}

/// What a hello says of the rest.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) groups: Vec<u16>,
    pub(super) schemes: Vec<u16>,
    pub(super) profiles: Vec<u16>,
    pub(super) extended_master: bool,
    pub(super) no_renegotiation: bool,
}

impl Extensions {
    fn read(rest: &mut Reader<'_>) -> Option<Self> {
        let mut read = Self::default();
        if rest.is_empty() {
            return Some(read);
        }
        let mut all = Reader(rest.vector(2)?);
        while !all.is_empty() {
            let (kind, body) = (all.u16()?, all.vector(2)?);
            let mut body = Reader(body);
            match kind {
                SUPPORTED_GROUPS => read.groups = body.numbers(2)?,
                SIGNATURE_ALGORITHMS => read.schemes = body.numbers(2)?,
                USE_SRTP => {
                    read.profiles = body.numbers(2)?;
                    // The other side of an MKI that we did not ask for would need it in each packet.
                    body.vector(1).filter(|mki| mki.is_empty())?;
                }
                EXTENDED_MASTER_SECRET => read.extended_master = true,
                // Of a first handshake it is empty (RFC 5746 section 3.4).
                RENEGOTIATION_INFO => read.no_renegotiation = body.vector(1)?.is_empty(),
                _ => {}
            }
        }
        Some(read)
    }
}

fn extension(out: &mut Vec<u8>, kind: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    number(out, 2, kind.into());
    vector(out, 2, fill);
}

fn use_srtp(out: &mut Vec<u8>, profiles: &[u16]) {
    extension(out, USE_SRTP, |out| {
        numbers(out, 2, profiles);
        out.push(0);
    });
}

#[derive(Debug)]
pub(super) struct ClientHello {
    pub(super) random: [u8; 32],
    pub(super) suites: Vec<u16>,
    pub(super) extensions: Extensions,
}

impl ClientHello {
    /// RFC 6347 section 4.2.1. `None`: it cannot be read, or is of DTLS 1.0.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut rest = Reader(body);
        let (version, random) = (rest.u16()?, rest.array()?);
        let (_session, _cookie) = (rest.vector(1)?, rest.vector(1)?);
        let suites = rest.numbers(2)?;
        let _compression = rest.vector(1)?;
        let mut extensions = Extensions::read(&mut rest)?;
        extensions.no_renegotiation |= suites.contains(&NO_RENEGOTIATION);
        // Versions of DTLS count downwards.
        (version <= VERSION).then_some(Self { random, suites, extensions })
    }

    pub(super) fn ours(random: &[u8; 32], cookie: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        number(&mut out, 2, VERSION.into());
        out.extend(random);
        out.push(0);
        vector(&mut out, 1, |out| out.extend(cookie));
        numbers(&mut out, 2, &SUITES.map(|suite| suite.id));
        out.extend([1, 0]);
        vector(&mut out, 2, |out| {
            extension(out, SUPPORTED_GROUPS, |out| numbers(out, 2, &GROUPS));
            extension(out, POINT_FORMATS, |out| out.extend([1, 0]));
            extension(out, SIGNATURE_ALGORITHMS, |out| numbers(out, 2, &SCHEMES));
            use_srtp(out, &PROFILES.map(|(id, _)| id));
            extension(out, EXTENDED_MASTER_SECRET, |_| {});
            extension(out, RENEGOTIATION_INFO, |out| out.push(0));
        });
        out
    }
}

#[derive(Debug)]
pub(super) struct ServerHello {
    pub(super) random: [u8; 32],
    pub(super) suite: u16,
    pub(super) extensions: Extensions,
}

impl ServerHello {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut rest = Reader(body);
        let (version, random, _session) = (rest.u16()?, rest.array()?, rest.vector(1)?);
        let (suite, compression) = (rest.u16()?, rest.u8()?);
        let extensions = Extensions::read(&mut rest)?;
        (version == VERSION && compression == 0).then_some(Self { random, suite, extensions })
    }

    pub(super) fn ours(random: &[u8; 32], suite: u16, profile: u16, asked: &Extensions) -> Vec<u8> {
        let mut out = Vec::new();
        number(&mut out, 2, VERSION.into());
        out.extend(random);
        out.push(0);
        number(&mut out, 2, suite.into());
        out.push(0);
        vector(&mut out, 2, |out| {
            use_srtp(out, &[profile]);
            extension(out, EXTENDED_MASTER_SECRET, |_| {});
            if !asked.groups.is_empty() {
                extension(out, POINT_FORMATS, |out| out.extend([1, 0]));
            }
            if asked.no_renegotiation {
                extension(out, RENEGOTIATION_INFO, |out| out.push(0));
            }
        });
        out
    }
}

/// The cookie of a `HelloVerifyRequest`.
pub(super) fn cookie(body: &[u8]) -> Option<&[u8]> {
    let mut rest = Reader(body);
    rest.u16()?;
    rest.vector(1)
}
