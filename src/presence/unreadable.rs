use crate::vocab::PeerText;

/// Why a document, or the statement in one of its tuples, is refused. Fields are named as their elements are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the document has a document type declaration")]
    Doctype,
    /// A value that does not have the form of its field.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The root is not `presence` of RFC 3863.
    #[error("the document is not a presence document")]
    NotPresence,
    /// The root is not `watcherinfo` of RFC 3858.
    #[error("the document is no list of watchers")]
    NotWatcherInfo,
    /// Not well-formed, not UTF-8, or with a character that XML 1.0 does not allow.
    #[error("the document is not well-formed XML in UTF-8")]
    NotXml,
    #[error("{0} stands twice")]
    Repeated(&'static str),
    #[error("the document nests deeper than {} elements", super::xml::MAX_DEPTH)]
    TooDeep,
    #[error("the document is longer than {} octets", super::xml::MAX_OCTETS)]
    TooLong,
    #[error("there are too many of {0}")]
    TooMany(&'static str),
    /// An element or attribute that this version does not know, inside of a statement.
    #[error("the statement has an unknown element or attribute {0}")]
    Unknown(PeerText),
    /// A reference to an entity beyond the five that XML itself has.
    #[error("the document refers to an entity that is not built in")]
    UnknownReference,
    /// A word that the enumeration of this field does not have.
    #[error("{0} has an unknown value")]
    UnknownValue(&'static str),
    #[error("the statement is not signed")]
    Unsigned,
}
