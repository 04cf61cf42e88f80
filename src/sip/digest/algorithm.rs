use std::fmt::Write;

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};

/// What a password is hashed with, the weakest first (RFC 8760 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    Md5,
    Sha256,
    Sha512_256,
}

impl Algorithm {
    const NAMES: [(Self, &'static str); 3] =
        [(Self::Md5, "MD5"), (Self::Sha256, "SHA-256"), (Self::Sha512_256, "SHA-512-256")];

    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(algorithm, _)| *algorithm == self).map_or("", |(_, name)| name)
    }

    /// Reads `SHA-256` or `SHA-256-sess`: the algorithm, and whether it is the session's. `None` for one that is not known.
    pub fn read(text: &str) -> Option<(Self, bool)> {
        let named =
            |name: &str| Self::NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(a, _)| *a);
        let session = text.len().checked_sub("-sess".len()).and_then(|at| text.split_at_checked(at));
        match session.filter(|(_, tail)| tail.eq_ignore_ascii_case("-sess")) {
            Some((name, _)) => named(name).map(|algorithm| (algorithm, true)),
            None => named(text).map(|algorithm| (algorithm, false)),
        }
    }

    /// `H(data)` of RFC 7616 section 3.3: lower-case hexadecimal digits.
    pub(super) fn hash(self, data: &[u8]) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(data)),
            Self::Sha256 => hex(&Sha256::digest(data)),
            Self::Sha512_256 => hex(&Sha512_256::digest(data)),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut out, octet| {
        let _ = write!(out, "{octet:02x}");
        out
    })
}
