use std::fmt;

use super::error::PayloadError;

/// The type of a payload field. With [`Kind::CRITICAL`] set, a reader that does not know it refuses the payload.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind(pub u16);

impl Kind {
    const CRITICAL: u16 = 0x8000;

    pub(super) const TIME: Self = Self(0x8001);
    pub(super) const ENTITY: Self = Self(0x8002);
    pub(super) const DEVICE: Self = Self(0x8003);
    pub(super) const SIGNING_KEY: Self = Self(0x8004);
    pub(super) const SIGNATURE: Self = Self(0x8005);
    pub(super) const MEDIA: Self = Self(0x8006);
    pub(super) const BUNDLES: Self = Self(0x8007);
    pub(super) const SPIS: Self = Self(0x8008);
    pub(super) const SUITES: Self = Self(0x8009);
    pub(super) const ENTRY: Self = Self(0x800a);
    pub(super) const STATEMENT: Self = Self(0x800b);
    pub(super) const AH_NAT: Self = Self(0x800c);
    // 0x800d is kept for ML-KEM.
    pub(super) const TUNNEL: Self = Self(0x800e);
    pub(super) const FORWARD: Self = Self(0x800f);

    fn critical(self) -> bool {
        self.0 & Self::CRITICAL != 0
    }

    /// Fields stand in the order of their numbers, whether critical or not.
    fn rank(self) -> u16 {
        self.0 & !Self::CRITICAL
    }

    fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::AH_NAT => "ah-nat",
            Self::BUNDLES => "bundles",
            Self::DEVICE => "device",
            Self::ENTITY => "entity",
            Self::ENTRY => "entry hash",
            Self::FORWARD => "inner destination",
            Self::MEDIA => "media address",
            Self::SIGNATURE => "signature",
            Self::SIGNING_KEY => "signing key",
            Self::SPIS => "spis",
            Self::STATEMENT => "statement hash",
            Self::SUITES => "suites",
            Self::TIME => "time",
            Self::TUNNEL => "tunnel ends",
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({self})")
    }
}

/// Writes fields: type, 16 bits; length, 16 bits; value.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// Callers write in ascending order and values far below 65,535 octets.
    pub(super) fn field(mut self, kind: Kind, value: &[u8]) -> Self {
        let len = u16::try_from(value.len()).expect("values are bounded far below 65,535 octets");
        self.0.extend_from_slice(&kind.0.to_be_bytes());
        self.0.extend_from_slice(&len.to_be_bytes());
        self.0.extend_from_slice(value);
        self
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// The fields of a payload that was read; each is taken once.
pub(super) struct Fields<'a>(Vec<(Kind, &'a [u8])>);

impl<'a> Fields<'a> {
    pub(super) fn read(mut payload: &'a [u8]) -> Result<Self, PayloadError> {
        let mut fields: Vec<(Kind, &[u8])> = Vec::new();
        while !payload.is_empty() {
            let (kind, value, rest) = split_field(payload).ok_or(PayloadError::Truncated)?;
            if fields.last().is_some_and(|(before, _)| before.rank() >= kind.rank()) {
                return Err(PayloadError::Disorder);
            }
            fields.push((kind, value));
            payload = rest;
        }
        Ok(Self(fields))
    }

    pub(super) fn take(&mut self, kind: Kind) -> Option<&'a [u8]> {
        let at = self.0.iter().position(|(found, _)| *found == kind)?;
        Some(self.0.remove(at).1)
    }

    /// Takes a field that must be there and turns it into its value.
    pub(super) fn value<T>(&mut self, kind: Kind, read: impl FnOnce(&'a [u8]) -> Option<T>) -> Result<T, PayloadError> {
        let octets = self.take(kind).ok_or(PayloadError::Missing(kind))?;
        read(octets).ok_or(PayloadError::Value(kind))
    }

    /// What was not taken is unknown: ignored, unless it is critical.
    pub(super) fn end(self) -> Result<(), PayloadError> {
        match self.0.into_iter().find(|(kind, _)| kind.critical()) {
            Some((kind, _)) => Err(PayloadError::UnknownCritical(kind)),
            None => Ok(()),
        }
    }
}

fn split_field(octets: &[u8]) -> Option<(Kind, &[u8], &[u8])> {
    let (kind, octets) = octets.split_first_chunk()?;
    let (len, octets) = octets.split_first_chunk()?;
    let (value, rest) = octets.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    Some((Kind(u16::from_be_bytes(*kind)), value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Result<(), PayloadError> {
        Fields::read(octets)?.end()
    }

    #[test]
    fn unknown_critical_is_refused_and_unknown_other_ignored() {
        assert_eq!(read(&Writer::default().field(Kind(0x0077), b"x").finish()), Ok(()));
        let critical = Writer::default().field(Kind(0x8077), b"x").finish();
        assert_eq!(read(&critical), Err(PayloadError::UnknownCritical(Kind(0x8077))));
    }

    #[test]
    fn order_is_strict_and_critical_does_not_count_in_it() {
        for (a, b) in [(2, 1), (1, 1), (0x8001, 1), (1, 0x8001)] {
            let octets = Writer::default().field(Kind(a), b"").field(Kind(b), b"").finish();
            assert_eq!(read(&octets), Err(PayloadError::Disorder));
        }
    }

    #[test]
    fn every_cut_inside_a_field_is_seen() {
        let octets = Writer::default().field(Kind(1), b"abc").finish();
        for len in 1..octets.len() {
            assert_eq!(read(&octets[..len]), Err(PayloadError::Truncated));
        }
    }
}
