/// The XML namespaces of a presence document. Held as this and not as text, because a long
/// namespace name would otherwise be copied for every element of a hostile document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// RFC 4482.
    Cipid,
    /// RFC 4479.
    DataModel,
    /// RFC 4589.
    LocationType,
    /// No namespace at all.
    None,
    /// One that means nothing to us.
    Other,
    /// **Ours**.
    Ours,
    /// RFC 3863.
    Pidf,
    /// RFC 4480.
    Rpid,
    /// RFC 3858.
    WatcherInfo,
}

impl Namespace {
    pub(super) const KNOWN: [Self; 7] =
        [Self::Pidf, Self::DataModel, Self::Rpid, Self::Cipid, Self::LocationType, Self::Ours, Self::WatcherInfo];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cipid => "urn:ietf:params:xml:ns:pidf:cipid",
            Self::DataModel => "urn:ietf:params:xml:ns:pidf:data-model",
            Self::LocationType => "urn:ietf:params:xml:ns:location-type",
            Self::None | Self::Other => "",
            Self::Ours => "urn:x-sottovoce:pidf:policy:1",
            Self::Pidf => "urn:ietf:params:xml:ns:pidf",
            Self::Rpid => "urn:ietf:params:xml:ns:pidf:rpid",
            Self::WatcherInfo => "urn:ietf:params:xml:ns:watcherinfo",
        }
    }

    pub(super) fn from_name(name: &[u8]) -> Self {
        Self::KNOWN.into_iter().find(|known| known.name().as_bytes() == name).unwrap_or(Self::Other)
    }
}
