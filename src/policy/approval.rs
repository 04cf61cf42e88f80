//! Rules by which a review is approved without asking (PROTOCOL section 5): only what is at least as tight as they say.

use super::advice::Verdict;
use super::{at_least_as_tight, Action, Guarantee, KeyState, Relation, Review, Scope, Spd, Surroundings, View};
use crate::vocab::{EntryId, Wall};

/// One rule. It speaks of a review when everything that it names fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRule {
    /// For the user, in the review and in the audit table.
    pub name: String,
    /// Contact groups by name; with `relations` empty too, everybody.
    pub groups: Vec<String>,
    pub relations: Vec<Relation>,
    /// Our scopes, and the peer's as it states them; none named: any that was stated.
    pub ours: Vec<Scope>,
    pub theirs: Vec<Scope>,
    /// What the peer asks is at least as tight as this, in every entry.
    pub least: Action,
    /// Keys that were never seen are pinned by it too.
    pub new_keys: bool,
}

/// Who the peer is, as far as its keys prove it.
#[derive(Clone, Copy, Debug)]
pub struct Whom<'a> {
    pub group: Option<&'a str>,
    pub relation: Relation,
}

impl ApprovalRule {
    /// Whether the policy under review, as the peer asks for it, is approved by this rule. Never with a changed key; never where the
    /// surroundings were not asked for or are withheld (PROTOCOL section 4); never below the advice. What [`Review::loosens`] an entry of
    /// our user's is not for any rule to approve.
    pub fn approves(&self, review: &Review, whom: Whom<'_>) -> bool {
        self.trusts(review.key_state)
            && self.speaks_of(whom)
            && self.fits_place(review)
            && review.advice.verdict != Verdict::BelowAdvice
            && self.is_tight_enough(review)
    }

    fn trusts(&self, keys: KeyState) -> bool {
        match keys {
            KeyState::Accepted { .. } | KeyState::Changed { .. } => false,
            KeyState::New => self.new_keys,
            KeyState::Pinned | KeyState::Verified => true,
        }
    }

    fn speaks_of(&self, whom: Whom<'_>) -> bool {
        let named = self.groups.iter().any(|group| whom.group == Some(group));
        let everybody = self.groups.is_empty() && self.relations.is_empty();
        everybody || named || self.relations.contains(&whom.relation)
    }

    fn fits_place(&self, review: &Review) -> bool {
        let fits = |scopes: &[Scope], scope| scopes.is_empty() || scopes.contains(&scope);
        let Surroundings::Stated(theirs) = &review.surroundings else { return false };
        fits(&self.ours, review.own_environment.scope) && fits(&self.theirs, theirs.scope)
    }

    fn is_tight_enough(&self, review: &Review) -> bool {
        let level = review.default_level();
        let least = Guarantee::of(&self.least, level);
        let tight = |action: &Action| Guarantee::of(action, level).at_least_as_tight_as(&least);
        !review.proposed.is_empty() && review.proposed.iter().all(|entry| tight(&entry.action))
    }
}

impl Review {
    /// Whether approving it as it is would loosen anywhere what `own` says for this peer, for whomever its entries are: the user wrote or
    /// approved them. The default alone is what a rule is there to make an exception of.
    pub fn loosens(&self, own: &Spd, now: Wall) -> bool {
        let (entity, device) = (&self.statement.entity, &self.statement.device);
        let peer = Some((entity, device));
        let before = own.between(peer, self.ends());
        let replaced: Vec<EntryId> = own.entries_of(entity, device).map(|entry| entry.id).collect();
        let after = before.changed(self.generation, &replaced, self.proposed.clone());
        let view = View { peer, ends: Some(self.ends()), default_level: self.default_level(), now };
        !at_least_as_tight(&after, &before, &view)
    }
}
