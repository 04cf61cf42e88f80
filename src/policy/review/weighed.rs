//! What an answer would mean, before it is given: a user sees it while he types.

use super::differences::{place_of, rows, ruling};
use super::{Answer, AnswerError, Decision, Difference, Review};
use crate::policy::advice::{overall, overhead, verdict};
use crate::policy::{Bundle, Direction, Entry, Spd, Tightness, Verdict};
use crate::vocab::Wall;

/// An answer, held against what the peer asks and against what is registered today. Nothing is changed by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// What it would register, out then in.
    pub entries: Vec<Entry>,
    pub fields: Vec<WeighedField>,
    /// In which it is looser than the peer asks, in words; empty where it can be registered at once.
    pub looser: Vec<String>,
    /// Held against what is advised.
    pub verdict: Verdict,
    /// Octets that it adds to each packet of ours, padding left out.
    pub octets_per_packet: u16,
}

/// One field of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeighedField {
    /// As `out action`, `in esp level`.
    pub field: String,
    pub yours: String,
    /// What the peer asks; `None` where it says nothing of that field.
    pub theirs: Option<Held>,
    /// What is registered today; `None` where it says nothing of that field.
    pub current: Option<Held>,
}

/// What an answer is held against, and what the answer then is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub value: String,
    pub relation: Tightness,
}

impl Review {
    /// Weighs an answer as [`Review::answer`] would act on it.
    ///
    /// # Errors
    /// Those of [`Review::answer`].
    pub fn weigh(&self, answer: &Answer, now: Wall) -> Result<Weighed, AnswerError> {
        let looser = match self.answer(answer, now)? {
            Decision::Looser { fields } => fields,
            _ => Vec::new(),
        };
        let entries = self.settled(self.answered(answer)?, now)?;
        let verdict =
            overall(entries.iter().map(|entry| verdict(&self.advice.least, &entry.action, self.default_level)));
        let sent = entries.iter().find(|entry| entry.direction == Direction::Out);
        let octets_per_packet = sent.map_or(0, |entry| overhead(Bundle::of(&entry.action)));
        Ok(Weighed { fields: self.weighed_fields(&entries), entries, looser, verdict, octets_per_packet })
    }

    fn weighed_fields(&self, entries: &[Entry]) -> Vec<WeighedField> {
        let asked = Spd::compile(self.generation, self.proposed.clone(), Vec::new());
        let current = self.current_spd();
        let held = |entry: &Entry| {
            let place = place_of(entry, entries);
            let against = |spd: &Spd| rows(&place, &ruling(spd, self, entry), entry, self.default_level);
            joined(against(&asked), against(&current))
        };
        entries.iter().flat_map(held).collect()
    }
}

/// Rows of the same field are one.
fn joined(asked: Vec<Difference>, mut current: Vec<Difference>) -> Vec<WeighedField> {
    let held = |row: Difference| Held { value: row.ours, relation: row.relation };
    let mut fields: Vec<WeighedField> = asked
        .into_iter()
        .map(|row| {
            let same = current.iter().position(|other| other.field == row.field).map(|at| current.remove(at));
            let (field, yours) = (row.field.clone(), row.theirs.clone());
            WeighedField { field, yours, theirs: Some(held(row)), current: same.map(held) }
        })
        .collect();
    let rest = current.into_iter().map(|row| WeighedField {
        field: row.field.clone(),
        yours: row.theirs.clone(),
        theirs: None,
        current: Some(held(row)),
    });
    fields.extend(rest);
    fields
}
