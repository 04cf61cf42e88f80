use std::fmt;

/// `a=name` or `a=name:value` (RFC 8866 section 5.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub value: Option<String>,
}

/// Who sends, as the writer of the description sees it (RFC 3264 section 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MediaDirection {
    Inactive,
    Recvonly,
    Sendonly,
    #[default]
    Sendrecv,
}

impl Attribute {
    pub fn flag(name: &str) -> Self {
        Self { name: name.to_owned(), value: None }
    }

    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Some(value.into()) }
    }

    /// Reads what follows `a=`.
    pub(super) fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((name, value)) => Self::new(name, value),
            None => Self::flag(text),
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}:{value}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl MediaDirection {
    /// The last of the direction attributes in `attributes`, if there is one.
    pub(super) fn of(attributes: &[Attribute]) -> Option<Self> {
        attributes.iter().rev().find_map(|attribute| match attribute.name.as_str() {
            "inactive" => Some(Self::Inactive),
            "recvonly" => Some(Self::Recvonly),
            "sendonly" => Some(Self::Sendonly),
            "sendrecv" => Some(Self::Sendrecv),
            _ => None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Recvonly => "recvonly",
            Self::Sendonly => "sendonly",
            Self::Sendrecv => "sendrecv",
        }
    }

    /// The same without anything that comes in.
    pub(super) fn held(self) -> Self {
        match self {
            Self::Sendrecv | Self::Sendonly => Self::Sendonly,
            Self::Recvonly | Self::Inactive => Self::Inactive,
        }
    }

    /// The same flow as the other side sees it (RFC 3264 section 6.1).
    pub fn mirror(self) -> Self {
        match self {
            Self::Recvonly => Self::Sendonly,
            Self::Sendonly => Self::Recvonly,
            same => same,
        }
    }
}
