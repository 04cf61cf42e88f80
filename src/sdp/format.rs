use super::description::MediaDescription;

/// The payload formats that we speak, by their static payload types (RFC 3551 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioFormat {
    Pcma,
    Pcmu,
}

impl AudioFormat {
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        }
    }

    /// `PCMU/8000`.
    pub(super) fn encoding(self) -> String {
        format!("{}/8000", self.name())
    }

    /// Those of a stream that we speak, in its order, each once.
    pub(super) fn all_of(media: &MediaDescription) -> Vec<Self> {
        let mut found = Vec::new();
        for format in media.formats.iter().filter_map(|number| Self::from_payload_type(number)) {
            if !found.contains(&format) && format.is_mapped_well(media) {
                found.push(format);
            }
        }
        found
    }

    fn from_payload_type(number: &str) -> Option<Self> {
        match number {
            "0" => Some(Self::Pcmu),
            "8" => Some(Self::Pcma),
            _ => None,
        }
    }

    /// A static type needs no `rtpmap`; one that says something else makes it another format.
    fn is_mapped_well(self, media: &MediaDescription) -> bool {
        let number = self.payload_type().to_string();
        let values = media.attributes.iter().filter(|attribute| attribute.name == "rtpmap");
        let mut maps = values.filter_map(|attribute| attribute.value.as_deref()?.split_once(' '));
        maps.find(|(to, _)| *to == number).is_none_or(|(_, encoding)| {
            let encoding = encoding.trim();
            encoding.strip_suffix("/1").unwrap_or(encoding).eq_ignore_ascii_case(&self.encoding())
        })
    }
}
