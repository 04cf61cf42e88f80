//! Which security protocols a packet is wrapped in, and which a policy asks for.

use std::fmt;

use super::{Action, Carried, Guarantee, Level, Protocol, Rule};

/// The protocols that serve one direction of a stream; both false is in clear. Outside in: AH, ESP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bundle {
    pub esp: bool,
    pub ah: bool,
}

impl Bundle {
    /// Every rule of `action`, whatever its level: where an SA can be had, `use` is served too.
    pub fn of(action: &Action) -> Self {
        Self { esp: action.rule(Protocol::Esp).is_some(), ah: action.rule(Protocol::Ah).is_some() }
    }

    /// The protocols of both.
    pub fn with(self, other: Self) -> Self {
        Self { esp: self.esp || other.esp, ah: self.ah || other.ah }
    }

    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What a packet under this bundle really has.
    pub fn carried(self) -> Carried {
        Carried { confidentiality: self.esp, payload_integrity: self.esp || self.ah, header_integrity: self.ah }
    }

    /// The rules of `demanded` that insist and that this bundle does not satisfy, inside out. A rule is
    /// satisfied by what it guarantees, not by its name. `discard` demands no rule: ask for it first.
    pub fn missing_for(self, demanded: &Action, default_level: Level) -> Vec<Rule> {
        let carried = self.carried();
        let unmet = |rule: &&Rule| !Guarantee::of_rule(rule, default_level).accepts(&carried);
        demanded.resolved(default_level).rules().iter().filter(unmet).cloned().collect()
    }
}

/// `none`, `esp`, `ah` or `ah+esp`.
impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.ah, self.esp) {
            (false, false) => "none",
            (false, true) => "esp",
            (true, false) => "ah",
            (true, true) => "ah+esp",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::setkey::parse_action;

    fn bundle(text: &str) -> Bundle {
        Bundle::of(&parse_action(text).unwrap())
    }

    #[test]
    fn a_bundle_serves_every_rule() {
        assert_eq!(bundle("none").to_string(), "none");
        assert_eq!(bundle("ipsec esp/transport//use").to_string(), "esp");
        assert_eq!(bundle("ipsec esp/transport//use ah/transport//require").to_string(), "ah+esp");
    }

    #[test]
    fn what_is_missing_is_what_insists_and_is_not_met() {
        let demanded = parse_action("ipsec esp/transport//default ah/transport//use").unwrap();
        let missing = |bundle: Bundle, level| {
            bundle.missing_for(&demanded, level).iter().map(Rule::to_string).collect::<Vec<_>>()
        };
        assert_eq!(missing(Bundle::default(), Level::Require), ["esp/transport//require"]);
        assert_eq!(missing(Bundle::default(), Level::Use), [""; 0]);
        assert_eq!(missing(Bundle { esp: true, ah: false }, Level::Require), [""; 0]);
        assert_eq!(missing(Bundle { esp: false, ah: true }, Level::Require), ["esp/transport//require"]);
    }
}
