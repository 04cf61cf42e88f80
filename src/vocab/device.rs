use std::fmt;

/// One running agent: an opaque identifier, stable over restarts (PROTOCOL section 1).
///
/// A device is told apart from its user because a forked call reaches a device, and a policy
/// that was approved for one says nothing about another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Device(String);

/// With a space, which [`Device::new`] refuses.
const TELEPHONE: &str = "ordinary telephone";

impl Device {
    /// Longest identifier that is read from a peer, in octets.
    pub const MAX_LEN: usize = 128;

    /// Accepts 1 to [`Device::MAX_LEN`] octets of visible ASCII without space.
    pub fn new(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN;
        (fits && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// Stands for an ordinary telephone, which names no device: no device that says who it is has this name.
    pub fn telephone() -> Self {
        Self(TELEPHONE.to_owned())
    }

    pub fn is_telephone(&self) -> bool {
        self.0 == TELEPHONE
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
