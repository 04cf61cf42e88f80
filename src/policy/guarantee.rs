//! Tighter and looser (PROTOCOL section 2.1).

/// How one policy compares with another. A preorder: two policies can be incomparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tightness {
    Incomparable,
    Looser,
    Same,
    Tighter,
}
