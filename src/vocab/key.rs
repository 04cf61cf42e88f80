use std::fmt;

macro_rules! octets {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                hex(f, &self.0)?;
                f.write_str(")")
            }
        }

        impl $name {
            pub fn from_slice(octets: &[u8]) -> Option<Self> {
                octets.try_into().ok().map(Self)
            }
        }
    };
}

octets!(/// An Ed25519 public key (RFC 8032), 32 octets: what a device signs its statements with.
    VerifyKey, 32);
octets!(/// An X25519 public key (RFC 7748), 32 octets: what a device agrees keys with.
    AgreementKey, 32);
octets!(/// An Ed25519 signature (RFC 8032), 64 octets.
    SignatureBytes, 64);
octets!(/// A SHA-256 digest, 32 octets.
    Digest, 32);
octets!(/// Makes one statement unlike every other, 16 octets.
    Nonce, 16);
octets!(/// SHA-256 over both public keys of a device: what a person compares. Shown as eight groups of eight hexadecimal digits.
    Fingerprint, 32);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, group) in self.0.chunks(4).enumerate() {
            if i > 0 {
                f.write_str(":")?;
            }
            hex(f, group)?;
        }
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl Fingerprint {
    /// Reads 64 hexadecimal digits; colons, spaces and case are ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ':' && !c.is_whitespace())
            .map(|c| c.to_digit(16).map(|d| d as u8))
            .collect::<Option<_>>()?;
        if digits.len() != 64 {
            return None;
        }
        let octets: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        Self::from_slice(&octets)
    }
}

fn hex(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        let print = Fingerprint(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(Fingerprint::parse(&print.to_string()), Some(print));
        assert_eq!(Fingerprint::parse(&print.to_string().replace(':', " ").to_uppercase()), Some(print));
        assert_eq!(Fingerprint::parse("00:11"), None);
    }
}
