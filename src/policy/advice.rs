//! The least protection that we recommend, why, and what it costs (PROTOCOL section 5). `docs/advice.md` has the whole table, which
//! is written by a test here.
//!
//! First, how dangerous it is where both are:
//!
//! | our scope | theirs | danger |
//! | --- | --- | --- |
//! | private | private, by the same evidence | [`Danger::SameNetwork`] |
//! | private | private, by other evidence | [`Danger::OtherNetwork`] |
//! | any | public, unknown, withheld or not asked | [`Danger::Open`] |
//! | public or unknown | any | [`Danger::Open`] |
//!
//! Then [`grade`] by who the peer is and what is said. AH is never recommended: ESP already hides and authenticates what is said, and
//! its keys are the peer's alone. What AH adds, that addresses and ports are authenticated too, keeps nobody from listening or
//! speaking, so `ah` beside `esp` is "more than needed": allowed, and said to cost octets.

use super::{
    compare, Action, Aim, Bundle, Content, Entry, Environment, Guarantee, Intent, Level, Protocol, Relation, Rule,
    Scope, Surroundings, Tightness,
};

/// The least protection that we recommend for a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub least: Action,
    /// One sentence each, ours, no peer text.
    pub why: Vec<String>,
    /// What we infer of a peer that does not tell where it is; no fact.
    pub inference: Option<String>,
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

/// Who the peer is to our user, as far as its keys prove that, and what the ask or call is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    pub relation: Relation,
    pub intent: Intent,
}

/// How dangerous it is where both are, the safest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Danger {
    /// Both on a private network, judged by the same evidence.
    SameNetwork,
    /// Both on a private network, which need not be the same.
    OtherNetwork,
    /// One of them is, or may be, where anybody can listen.
    Open,
}

/// What is recommended, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grade {
    Nothing,
    /// `ipsec esp/transport//use`.
    WherePossible,
    /// `ipsec esp/transport//require`.
    Always,
}

/// Holds `proposed` (a review's entries, both directions) against the least that we recommend.
pub fn advise(
    theirs: &Surroundings,
    ours: &Environment,
    circumstances: Circumstances,
    proposed: &[Entry],
    default_level: Level,
) -> Advice {
    let (danger, reason) = danger(theirs, ours);
    let least = grade(danger, circumstances).action();
    let verdict = overall(proposed.iter().map(|entry| verdict(&least, &entry.action, default_level)));
    let octets = overhead(Bundle::of(&least));
    let inference = match theirs {
        Surroundings::Withheld { inference } => Some(inference.clone()),
        Surroundings::NotAsked | Surroundings::Stated(_) => None,
    };
    let mut why = vec![reason.to_owned()];
    why.extend(
        inference
            .as_ref()
            .filter(|text| !text.is_empty())
            .map(|text| format!("{text} That is no fact, and makes nothing safer.")),
    );
    why.extend(said(circumstances));
    why.extend([cost(&least, octets), held(verdict).to_owned()]);
    Advice { least, why, inference, octets_per_packet: octets, verdict }
}

/// The table: by where both are, what is said and who the peer is; business is one grade more, advertising what is public one less,
/// but not less than where possible where anybody can listen.
pub fn grade(danger: Danger, circumstances: Circumstances) -> Grade {
    use Grade::{Always, Nothing, WherePossible};
    let content = circumstances.intent.content();
    let near = circumstances.relation <= Relation::Friend;
    let stranger = circumstances.relation == Relation::Unknown;
    let grade = match (danger, content) {
        (Danger::SameNetwork, Content::Public | Content::Personal) => Nothing,
        (Danger::SameNetwork, Content::Confidential) if near => WherePossible,
        (Danger::SameNetwork, Content::Confidential) => Always,
        (Danger::OtherNetwork, Content::Public) => WherePossible,
        (Danger::Open, Content::Public) if !stranger => WherePossible,
        (Danger::Open | Danger::OtherNetwork, _) => Always,
    };
    let floor = if danger == Danger::Open { WherePossible } else { Nothing };
    match circumstances.intent.aim() {
        Aim::Business => grade.more(),
        Aim::Advertising if content == Content::Public => grade.less().max(floor),
        Aim::Advertising | Aim::Own | Aim::Private => grade,
    }
}

impl Grade {
    pub fn action(self) -> Action {
        let esp = |level| Action::Ipsec(vec![Rule::transport(Protocol::Esp, level)]);
        match self {
            Self::Nothing => Action::None,
            Self::WherePossible => esp(Level::Use),
            Self::Always => esp(Level::Require),
        }
    }

    fn more(self) -> Self {
        match self {
            Self::Nothing => Self::WherePossible,
            Self::WherePossible | Self::Always => Self::Always,
        }
    }

    fn less(self) -> Self {
        match self {
            Self::Always => Self::WherePossible,
            Self::WherePossible | Self::Nothing => Self::Nothing,
        }
    }
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

/// How dangerous it is, and why. What we infer of a peer that does not tell makes nothing safer.
pub fn danger(theirs: &Surroundings, ours: &Environment) -> (Danger, &'static str) {
    match (theirs, ours.scope) {
        (_, Scope::Public) => (Danger::Open, "You are outside: others can listen to and change what you send."),
        (_, Scope::Unknown) => (Danger::Open, "Nobody knows where you are, so the worst is assumed."),
        (Surroundings::NotAsked, Scope::Private) => {
            (Danger::Open, "The peer's surroundings were not asked for, so the worst is assumed.")
        }
        (Surroundings::Withheld { .. }, Scope::Private) => {
            (Danger::Open, "The peer does not tell where it is, so the worst is assumed.")
        }
        (Surroundings::Stated(theirs), Scope::Private) => stated(theirs, ours),
    }
}

fn stated(theirs: &Environment, ours: &Environment) -> (Danger, &'static str) {
    match theirs.scope {
        Scope::Public => (Danger::Open, "The peer is outside: others can listen to and change what is sent."),
        Scope::Unknown => (Danger::Open, "The peer does not know where it is, so the worst is assumed."),
        Scope::Private if theirs.evidence == ours.evidence => {
            (Danger::SameNetwork, "Both of you are on a private network, judged by the same evidence.")
        }
        Scope::Private => (
            Danger::OtherNetwork,
            "Both of you say private, but by different evidence: it need not be the same network.",
        ),
    }
}

/// What is known of whom and what it is about; nothing of what is only assumed.
fn said(circumstances: Circumstances) -> impl Iterator<Item = String> {
    let who = match circumstances.relation {
        Relation::Unknown => None,
        Relation::Acquaintance => Some("The peer is an acquaintance of yours."),
        Relation::Family => Some("The peer is of your family."),
        Relation::Friend => Some("The peer is a friend of yours."),
        Relation::Own => Some("The peer is a device of your own."),
    };
    let aim = circumstances.intent.purpose.map(|aim| match aim {
        Aim::Advertising => "It is advertising: where all of it is public, one grade less will do.",
        Aim::Business => "It is business, which is one grade more than in private.",
        Aim::Own => "It is your own affair, as private as a talk.",
        Aim::Private => "It is private.",
    });
    let content = circumstances.intent.content.map(|content| match content {
        Content::Confidential => "What is said is confidential, and is to be protected even among yourselves.",
        Content::Personal => "What is said is personal.",
        Content::Public => "What is said may be known to everybody, so less will do.",
    });
    [who, aim, content].into_iter().flatten().map(str::to_owned)
}

/// CPU as measured for voice of 172 octets with ChaCha20-Poly1305 (README, "Built on").
fn cost(least: &Action, octets: u16) -> String {
    let what = match least {
        Action::Ipsec(rules) if rules.iter().all(|rule| rule.level == Level::Use) => {
            "Encryption with authentication (esp) wherever the peer can do it is enough"
        }
        Action::Ipsec(_) => "Encryption with authentication (esp) is enough",
        Action::Discard | Action::None => return "No protection costs nothing.".to_owned(),
    };
    format!("{what}, and adds {octets} octets and about 0.2 µs of CPU to each packet.")
}

fn held(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::BelowAdvice => "The policy under review protects less than that.",
        Verdict::Enough => "The policy under review is just that.",
        Verdict::MoreThanNeeded => "The policy under review protects more than needed.",
    }
}

/// The weakest entry counts: one that is below the advice is a way past all others.
pub fn overall(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::BelowAdvice => 0,
        Verdict::Enough => 1,
        Verdict::MoreThanNeeded => 2,
    };
    verdicts.min_by_key(rank).unwrap_or(Verdict::BelowAdvice)
}

#[cfg(test)]
mod tests;
