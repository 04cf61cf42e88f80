use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{EntryView, PendingView};

/// The security policy database: every entry in force, in lookup order, the default last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyView {
    pub generation: u64,
    pub entries: Vec<EntryView>,
    /// So many of them, the last ones, are the default for everybody else.
    pub defaults: usize,
    /// What you agreed to and the peer has not used yet: not in force for what is sent.
    pub pending: Vec<PendingView>,
}

/// What became of entries of our own, and the database as it is then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegisteredView {
    #[serde(flatten)]
    pub policy: PolicyView,
    /// Numbers of the entries that are new.
    pub added: Vec<String>,
    pub skipped: Vec<SkippedView>,
    /// `false`: the default for everybody else was left as it was.
    pub default_changed: bool,
}

/// An entry that was not added, because an entry that rules the same is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkippedView {
    pub setkey: String,
    /// The number of the entry that is there.
    pub id: String,
}

/// The database in one of the languages that it can be told in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportView {
    pub generation: u64,
    pub text: String,
    /// Entries for which that language has no words; they stand in the text as comments.
    pub left_out: Vec<LeftOutView>,
}

/// An entry that was not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOutView {
    /// `e1`
    pub id: String,
    pub why: String,
}

/// The entry that would rule a packet, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestView {
    /// The entry's own action in setkey's form.
    pub action: String,
    pub entry: EntryView,
    pub why: String,
}
