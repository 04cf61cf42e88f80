//! What becomes of a review when its user has answered.

use super::cut::{cut_to, scope};
use super::differences::ruling;
use super::{Answer, Approved, ApprovedPeer, Decision, KeyState, Proposed, Review, ReviewKind};
use crate::policy::{
    both_directions, compare_sets, tighten, Action, Bundle, Direction, Entry, Guarantee, Mode, Origin, PieceDifference,
    Protocol, Rule, RulesError, Selector, Spd, Suite, TooManyPieces, View,
};
use crate::vocab::{EntryId, Failure, FailureKind, Fingerprint, Wall};

/// Why an answer cannot be acted on. The review stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("{field}: it has expired already")]
    Expired { field: String },
    #[error("another key is pinned for this peer, {pinned}")]
    KeyChanged { pinned: Fingerprint },
    #[error("the answer has no entry")]
    Nothing,
    #[error("{words}")]
    NotBetweenUs { words: String },
    #[error("the action needs {0}")]
    Rules(#[from] RulesError),
    #[error("{field}: {rule} ends neither at the two of you nor at a gateway that you approved")]
    TunnelElsewhere { field: String, rule: Rule, fits: Rule },
    #[error("{field}: padding (tfc=on) needs esp, and no ipcomp beside it")]
    Padding { field: String },
    #[error(transparent)]
    TooManyPieces(#[from] TooManyPieces),
    #[error("{field}: the peer does not support {what}")]
    UnsupportedByPeer { field: String, what: String },
}

impl AnswerError {
    /// `subject` names the peer or the option.
    pub fn failure(&self, subject: &str) -> Failure {
        let (kind, code, next) = match self {
            Self::KeyChanged { .. } => (
                FailureKind::Trust,
                "key-changed",
                "compare fingerprints with the peer, then accept the new key by name or refuse",
            ),
            Self::UnsupportedByPeer { .. } => (
                FailureKind::RefusedByPolicy,
                "unsupported",
                "use what the peer says that it supports, as esp in transport mode with a suite of the peer's",
            ),
            Self::TunnelElsewhere { fits, .. } => {
                let next = format!("write {fits}, or use transport mode; a gateway is asked and approved before");
                return Failure::new(FailureKind::RefusedByPolicy, "tunnel-elsewhere", self.to_string(), subject, next);
            }
            Self::Padding { .. } => (
                FailureKind::Usage,
                "bad-answer",
                "leave tfc=on out, or ask for esp and not for ipcomp; nothing was changed",
            ),
            Self::Expired { .. }
            | Self::Nothing
            | Self::NotBetweenUs { .. }
            | Self::Rules(_)
            | Self::TooManyPieces(_) => (
                FailureKind::Usage,
                "bad-answer",
                "give entries for packets between the two of you, as: spdadd any any udp -P out none;",
            ),
        };
        Failure::new(kind, code, self.to_string(), subject, next)
    }
}

/// Most fields that a [`Decision::Looser`] names.
const MAX_FIELDS: usize = 16;

impl Review {
    /// Acts on the user's answer. What is at least as tight as the peer asks on every piece of its policy, and
    /// within what both sides can do, is approved; what is looser anywhere, or incomparable, has to be negotiated first.
    ///
    /// A proposal of the peer is accepted as it is or not at all: whatever else is answered is a counter-proposal, or, to
    /// what the peer countered with, another proposal.
    pub fn answer(&self, answer: &Answer, now: Wall) -> Result<Decision, AnswerError> {
        let (answer, ask_peer) = match answer {
            Answer::Propose { answer, note } => (answer.as_ref(), Some(note.clone())),
            plain => (plain, None),
        };
        if *answer == Answer::Refuse {
            return Ok(Decision::Refused);
        }
        if let KeyState::Changed { pinned } = self.key_state {
            return Err(AnswerError::KeyChanged { pinned });
        }
        let entries = self.settled(self.answered(answer)?, now)?;
        for entry in &entries {
            padding_fits(entry)?;
            let far = self.beyond(entry.clone());
            self.supported_by_peer(&far)?;
            self.tunnels_between_us(&far)?;
        }
        let fields = match self.kind {
            ReviewKind::Statement => self.looser(&entries, now)?,
            ReviewKind::Counter | ReviewKind::Proposal => self.other(&entries),
        };
        let (peer, generation) = (self.approved_peer(), self.generation);
        Ok(match (fields.is_empty(), self.kind, ask_peer) {
            (true, ..) => Decision::Approved(Approved::of_peer(entries, peer, generation)),
            (false, _, None) => Decision::Looser { fields },
            (false, ReviewKind::Proposal, Some(note)) => {
                Decision::Countered { approved: Approved::of_peer(entries, peer, generation), note }
            }
            (false, _, Some(note)) => Decision::Proposed(Proposed { entries, peer, generation, fields, note }),
        })
    }

    /// In which `entries` are other rules than what was put, each direction by itself.
    fn other(&self, entries: &[Entry]) -> Vec<String> {
        let of = |all: &[Entry], direction| {
            let same = all.iter().filter(|entry| entry.direction == direction);
            let mut texts: Vec<String> = same.map(Entry::rule_text).collect();
            texts.sort();
            texts
        };
        let words = |all: &[Entry], direction| {
            let same = all.iter().filter(|entry| entry.direction == direction);
            same.map(|entry| entry.action.to_string()).collect::<Vec<_>>().join(", ")
        };
        let differs = |direction: &Direction| of(entries, *direction) != of(&self.proposed, *direction);
        [Direction::Out, Direction::In]
            .into_iter()
            .filter(differs)
            .map(|way| format!("{way}: you said {}, the peer says {}", words(entries, way), words(&self.proposed, way)))
            .collect()
    }

    /// The rules that the peer insists on and that no entry of ours for it serves today, inside out, as packets of ours have them.
    pub fn missing_rules(&self) -> Vec<Rule> {
        let spd = self.current_spd();
        let lacking = |theirs: &Entry| {
            let ours = self.beyond(ruling(&spd, self, theirs));
            let missing = Bundle::of(&ours.action).missing_for(&theirs.action, self.default_level);
            missing.into_iter().map(|rule| rule.as_sent(theirs.direction)).collect::<Vec<_>>()
        };
        let mut missing: Vec<Rule> = self.proposed.iter().flat_map(lacking).collect();
        missing.sort_by_key(|rule| (rule.protocol, std::cmp::Reverse(rule.level)));
        missing.dedup_by_key(|rule| rule.protocol);
        missing
    }

    /// The answer that adds `rules`, as packets of ours have them, to what the peer asks and to what was approved for it before, in one step.
    pub fn tightened_to(&self, rules: &[Rule]) -> Answer {
        let join = |sum: Action, action: &Action| tighten(&sum, action, self.default_level);
        let before = self.current.iter().filter(|entry| entry.peer == scope(&self.statement));
        let as_out = |entry: &Entry| match entry.direction {
            Direction::In => entry.action.mirror(),
            Direction::Out => entry.action.clone(),
        };
        let all: Vec<Action> = self.proposed.iter().chain(before).map(as_out).collect();
        let asked = all.iter().fold(Action::None, join);
        let single = |rule: &Rule| Action::Ipsec(vec![rule.clone()]);
        Answer::Rules(rules.iter().map(single).fold(asked, |sum, action| join(sum, &action)))
    }

    pub(super) fn answered(&self, answer: &Answer) -> Result<Vec<Entry>, AnswerError> {
        match answer {
            Answer::Approve => Ok(self.proposed.clone()),
            Answer::Edit(entries) => self.edited(entries),
            Answer::Propose { answer, .. } => self.answered(answer),
            Answer::Refuse => Err(AnswerError::Nothing),
            Answer::Rules(action) => {
                // Written as for packets of ours: a tunnel's ends change places on the way back.
                let towards = |direction| if direction == Direction::In { action.mirror() } else { action.clone() };
                let with = |entry: &Entry| Entry { action: towards(entry.direction), ..entry.clone() };
                Ok(self.proposed.iter().map(with).collect())
            }
        }
    }

    /// The user's own entries, cut to the two ends as the peer's are.
    fn edited(&self, entries: &[Entry]) -> Result<Vec<Entry>, AnswerError> {
        let mut edited = Vec::new();
        for entry in both_directions(entries.to_vec()) {
            let suites = if entry.suites.is_empty() { self.stated_suites(entry.direction) } else { &entry.suites };
            let entry = Entry { suites: suites.to_vec(), ..entry };
            match cut_to(entry, self.ends) {
                (Some(entry), _) => edited.push(entry),
                (None, words) => return Err(AnswerError::NotBetweenUs { words: words.unwrap_or_default() }),
            }
        }
        edited.sort_by_key(|entry| entry.direction == Direction::In);
        Ok(edited)
    }

    /// What only an approval can say is said here, whatever the entries claimed.
    pub(super) fn settled(&self, entries: Vec<Entry>, now: Wall) -> Result<Vec<Entry>, AnswerError> {
        if entries.is_empty() {
            return Err(AnswerError::Nothing);
        }
        let place = self.proposed.first().and_then(|entry| entry.place);
        let settle = |entry: Entry| {
            let action = match entry.action.resolved(self.default_level) {
                Action::Ipsec(rules) => Action::ipsec(rules)?,
                plain => plain,
            };
            if entry.expired(now) {
                return Err(AnswerError::Expired { field: format!("{} expiry", entry.direction) });
            }
            let (peer, origin) = (scope(&self.statement), Origin::Review);
            Ok(Entry { id: EntryId::default(), action, peer, place, origin, created: now, disabled: false, ..entry })
        };
        entries.into_iter().map(settle).collect()
    }

    fn supported_by_peer(&self, entry: &Entry) -> Result<(), AnswerError> {
        let supports = &self.statement.supports;
        let lacks = |field: String, what: String| Err(AnswerError::UnsupportedByPeer { field, what });
        for Rule { protocol, mode, .. } in entry.action.rules() {
            if !supports.protocols.contains(protocol) {
                return lacks(format!("{} protocol", entry.direction), protocol.to_string());
            }
            if *mode != Mode::Transport && !supports.tunnel {
                return lacks(format!("{} {protocol} mode", entry.direction), "tunnel mode".to_owned());
            }
        }
        let wanted = if entry.suites.is_empty() { &Suite::ALL[..] } else { &entry.suites };
        let served = wanted.iter().any(|suite| supports.suites.contains(suite));
        if entry.action.rule(Protocol::Esp).is_some() && !served {
            let names: Vec<&str> = wanted.iter().map(|suite| suite.name()).collect();
            return lacks(format!("{} suites", entry.direction), names.join(", "));
        }
        Ok(())
    }

    fn tunnels_between_us(&self, entry: &Entry) -> Result<(), AnswerError> {
        match entry.tunnel_elsewhere(self.ends.0, self.ends.1) {
            None => Ok(()),
            Some((rule, fits)) => {
                let field = format!("{} {} mode", entry.direction, rule.protocol);
                Err(AnswerError::TunnelElsewhere { field, rule: rule.clone(), fits })
            }
        }
    }

    fn stated_suites(&self, direction: Direction) -> &[Suite] {
        let stated = self.proposed.iter().find(|entry| entry.direction == direction);
        stated.map_or(&[], |entry| &entry.suites)
    }

    /// The fields in which `entries` fall short of what the peer asks. What they leave out falls back to an
    /// entry of ours that nobody has compared, and so counts as unprotected.
    fn looser(&self, entries: &[Entry], now: Wall) -> Result<Vec<String>, AnswerError> {
        let open = || vec![Entry::new(Selector::ANY, Direction::Out, Action::None)];
        let forever = |entry: &Entry| Entry { expires: None, ..entry.clone() };
        let asked: Vec<Entry> = self.proposed.iter().map(forever).collect();
        // A gateway's tunnel gives the peer nothing of what it asks.
        let far = entries.iter().map(|entry| self.beyond(entry.clone())).collect();
        let p = Spd::compile(self.generation, far, open());
        let q = Spd::compile(self.generation, asked.clone(), open());
        let view = View { peer: Some(self.peer()), ends: Some(self.ends), default_level: self.default_level, now };
        let mut fields: Vec<String> = Vec::new();
        for short in compare_sets(&p, &q, &view)?.iter().filter(|difference| !difference.relation.at_least()) {
            let direction = short.piece.direction;
            let several = |all: &[Entry]| all.iter().filter(|entry| entry.direction == direction).count() > 1;
            let place =
                if several(entries) || several(&asked) { short.piece.to_string() } else { direction.to_string() };
            for words in self.shortfall(&place, short) {
                if !fields.contains(&words) && fields.len() < MAX_FIELDS {
                    fields.push(words);
                }
            }
        }
        Ok(fields)
    }

    fn shortfall(&self, place: &str, short: &PieceDifference<'_>) -> Vec<String> {
        let (yours, asked) = (&short.p.action, &short.q.action);
        if short.p.peer.is_everybody() {
            return vec![format!("{}: your entries leave these packets out, the peer asks {asked}", short.piece)];
        }
        if *asked == Action::Discard || *yours == Action::None {
            return vec![format!("{place} action: you said {yours}, the peer asks {asked}")];
        }
        let promised = Guarantee::of(yours, self.default_level);
        let unmet = |rule: &&Rule| !promised.at_least_as_tight_as(&Guarantee::of_rule(rule, self.default_level));
        let words = |rule: &Rule| match yours.rule(rule.protocol) {
            Some(said) => {
                format!("{place} {} level: you said {}, the peer asks {}", rule.protocol, said.level, rule.level)
            }
            None => format!("{place} {}: you left it out, the peer asks {}", rule.protocol, rule.level),
        };
        asked.rules().iter().filter(unmet).map(words).collect()
    }

    fn approved_peer(&self) -> ApprovedPeer {
        ApprovedPeer {
            entity: self.statement.entity.clone(),
            device: self.statement.device.clone(),
            signing_key: self.statement.signing_key,
            agreement_key: self.statement.agreement_key,
        }
    }
}

/// Padding is ESP's (RFC 4303 section 2.7), and hides no sizes where packets are compressed: approved, it would be passed over.
pub(super) fn padding_fits(entry: &Entry) -> Result<(), AnswerError> {
    let fits = entry.action.rule(Protocol::Esp).is_some() && entry.action.rule(Protocol::Ipcomp).is_none();
    if entry.tfc == Some(true) && !fits {
        return Err(AnswerError::Padding { field: format!("{} tfc", entry.direction) });
    }
    Ok(())
}
