use std::fmt;

/// The algorithm that an ESP security association seals with (**ours**: the numbers are written in `docs/protocol.md`).
/// AH has one algorithm only, HMAC-SHA2-256-128 (RFC 4868), and needs no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Suite {
    /// ENCR_CHACHA20_POLY1305 (RFC 7634).
    Chacha20Poly1305,
    /// AES-GCM with a 128-bit key and a 16-octet ICV (RFC 4106).
    Aes128Gcm,
    /// AES-GCM with a 256-bit key and a 16-octet ICV (RFC 4106).
    Aes256Gcm,
}

impl Suite {
    /// All of them, the one we prefer first.
    pub const ALL: [Self; 3] = [Self::Chacha20Poly1305, Self::Aes256Gcm, Self::Aes128Gcm];

    pub fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes-128-gcm",
            Self::Aes256Gcm => "aes-256-gcm",
            Self::Chacha20Poly1305 => "chacha20-poly1305",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// The number on the wire: the IKEv2 transform (28, or 20) in the low octet, the key length in octets in the high one.
    pub fn number(self) -> u16 {
        match self {
            Self::Aes128Gcm => 0x1014,
            Self::Aes256Gcm => 0x2014,
            Self::Chacha20Poly1305 => 0x201c,
        }
    }

    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.number() == number)
    }

    /// Octets of cipher key.
    pub fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::Chacha20Poly1305 => 32,
        }
    }

    /// Those of `offered` that every one of `allowed` has, in the offer's order; an empty list allows all.
    pub fn common(offered: &[Self], allowed: &[&[Self]]) -> Vec<Self> {
        let fits = |suite: &Self| allowed.iter().all(|list| list.is_empty() || list.contains(suite));
        offered.iter().copied().filter(fits).collect()
    }

    /// Octets of salt (RFC 4106 section 4, RFC 7634 section 2).
    pub const SALT_LEN: usize = 4;
    /// Octets of integrity check value.
    pub const ICV_LEN: usize = 16;
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_common_keeps_the_offers_order_and_an_empty_list_allows_all() {
        use Suite::{Aes128Gcm, Aes256Gcm, Chacha20Poly1305};
        let offered = [Aes128Gcm, Chacha20Poly1305];
        assert_eq!(Suite::common(&offered, &[&[], &[]]), offered);
        assert_eq!(Suite::common(&offered, &[&[Chacha20Poly1305, Aes128Gcm], &[Chacha20Poly1305]]), [Chacha20Poly1305]);
        assert_eq!(Suite::common(&offered, &[&[Aes256Gcm]]), []);
    }
}
