use std::collections::BTreeMap;

use super::message::{Fragment, Message};

/// Octets of the longest message that is put together: a chain of certificates that nobody needs.
const MAX_LEN: usize = 8192;

/// Messages ahead of the one that is due that are kept.
const MAX_AHEAD: u16 = 8;

/// Puts messages together out of their pieces, in their order (RFC 6347 section 4.2.3).
#[derive(Default)]
pub(super) struct Assembly {
    due: u16,
    parts: BTreeMap<u16, Part>,
}

struct Part {
    message: Message,
    /// Which octets came.
    came: Vec<bool>,
}

impl Part {
    fn is_of(&self, fragment: &Fragment<'_>) -> bool {
        self.message.kind == fragment.kind && self.message.body.len() == fragment.len
    }
}

impl Assembly {
    /// `false`: it is of a message that was taken before, and its sender has not heard of that.
    pub(super) fn add(&mut self, fragment: &Fragment<'_>) -> bool {
        let Some(ahead) = fragment.sequence.checked_sub(self.due) else { return false };
        if ahead >= MAX_AHEAD || fragment.len > MAX_LEN {
            return true;
        }
        // One of both is somebody else's; the sender says his again.
        if self.parts.get(&fragment.sequence).is_some_and(|part| !part.is_of(fragment)) {
            self.parts.remove(&fragment.sequence);
        }
        let part = self.parts.entry(fragment.sequence).or_insert_with(|| Part {
            message: Message { kind: fragment.kind, sequence: fragment.sequence, body: vec![0; fragment.len] },
            came: vec![false; fragment.len],
        });
        let range = fragment.offset..fragment.offset + fragment.body.len();
        if let (Some(body), Some(came)) = (part.message.body.get_mut(range.clone()), part.came.get_mut(range)) {
            body.copy_from_slice(fragment.body);
            came.fill(true);
        }
        true
    }

    /// How many messages were taken and not given back.
    pub(super) fn taken(&self) -> u16 {
        self.due
    }

    /// It was none of the sender's, or wrong: it may come once more.
    pub(super) fn give_back(&mut self, sequence: u16) {
        self.due = sequence;
    }

    /// The one that is due, when it is whole.
    pub(super) fn take(&mut self) -> Option<Message> {
        self.parts.get(&self.due).filter(|part| part.came.iter().all(|came| *came))?;
        let part = self.parts.remove(&self.due)?;
        self.due = self.due.checked_add(1)?;
        Some(part.message)
    }
}
