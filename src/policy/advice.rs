//! The least protection that we recommend, why, and what it costs (PROTOCOL section 5).
//!
//! | our scope | theirs | recommended |
//! | --- | --- | --- |
//! | private | private, by the same evidence | `none` |
//! | private | private, by other evidence | `ipsec esp/transport//require` |
//! | any | public, unknown, withheld or not asked | `ipsec esp/transport//require` |
//! | public or unknown | any | `ipsec esp/transport//require` |
//!
//! AH is never recommended: ESP already hides and authenticates what is said, and its keys are the peer's
//! alone. What AH adds, that addresses and ports are authenticated too, keeps nobody from listening or speaking,
//! so `ah` beside `esp` is "more than needed": allowed, and said to cost octets.

use super::{
    compare, Action, Bundle, Entry, Environment, Guarantee, Level, Protocol, Rule, Scope, Surroundings, Tightness,
};

/// The least protection that we recommend for a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub least: Action,
    /// One sentence each, ours, no peer text.
    pub why: Vec<String>,
    /// Octets that the recommended protection adds to each packet, padding left out.
    pub octets_per_packet: u16,
    pub verdict: Verdict,
}

/// The policy under review, held against the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    BelowAdvice,
    Enough,
    MoreThanNeeded,
}

/// Holds `proposed` (a review's entries, both directions) against the least that we recommend.
pub fn advise(theirs: &Surroundings, ours: &Environment, proposed: &[Entry], default_level: Level) -> Advice {
    let (protect, reason) = reason(theirs, ours);
    let least =
        if protect { Action::Ipsec(vec![Rule::transport(Protocol::Esp, Level::Require)]) } else { Action::None };
    let verdict = overall(proposed.iter().map(|entry| verdict(&least, &entry.action, default_level)));
    let octets = overhead(Bundle::of(&least));
    let why = vec![reason.to_owned(), cost(&least, octets), held(verdict).to_owned()];
    Advice { least, why, octets_per_packet: octets, verdict }
}

/// One action held against a recommendation. What is merely different from it lacks something of it.
pub fn verdict(least: &Action, action: &Action, default_level: Level) -> Verdict {
    match compare(&Guarantee::of(action, default_level), &Guarantee::of(least, default_level)) {
        Tightness::Incomparable | Tightness::Looser => Verdict::BelowAdvice,
        Tightness::Same => Verdict::Enough,
        Tightness::Tighter => Verdict::MoreThanNeeded,
    }
}

/// Octets that a bundle adds to each UDP datagram (PROTOCOL section 8), without ESP's 0 to 3 octets of padding.
pub fn overhead(bundle: Bundle) -> u16 {
    /// SPI 4, sequence number 4, IV 8, pad length and next header 2, ICV 16.
    const ESP: u16 = 34;
    /// Copy of the SPI 4, fixed header 12, ICV 16.
    const AH: u16 = 32;
    /// The UDP header of the media flow, inside.
    const INNER_UDP: u16 = 8;
    let part = |there: bool, octets: u16| if there { octets } else { 0 };
    part(bundle.esp, ESP) + part(bundle.ah, AH) + part(!bundle.is_empty(), INNER_UDP)
}

/// Whether to protect, and why.
fn reason(theirs: &Surroundings, ours: &Environment) -> (bool, &'static str) {
    match (theirs, ours.scope) {
        (_, Scope::Public) => (true, "You are outside: others can listen to and change what you send."),
        (_, Scope::Unknown) => (true, "Nobody knows where you are, so the worst is assumed."),
        (Surroundings::NotAsked, Scope::Private) => {
            (true, "The peer's surroundings were not asked for, so the worst is assumed.")
        }
        (Surroundings::Withheld { .. }, Scope::Private) => {
            (true, "The peer does not tell where it is, so the worst is assumed.")
        }
        (Surroundings::Stated(theirs), Scope::Private) => stated(theirs, ours),
    }
}

fn stated(theirs: &Environment, ours: &Environment) -> (bool, &'static str) {
    match theirs.scope {
        Scope::Public => (true, "The peer is outside: others can listen to and change what is sent."),
        Scope::Unknown => (true, "The peer does not know where it is, so the worst is assumed."),
        Scope::Private if theirs.evidence == ours.evidence => {
            (false, "Both of you are on a private network, judged by the same evidence.")
        }
        Scope::Private => {
            (true, "Both of you say private, but by different evidence: it need not be the same network.")
        }
    }
}

fn cost(least: &Action, octets: u16) -> String {
    match least {
        Action::None => "No protection costs nothing.".to_owned(),
        _ => format!("Encryption with authentication (esp) is enough, and adds {octets} octets to each packet."),
    }
}

fn held(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::BelowAdvice => "The policy under review protects less than that.",
        Verdict::Enough => "The policy under review is just that.",
        Verdict::MoreThanNeeded => "The policy under review protects more than needed.",
    }
}

/// The weakest entry counts: one that is below the advice is a way past all others.
fn overall(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::BelowAdvice => 0,
        Verdict::Enough => 1,
        Verdict::MoreThanNeeded => 2,
    };
    verdicts.min_by_key(rank).unwrap_or(Verdict::BelowAdvice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::setkey::{parse, parse_action};
    use crate::policy::Evidence;

    fn at(scope: Scope, evidence: Evidence) -> Environment {
        Environment { scope, evidence, address: None }
    }

    fn advised(theirs: Surroundings, ours: Environment, action: &str) -> (String, Verdict) {
        let proposed = parse(&format!("spdadd any any any -P out {action}")).unwrap();
        let advice = advise(&theirs, &ours, &proposed, Level::Require);
        (advice.least.to_string(), advice.verdict)
    }

    #[test]
    fn every_row_of_the_table() {
        let (none, esp) = ("none", "ipsec esp/transport//require");
        let office = at(Scope::Private, Evidence::Address);
        let withheld = Surroundings::Withheld { inference: String::new() };
        let rows = [
            (Surroundings::Stated(office), office, none),
            (Surroundings::Stated(office), at(Scope::Private, Evidence::Network), esp),
            (Surroundings::Stated(at(Scope::Public, Evidence::User)), office, esp),
            (Surroundings::Stated(at(Scope::Unknown, Evidence::Address)), office, esp),
            (withheld, office, esp),
            (Surroundings::NotAsked, office, esp),
            (Surroundings::Stated(office), at(Scope::Public, Evidence::Address), esp),
            (Surroundings::Stated(office), at(Scope::Unknown, Evidence::Address), esp),
        ];
        for (theirs, ours, least) in rows {
            assert_eq!(advised(theirs, ours, none).0, least);
        }
    }

    #[test]
    fn the_verdict_compares_guarantees() {
        let least = parse_action("ipsec esp/transport//require").unwrap();
        let verdict = |text: &str| verdict(&least, &parse_action(text).unwrap(), Level::Require);
        assert_eq!(verdict("none"), Verdict::BelowAdvice);
        assert_eq!(verdict("ipsec esp/transport//use"), Verdict::BelowAdvice);
        assert_eq!(verdict("ipsec ah/transport//require"), Verdict::BelowAdvice);
        assert_eq!(verdict("ipsec esp/transport//default"), Verdict::Enough);
        assert_eq!(verdict("ipsec ah/transport//require esp/transport//require"), Verdict::MoreThanNeeded);
    }

    #[test]
    fn the_weakest_direction_is_judged() {
        let office = at(Scope::Private, Evidence::Address);
        let proposed = parse("spdadd any any any -P out discard spdadd any any any -P in none").unwrap();
        assert_eq!(advise(&Surroundings::Stated(office), &office, &proposed, Level::Use).verdict, Verdict::Enough);
        assert_eq!(advise(&Surroundings::NotAsked, &office, &proposed, Level::Use).verdict, Verdict::BelowAdvice);
        assert_eq!(advise(&Surroundings::NotAsked, &office, &[], Level::Use).verdict, Verdict::BelowAdvice);
    }

    #[test]
    fn costs_are_those_of_the_framing() {
        let octets = |esp, ah| overhead(Bundle { esp, ah, ..Bundle::NONE });
        assert_eq!(
            (octets(false, false), octets(true, false), octets(false, true), octets(true, true)),
            (0, 42, 40, 74)
        );
    }
}
