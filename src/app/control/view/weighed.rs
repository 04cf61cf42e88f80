use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{EntryView, RelationView, VerdictView};
use crate::policy::{Held, Weighed, WeighedField};
use crate::vocab::escape;

/// What an answer to a review would mean. Nothing was changed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WeighedView {
    /// What it would register, out then in.
    pub entries: Vec<EntryView>,
    pub differences: Vec<WeighedFieldView>,
    /// In which it is looser than the peer asks; empty where it can be registered at once. Of a proposal: in which it is another one.
    pub looser: Vec<String>,
    /// Held against what is advised.
    pub verdict: VerdictView,
    /// Added to each packet of ours, padding left out.
    pub octets_per_packet: u16,
}

/// One field of the answer. What says nothing of the field is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WeighedFieldView {
    /// As `out action`.
    pub field: String,
    pub yours: String,
    /// What the peer asks.
    pub theirs: Option<String>,
    /// Yours, held against that.
    pub to_theirs: Option<RelationView>,
    /// What is registered today.
    pub current: Option<String>,
    /// Yours, held against that.
    pub to_current: Option<RelationView>,
}

impl From<&Weighed> for WeighedView {
    fn from(weighed: &Weighed) -> Self {
        Self {
            entries: weighed.entries.iter().map(EntryView::from).collect(),
            differences: weighed.fields.iter().map(WeighedFieldView::from).collect(),
            looser: weighed.looser.iter().map(|field| escape(field)).collect(),
            verdict: weighed.verdict.into(),
            octets_per_packet: weighed.octets_per_packet,
        }
    }
}

impl From<&WeighedField> for WeighedFieldView {
    fn from(row: &WeighedField) -> Self {
        let value = |held: &Option<Held>| held.as_ref().map(|held| escape(&held.value));
        let relation = |held: &Option<Held>| held.as_ref().map(|held| held.relation.into());
        Self {
            field: escape(&row.field),
            yours: escape(&row.yours),
            theirs: value(&row.theirs),
            to_theirs: relation(&row.theirs),
            current: value(&row.current),
            to_current: relation(&row.current),
        }
    }
}
