//! Tighter and looser (PROTOCOL section 2.1): what an action promises, and how two promises compare.

use std::cmp::Ordering;

use super::{Action, Carried, Level, Protocol, Rule};

/// How one policy compares with another. A preorder: two policies can be incomparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tightness {
    Incomparable,
    Looser,
    Same,
    Tighter,
}

/// How firmly one quality is promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strength {
    #[default]
    Never,
    IfPossible,
    Always,
}

/// What a policy guarantees for one flow and direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Guarantee {
    /// Nothing flows, which is above everything: then all three qualities are [`Strength::Always`].
    pub discard: bool,
    pub confidentiality: Strength,
    pub payload_integrity: Strength,
    /// Of addresses and ports.
    pub header_integrity: Strength,
    /// Encrypted and authenticated, by keys that hops of the signalling may know: what `srtp` insists on, and `esp` has anyway.
    pub sealed: Strength,
}

impl Guarantee {
    /// What `action` promises to a reader whose configured level is `default_level`.
    pub fn of(action: &Action, default_level: Level) -> Self {
        match action {
            Action::Discard => Self::DISCARD,
            Action::None => Self::default(),
            Action::Ipsec(rules) => rules
                .iter()
                .map(|rule| Self::of_rule(rule, default_level))
                .fold(Self::default(), |sum, rule| sum.join(&rule)),
        }
    }

    const DISCARD: Self = Self {
        discard: true,
        confidentiality: Strength::Always,
        payload_integrity: Strength::Always,
        header_integrity: Strength::Always,
        sealed: Strength::Always,
    };

    /// What one rule promises by itself.
    pub fn of_rule(rule: &Rule, default_level: Level) -> Self {
        let strength = match rule.level.resolve(default_level) {
            Level::Use => Strength::IfPossible,
            Level::Default | Level::Require | Level::Unique => Strength::Always,
        };
        match rule.protocol {
            Protocol::Ah => Self { payload_integrity: strength, header_integrity: strength, ..Self::default() },
            Protocol::Esp => {
                Self { confidentiality: strength, payload_integrity: strength, sealed: strength, ..Self::default() }
            }
            // Its keys are only as good as every hop of the signalling: never more than "if possible", whatever the level. What
            // is not sealed at all is dropped under `require` all the same.
            Protocol::Srtp => Self {
                confidentiality: Strength::IfPossible,
                payload_integrity: Strength::IfPossible,
                sealed: strength,
                ..Self::default()
            },
            Protocol::Ipcomp => Self::default(),
        }
    }

    /// True when a packet that really had `carried` may be delivered: every *always* is reached, and something may flow at all.
    pub fn accepts(&self, carried: &Carried) -> bool {
        let reached = |strength: Strength, had: bool| strength < Strength::Always || had;
        !self.discard
            && reached(self.confidentiality, carried.confidentiality)
            && reached(self.payload_integrity, carried.payload_integrity)
            && reached(self.header_integrity, carried.header_integrity)
            && reached(self.sealed, carried.sealed)
    }

    /// The least guarantee that is at least as tight as both.
    pub fn join(&self, other: &Self) -> Self {
        Self {
            discard: self.discard || other.discard,
            confidentiality: self.confidentiality.max(other.confidentiality),
            payload_integrity: self.payload_integrity.max(other.payload_integrity),
            header_integrity: self.header_integrity.max(other.header_integrity),
            sealed: self.sealed.max(other.sealed),
        }
    }

    pub fn at_least_as_tight_as(&self, other: &Self) -> bool {
        compare(self, other).at_least()
    }

    fn parts(&self) -> [u8; 5] {
        let part = |strength: Strength| strength as u8;
        [
            u8::from(self.discard),
            part(self.confidentiality),
            part(self.payload_integrity),
            part(self.header_integrity),
            part(self.sealed),
        ]
    }
}

impl Tightness {
    /// Tighter or the same.
    pub fn at_least(self) -> bool {
        matches!(self, Self::Same | Self::Tighter)
    }
}

/// `a` held against `b`: [`Tightness::Tighter`] means that `a` is the tighter one.
pub fn compare(a: &Guarantee, b: &Guarantee) -> Tightness {
    let (a, b) = (a.parts(), b.parts());
    let any = |order: Ordering| a.iter().zip(&b).any(|(a, b)| a.cmp(b) == order);
    match (any(Ordering::Greater), any(Ordering::Less)) {
        (true, true) => Tightness::Incomparable,
        (true, false) => Tightness::Tighter,
        (false, true) => Tightness::Looser,
        (false, false) => Tightness::Same,
    }
}

/// The loosest action that is at least as tight as both: the rules of both, each at the higher level.
/// Commutative, and idempotent once levels are resolved.
pub fn tighten(a: &Action, b: &Action, default_level: Level) -> Action {
    match (a, b) {
        (Action::Discard, _) | (_, Action::Discard) => Action::Discard,
        (Action::None, other) | (other, Action::None) => other.resolved(default_level),
        (Action::Ipsec(a), Action::Ipsec(b)) => join_rules(a, b, default_level),
    }
}

fn join_rules(a: &[Rule], b: &[Rule], default_level: Level) -> Action {
    let of = |rules: &[Rule], protocol| rules.iter().find(|rule| rule.protocol == protocol).cloned();
    let rules = Protocol::ALL.into_iter().filter_map(|protocol| {
        let (a, b) = (of(a, protocol), of(b, protocol));
        let level = a.iter().chain(&b).map(|rule| rule.level.resolve(default_level)).max()?;
        let mode = a.iter().chain(&b).map(|rule| rule.mode).max()?;
        Some(Rule { protocol, mode, level })
    });
    Action::Ipsec(rules.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::demand::Bundle;
    use crate::policy::strategies::action_of_any as action;

    fn guarantee(text: &str) -> Guarantee {
        Guarantee::of(&crate::policy::setkey::parse_action(text).unwrap(), Level::Require)
    }

    fn tightness(a: &str, b: &str) -> Tightness {
        compare(&guarantee(a), &guarantee(b))
    }

    #[test]
    fn known_comparisons() {
        let (none, esp, ah) = ("none", "ipsec esp/transport//require", "ipsec ah/transport//require");
        let both = "ipsec ah/transport//require esp/transport//require";
        assert_eq!(tightness(esp, none), Tightness::Tighter);
        assert_eq!(tightness(none, esp), Tightness::Looser);
        assert_eq!(tightness(esp, ah), Tightness::Incomparable);
        assert_eq!(tightness(both, ah), Tightness::Tighter);
        assert_eq!(tightness("discard", both), Tightness::Tighter);
        assert_eq!(tightness("ipsec esp/transport//use", esp), Tightness::Looser);
        assert_eq!(tightness("ipsec esp/transport//use", none), Tightness::Tighter);
        assert_eq!(tightness("ipsec esp/transport//unique", esp), Tightness::Same);
        assert_eq!(tightness("ipsec esp/transport//default", esp), Tightness::Same);
        assert_eq!(tightness("ipsec ah/transport//use esp/transport//require", ah), Tightness::Incomparable);
        assert_eq!(tightness("ipsec ipcomp/transport//require esp/transport//require", esp), Tightness::Same);
    }

    /// With keys that every proxy may read it is never as good as ESP; and yet nothing in clear passes where it is required.
    #[test]
    fn srtp_compares_as_if_possible_and_drops_what_is_not_sealed() {
        let (must, may) = ("ipsec srtp/transport//require", "ipsec srtp/transport//use");
        let (esp, esp_may) = ("ipsec esp/transport//require", "ipsec esp/transport//use");
        assert_eq!(tightness(must, esp), Tightness::Looser);
        assert_eq!(tightness(must, "none"), Tightness::Tighter);
        assert_eq!(tightness(must, may), Tightness::Tighter);
        assert_eq!(tightness(may, esp_may), Tightness::Same);
        assert_eq!(tightness(must, "ipsec ah/transport//require"), Tightness::Incomparable);
        let (clear, srtp, sealed) = (Carried::default(), Bundle::SRTP.carried(), Bundle::ESP.carried());
        assert!(!guarantee(must).accepts(&clear) && guarantee(must).accepts(&srtp) && guarantee(must).accepts(&sealed));
        assert!(guarantee(may).accepts(&clear) && guarantee("none").accepts(&srtp));
        assert!(!guarantee(esp).accepts(&srtp) && guarantee(esp_may).accepts(&srtp));
    }

    #[test]
    fn a_packet_needs_every_always_and_nothing_more() {
        let (clear, esp) = (Carried::default(), Bundle::ESP.carried());
        assert!(guarantee("none").accepts(&clear) && guarantee("none").accepts(&esp));
        assert!(!guarantee("ipsec esp/transport//require").accepts(&clear));
        assert!(guarantee("ipsec esp/transport//use").accepts(&clear));
        assert!(!guarantee("ipsec ah/transport//require").accepts(&esp));
        let all = Bundle::AH_ESP.carried();
        assert!(guarantee("ipsec ah/transport//require esp/transport//require").accepts(&all));
        assert!(!guarantee("discard").accepts(&all));
    }

    fn levels() -> impl Strategy<Value = Level> {
        prop_oneof![Just(Level::Use), Just(Level::Require), Just(Level::Unique)]
    }

    proptest! {
        /// The law of PROTOCOL section 2.1 on vectors: what a tighter policy lets out, a looser one lets in.
        #[test]
        fn what_is_sent_under_the_tighter_is_accepted_by_the_looser(p in action(), q in action(), level in levels()) {
            let (gp, gq) = (Guarantee::of(&p, level), Guarantee::of(&q, level));
            for carried in all_carried().filter(|carried| gp.accepts(carried)) {
                prop_assert!(!gp.at_least_as_tight_as(&gq) || gq.accepts(&carried), "{p} {q} {carried:?}");
            }
        }

        #[test]
        fn an_action_always_accepts_its_own_bundle(p in action(), level in levels()) {
            prop_assume!(p != Action::Discard);
            prop_assert!(Guarantee::of(&p, level).accepts(&Bundle::of(&p).carried()));
        }

        #[test]
        fn comparison_is_a_preorder_and_antisymmetric_in_words(p in action(), q in action(), r in action()) {
            let [p, q, r] = [p, q, r].map(|action| Guarantee::of(&action, Level::Require));
            prop_assert_eq!(compare(&p, &p), Tightness::Same);
            prop_assert_eq!(compare(&p, &q) == Tightness::Tighter, compare(&q, &p) == Tightness::Looser);
            if p.at_least_as_tight_as(&q) && q.at_least_as_tight_as(&r) {
                prop_assert!(p.at_least_as_tight_as(&r));
            }
        }

        #[test]
        fn tightening_is_commutative_idempotent_and_never_looser(p in action(), q in action(), level in levels()) {
            let both = tighten(&p, &q, level);
            prop_assert_eq!(&both, &tighten(&q, &p, level));
            prop_assert_eq!(&both, &tighten(&both, &q, level));
            prop_assert_eq!(&both, &tighten(&both, &both, level));
            let sum = Guarantee::of(&p, level).join(&Guarantee::of(&q, level));
            prop_assert_eq!(Guarantee::of(&both, level), sum);
        }
    }

    fn all_carried() -> impl Iterator<Item = Carried> {
        (0..16u8).map(|bits| Carried {
            confidentiality: bits & 1 > 0,
            payload_integrity: bits & 2 > 0,
            header_integrity: bits & 4 > 0,
            sealed: bits & 8 > 0,
        })
    }
}
