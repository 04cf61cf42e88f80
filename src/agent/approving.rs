//! Reviews that a rule approves without asking: those of the configuration first, in their order, then what the peer's group says.

use super::reviews::Opening;
use super::{Agent, Event};
use crate::policy::{Answer, ApprovalRule, KeyState, ReviewKind, Whom};
use crate::vocab::{Now, ReviewId};

/// By whom a review was answered that a rule approved.
const BY: &str = "rule";

impl Agent {
    /// Approves it if a rule says so. Whether one did: what the answer came to is told as any other's.
    pub(super) fn approve_by_rule(&mut self, now: Now, id: ReviewId) -> bool {
        let Some(rule) = self.rule_for(now, id) else { return false };
        if let Some(reviewing) = self.reviews.all.get_mut(&id) {
            reviewing.open.rule = Some(rule);
        }
        let approved = self.answer_review(now, id, Answer::Approve, BY).is_ok();
        if let Some(reviewing) = self.reviews.all.get_mut(&id).filter(|_| !approved) {
            reviewing.open.rule = None;
            self.event(Event::ReviewChanged(id));
        }
        approved
    }

    /// The name of the first rule that approves it.
    fn rule_for(&self, now: Now, id: ReviewId) -> Option<String> {
        let reviewing = self.reviews.all.get(&id).filter(|reviewing| reviewing.is_open())?;
        let (review, opening) = (&reviewing.open.review, reviewing.opening());
        // A call that was refused is mended by its user, and what is looser is for him to agree to.
        if !opening.missing.is_empty() || review.kind != ReviewKind::Statement {
            return None;
        }
        if review.loosens(self.book.spd(), now.wall) {
            return None;
        }
        let group = self.proven_group(opening);
        let whom = Whom { group: group.as_deref(), relation: review.circumstances.relation };
        let configured = self.config.prompts.approvals.iter().find(|rule| rule.approves(review, whom));
        if let Some(rule) = configured {
            return Some(format!("\"{}\"", crate::vocab::escape(&rule.name)));
        }
        let of_group = self.group_rule(group.as_deref()?)?;
        of_group.approves(review, whom).then_some(of_group.name)
    }

    fn proven_group(&self, opening: &Opening) -> Option<String> {
        let proven = matches!(opening.key_state, KeyState::Pinned | KeyState::Verified);
        self.group_named_of(&opening.statement.entity).filter(|_| proven)
    }

    fn group_rule(&self, group: &str) -> Option<ApprovalRule> {
        Some(ApprovalRule {
            name: format!("of group {group}"),
            groups: vec![group.to_owned()],
            relations: Vec::new(),
            ours: Vec::new(),
            theirs: Vec::new(),
            least: self.address_book.group(group)?.approve.clone()?,
            new_keys: false,
        })
    }
}
