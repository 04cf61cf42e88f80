use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{timestamp, EntryView, PendingView};
use crate::io::{ChangeEntry, Changed};
use crate::vocab::escape;

/// The security policy database: every entry in force, in lookup order, the default last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyView {
    pub generation: u64,
    pub entries: Vec<EntryView>,
    /// Those of them that were approved for another place, and are too weak where both sides are now: the next call is reviewed first.
    pub elsewhere: Vec<String>,
    /// So many of them, the last ones, are the default for everybody else.
    pub defaults: usize,
    /// So many more are there that were asked for, behind those that are listed and before the default.
    #[serde(default)]
    pub more: usize,
    /// What you agreed to and the peer has not used yet: not in force for what is sent.
    pub pending: Vec<PendingView>,
    /// After a change: what the entries that it put in force do, or do not, beside what was agreed on with peers and beside other entries, and what of a
    /// file was not obeyed: in words.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl PolicyView {
    /// The default for everybody else, as it is in force.
    pub fn default_entries(&self) -> &[EntryView] {
        self.entries.get(self.entries.len().saturating_sub(self.defaults)..).unwrap_or_default()
    }

    /// What the user is told where the default protects nothing.
    pub fn default_in_clear(&self) -> Option<String> {
        let open = self.default_entries().iter().any(|entry| entry.action == "none");
        open.then(|| {
            "the default is `none`: calls with whoever has no entry go in clear, and anybody on the way can listen; \
             `sottovoce policy default \"ipsec esp/transport//require\"` protects them"
                .to_owned()
        })
    }
}

/// Changes of the policy database, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyHistoryView {
    pub changes: Vec<PolicyChangeView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyChangeView {
    /// Of its audit row: `change` of what takes it back.
    pub number: u64,
    pub time: String,
    /// `approved`, `disabled`, `edited`, `enabled`, `expiry`, `removed` or `undone`.
    pub kind: String,
    /// Whose entries, or which one.
    pub subject: String,
    /// Who, and what.
    pub detail: String,
    /// The generation that it made.
    pub generation: u64,
    /// It is about the default for everybody else.
    pub default: bool,
    pub entries: Vec<ChangedEntryView>,
    /// So many entries more were changed.
    pub more: u64,
}

/// An entry before and after a change, as `spdadd` lines; without one it was not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedEntryView {
    pub id: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl From<&ChangeEntry> for PolicyChangeView {
    fn from(change: &ChangeEntry) -> Self {
        let entry = |changed: &Changed| ChangedEntryView {
            id: changed.id.to_string(),
            before: changed.before.as_deref().map(escape),
            after: changed.after.as_deref().map(escape),
        };
        Self {
            number: change.number,
            time: timestamp(change.at),
            kind: change.kind.clone(),
            subject: escape(&change.subject),
            detail: escape(&change.detail),
            generation: change.generation.0,
            default: change.default,
            entries: change.entries.iter().map(entry).collect(),
            more: change.more,
        }
    }
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

impl RegisteredView {
    /// What became of two parts of one text, the later one being `next`.
    pub fn and(mut self, next: Self) -> Self {
        self.added.extend(next.added);
        self.skipped.extend(next.skipped);
        let mut warnings = self.policy.warnings;
        let news = next.policy.warnings.iter().filter(|warning| !warnings.contains(warning)).cloned();
        let news: Vec<String> = news.collect();
        warnings.extend(news);
        Self { policy: PolicyView { warnings, ..next.policy }, ..self }
    }
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
