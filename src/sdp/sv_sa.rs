use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;

use super::attribute::Attribute;
use super::description::MediaDescription;
use crate::vocab::Device;

/// One message of the key agreement: `a=x-sv-sa:1 <device> <base64url message>` (PROTOCOL section 7).
///
/// In an offer `device` is the one that the message is for, in an answer the one that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SvSa {
    pub device: Device,
    pub message: Vec<u8>,
}

/// Why the attribute cannot be read. Fail closed: it counts neither as absent nor as present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SvSaError {
    #[error("an x-sv-sa attribute is not `1 device message`")]
    Form,
    #[error("two x-sv-sa attributes are for one device")]
    Repeated,
    #[error("more than {MAX} x-sv-sa attributes, or a message of more than {MAX_MESSAGE} octets")]
    TooMuch,
}

pub(super) const NAME: &str = "x-sv-sa";
const VERSION: &str = "1";
/// Devices that one offer addresses at most.
const MAX: usize = 16;
/// Octets, as the key agreement has it.
const MAX_MESSAGE: usize = 4096;

impl SvSa {
    pub(super) fn attribute(&self) -> Attribute {
        let message = URL_SAFE_NO_PAD.encode(&self.message);
        Attribute::new(NAME, format!("{VERSION} {} {message}", self.device))
    }

    /// Those of version 1; other versions are ignored.
    pub(super) fn all_of(media: &MediaDescription) -> Result<Vec<Self>, SvSaError> {
        let mut all: Vec<Self> = Vec::new();
        for attribute in media.attributes.iter().filter(|attribute| attribute.name == NAME) {
            let Some(sv_sa) = Self::parse(attribute.value.as_deref().unwrap_or_default())? else { continue };
            if all.iter().any(|other| other.device == sv_sa.device) {
                return Err(SvSaError::Repeated);
            }
            if all.len() >= MAX {
                return Err(SvSaError::TooMuch);
            }
            all.push(sv_sa);
        }
        Ok(all)
    }

    fn parse(value: &str) -> Result<Option<Self>, SvSaError> {
        let fields: Vec<&str> = value.splitn(4, ' ').collect();
        match fields[..] {
            [VERSION, device, message] => {
                if message.len() > MAX_MESSAGE.div_ceil(3) * 4 {
                    return Err(SvSaError::TooMuch);
                }
                let device = Device::new(device).ok_or(SvSaError::Form)?;
                let message = URL_SAFE_NO_PAD.decode(message).map_err(|_| SvSaError::Form)?;
                Ok(Some(Self { device, message }))
            }
            [VERSION, ..] | [""] | [] => Err(SvSaError::Form),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(sv_sa: &SvSa) -> String {
        sv_sa.attribute().value.unwrap()
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let sv_sa = SvSa { device: Device::new("bob-desk").unwrap(), message: vec![0xfb, 0xff, 0xfe, 1] };
        assert_eq!(value(&sv_sa), "1 bob-desk -__-AQ");
        assert_eq!(SvSa::parse(&value(&sv_sa)), Ok(Some(sv_sa)));
    }

    #[test]
    fn other_versions_are_ignored_and_bad_ones_refused() {
        assert_eq!(SvSa::parse("2 anything at all"), Ok(None));
        for bad in ["", "1", "1 dev", "1 dev +++=", "1 dev AQ==", "1 dev A", "1 dev AQ more", "1  AQ"] {
            assert_eq!(SvSa::parse(bad), Err(SvSaError::Form), "{bad:?}");
        }
        assert_eq!(SvSa::parse(&format!("1 dev {}", "A".repeat(6000))), Err(SvSaError::TooMuch));
    }
}
