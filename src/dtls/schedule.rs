use aws_lc_rs::digest::{self, SHA256, SHA384};
use aws_lc_rs::tls_prf::{self, P_SHA256, P_SHA384};
use zeroize::Zeroizing;

use super::record::RecordKey;

/// How a handshake is sealed and its secrets are derived: AES-GCM and the hash of its suite (RFC 5288, RFC 5289).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) id: u16,
    key_len: usize,
    is_long: bool,
}

const fn suite(id: u16, key_len: usize) -> Suite {
    Suite { id, key_len, is_long: key_len == 32 }
}

/// `TLS_ECDHE_{ECDSA,RSA}_WITH_AES_{256,128}_GCM_SHA{384,256}`; the first two for certificates with ECDSA.
pub(super) const SUITES: [Suite; 4] = [suite(0xc02c, 32), suite(0xc02b, 16), suite(0xc030, 32), suite(0xc02f, 16)];

impl Suite {
    pub(super) fn hash(self, octets: &[u8]) -> Vec<u8> {
        digest::digest(if self.is_long { &SHA384 } else { &SHA256 }, octets).as_ref().to_vec()
    }

    /// RFC 5246 section 5.
    fn prf(self, secret: &[u8], label: &[u8], seed: &[u8], len: usize) -> Option<Zeroizing<Vec<u8>>> {
        let secret = tls_prf::Secret::new(if self.is_long { &P_SHA384 } else { &P_SHA256 }, secret).ok()?;
        let derived = secret.derive(label, seed, len).ok()?;
        Some(Zeroizing::new(derived.as_ref().to_vec()))
    }

    /// The extended one (RFC 7627 section 4).
    pub(super) fn master(self, agreed: &[u8], transcript: &[u8]) -> Option<Master> {
        let secret = self.prf(agreed, b"extended master secret", &self.hash(transcript), 48)?;
        Some(Master { suite: self, secret })
    }
}

/// What everything else is derived from.
pub(super) struct Master {
    suite: Suite,
    secret: Zeroizing<Vec<u8>>,
}

/// One for each side.
pub(super) struct OfBoth<T> {
    pub(super) client: T,
    pub(super) server: T,
}

impl Master {
    /// RFC 5246 section 6.3.
    pub(super) fn record_keys(&self, client_random: &[u8], server_random: &[u8]) -> Option<OfBoth<RecordKey>> {
        let len = self.suite.key_len;
        let seed = [server_random, client_random].concat();
        let block = self.suite.prf(&self.secret, b"key expansion", &seed, 2 * (len + 4))?;
        let (keys, salts) = block.split_at_checked(2 * len)?;
        let (client, server) = keys.split_at_checked(len)?;
        let (client_salt, server_salt) = salts.split_at_checked(4)?;
        let key = |key, salt: &[u8]| RecordKey::new(key, salt.try_into().ok()?);
        Some(OfBoth { client: key(client, client_salt)?, server: key(server, server_salt)? })
    }

    /// RFC 5246 section 7.4.9.
    pub(super) fn finished(&self, by_client: bool, transcript: &[u8]) -> Option<Vec<u8>> {
        let label: &[u8] = if by_client { b"client finished" } else { b"server finished" };
        Some(self.suite.prf(&self.secret, label, &self.suite.hash(transcript), 12)?.to_vec())
    }

    /// Master keys and salts of SRTP, each as key and salt, of these lengths (RFC 5764 section 4.2).
    pub(super) fn srtp(
        &self,
        client_random: &[u8],
        server_random: &[u8],
        (key, salt): (usize, usize),
    ) -> Option<OfBoth<Zeroizing<Vec<u8>>>> {
        let seed = [client_random, server_random].concat();
        let block = self.suite.prf(&self.secret, b"EXTRACTOR-dtls_srtp", &seed, 2 * (key + salt))?;
        let (keys, salts) = block.split_at_checked(2 * key)?;
        let of = |which: usize| {
            let key = keys.get(which * key..(which + 1) * key)?;
            let salt = salts.get(which * salt..(which + 1) * salt)?;
            Some(Zeroizing::new([key, salt].concat()))
        };
        Some(OfBoth { client: of(0)?, server: of(1)? })
    }
}
