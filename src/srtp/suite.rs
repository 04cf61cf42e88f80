use std::fmt;

/// How a stream is sealed, by the names of RFC 4568 section 6.2, RFC 6188 section 4 and RFC 7714 section 14.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CryptoSuite {
    AeadAes128Gcm,
    AeadAes256Gcm,
    AesCm128HmacSha1_32,
    AesCm128HmacSha1_80,
    AesCm256HmacSha1_80,
}

impl CryptoSuite {
    /// All of them, the one we prefer first. The short tag comes last.
    pub const ALL: [Self; 5] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::AesCm256HmacSha1_80,
        Self::AesCm128HmacSha1_80,
        Self::AesCm128HmacSha1_32,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm256HmacSha1_80 => "AES_256_CM_HMAC_SHA1_80",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// Octets of the master key, and of the cipher key that is derived from it.
    pub fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AesCm128HmacSha1_32 | Self::AesCm128HmacSha1_80 => 16,
            Self::AeadAes256Gcm | Self::AesCm256HmacSha1_80 => 32,
        }
    }

    /// Octets of the master salt.
    pub fn salt_len(self) -> usize {
        if self.is_aead() {
            12
        } else {
            14
        }
    }

    pub(super) fn is_aead(self) -> bool {
        matches!(self, Self::AeadAes128Gcm | Self::AeadAes256Gcm)
    }

    /// Octets of the tag of an RTP packet. That of RTCP is never the short one (RFC 4568 section 6.2.2).
    pub(super) fn rtp_tag_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_32 => 4,
            suite => suite.rtcp_tag_len(),
        }
    }

    pub(super) fn rtcp_tag_len(self) -> usize {
        if self.is_aead() {
            16
        } else {
            10
        }
    }
}

impl fmt::Display for CryptoSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
