use super::description::MediaDescription;
use super::opus::OpusWishes;

/// The codecs that we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioFormat {
    G722,
    Opus,
    Pcma,
    Pcmu,
}

/// A codec under the number that stands for it in one description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberedFormat {
    pub format: AudioFormat,
    pub payload_type: u8,
    /// What whoever wrote the description asks of Opus packets that it gets; nothing for other codecs.
    pub opus: OpusWishes,
}

impl AudioFormat {
    /// In the order in which they are preferred: the better one sounds the first.
    pub const ALL: [Self; 4] = [Self::Opus, Self::G722, Self::Pcmu, Self::Pcma];

    /// Its name in a session description.
    pub fn name(self) -> &'static str {
        match self {
            Self::G722 => "G722",
            Self::Opus => "opus",
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        }
    }

    /// The number that our offers give it: its static payload type (RFC 3551 section 6), or one of the dynamic ones.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::G722 => 9,
            Self::Opus => 96,
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }

    /// Ticks a second of its timestamps, as descriptions say it: G.722's is half of its rate (RFC 3551 section 4.5.2).
    pub fn clock(self) -> u32 {
        match self {
            Self::G722 | Self::Pcma | Self::Pcmu => 8000,
            Self::Opus => 48_000,
        }
    }

    /// `PCMU/8000`; Opus is always written with two channels (RFC 7587 section 7).
    pub(super) fn encoding(self) -> String {
        let channels = if self == Self::Opus { "/2" } else { "" };
        format!("{}/{}{channels}", self.name(), self.clock())
    }

    /// What the `rtpmap` of a number says it is.
    fn of_encoding(encoding: &str) -> Option<Self> {
        let is = |format: &Self| {
            let mono = encoding.strip_suffix("/1").filter(|_| *format != Self::Opus);
            mono.unwrap_or(encoding).eq_ignore_ascii_case(&format.encoding())
        };
        Self::ALL.into_iter().find(is)
    }

    /// What a number is without an `rtpmap`.
    fn of_static(payload_type: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.payload_type() == payload_type && payload_type < FIRST_DYNAMIC)
    }
}

impl From<AudioFormat> for NumberedFormat {
    /// As our offers have it.
    fn from(format: AudioFormat) -> Self {
        Self { format, payload_type: format.payload_type(), opus: OpusWishes::default() }
    }
}

impl NumberedFormat {
    /// Those of a stream that we speak, in its order, each once.
    pub(super) fn all_of(media: &MediaDescription) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for payload_type in payload_types(media) {
            let encoding = encoding_of(media, payload_type);
            let format = encoding.map_or_else(|| AudioFormat::of_static(payload_type), AudioFormat::of_encoding);
            if let Some(format) = format.filter(|format| found.iter().all(|known| known.format != *format)) {
                let is_opus = format == AudioFormat::Opus;
                let parameters = parameters_of(media, payload_type).filter(|_| is_opus);
                found.push(Self { format, payload_type, opus: parameters.map(OpusWishes::read).unwrap_or_default() });
            }
        }
        found
    }
}

/// The first of the numbers that a description gives a meaning (RFC 3551 section 3).
const FIRST_DYNAMIC: u8 = 96;

/// The numbers of an `m=` line that are RTP payload types.
pub(super) fn payload_types(media: &MediaDescription) -> impl Iterator<Item = u8> + '_ {
    media.formats.iter().filter_map(|number| number.parse().ok()).filter(|number| *number < 128)
}

/// The encoding that `rtpmap` gives a number.
pub(super) fn encoding_of(media: &MediaDescription, payload_type: u8) -> Option<&str> {
    value_of(media, "rtpmap", payload_type)
}

/// Its format parameters.
pub(super) fn parameters_of(media: &MediaDescription, payload_type: u8) -> Option<&str> {
    value_of(media, "fmtp", payload_type)
}

fn value_of<'a>(media: &'a MediaDescription, name: &str, payload_type: u8) -> Option<&'a str> {
    let values = media.attributes.iter().filter(|attribute| attribute.name == name);
    let mut pairs = values.filter_map(|attribute| attribute.value.as_deref()?.split_once(' '));
    pairs.find(|(number, _)| number.parse() == Ok(payload_type)).map(|(_, value)| value.trim())
}
