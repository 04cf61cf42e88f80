//! Which security protocols a packet is wrapped in, how, and which a policy asks for.

use std::fmt;

use super::{Action, Carried, Entry, Framing, Guarantee, Level, Protocol, Rule};

/// The protocols that serve one direction of a stream; without ESP and AH it is in clear. Outside in: AH, ESP, IPComp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bundle {
    pub esp: bool,
    pub ah: bool,
    /// SRTP with an ordinary telephone, and then nothing else.
    pub srtp: bool,
    /// What makes it neither tighter nor looser.
    pub framing: Framing,
}

impl Bundle {
    pub const NONE: Self = Self { esp: false, ah: false, srtp: false, framing: Framing::PLAIN };
    pub const ESP: Self = Self { esp: true, ..Self::NONE };
    pub const AH: Self = Self { ah: true, ..Self::NONE };
    pub const AH_ESP: Self = Self { esp: true, ah: true, ..Self::NONE };

    pub const SRTP: Self = Self { srtp: true, ..Self::NONE };

    /// Every rule of `action`, whatever its level: where an SA can be had, `use` is served too. ESP serves `srtp`, which is less.
    pub fn of(action: &Action) -> Self {
        Self {
            esp: action.rule(Protocol::Esp).is_some() || action.rule(Protocol::Srtp).is_some(),
            ah: action.rule(Protocol::Ah).is_some(),
            srtp: false,
            framing: Framing::of(action),
        }
    }

    /// The protocols of both, and how both lay them around a packet.
    pub fn with(self, other: Self) -> Self {
        Self {
            esp: self.esp || other.esp,
            ah: self.ah || other.ah,
            srtp: self.srtp || other.srtp,
            framing: self.framing.with(other.framing),
        }
    }

    /// The same of an entry, with the padding that it asks for. An entry that says nothing of it wants padding for sound
    /// whose packets differ in size, because the sizes tell what is said (RFC 6562).
    pub fn of_entry(entry: &Entry, variable_rate: bool) -> Self {
        let mut bundle = Self::of(&entry.action);
        let fits = bundle.esp && !bundle.framing.ipcomp;
        bundle.framing.tfc = fits && entry.tfc.unwrap_or(variable_rate);
        bundle
    }

    /// The action that demands it, in transport mode.
    pub fn required(self) -> Action {
        let rule = |there: bool, protocol| there.then(|| Rule::transport(protocol, Level::Require));
        let rules = [rule(self.srtp, Protocol::Srtp), rule(self.esp, Protocol::Esp), rule(self.ah, Protocol::Ah)];
        Action::ipsec(rules.into_iter().flatten().collect()).unwrap_or(Action::None)
    }

    /// Packets go in clear.
    pub fn is_empty(self) -> bool {
        !self.esp && !self.ah && !self.srtp
    }

    /// Whether its parts fit together: what a peer chose may not.
    pub fn is_sound(self) -> bool {
        let Framing { ipcomp, ipcomp_tunnel, esp_tunnel, ah_tunnel, tfc } = self.framing;
        (self.esp || !esp_tunnel)
            && (self.ah || !ah_tunnel)
            && (ipcomp || !ipcomp_tunnel)
            && (!ipcomp || !self.is_empty())
            && (!self.srtp || Self { srtp: false, ..self } == Self::NONE)
            && (!tfc || self.esp && !ipcomp)
    }

    /// What a packet under this bundle really has.
    pub fn carried(self) -> Carried {
        Carried {
            confidentiality: self.esp,
            payload_integrity: self.esp || self.ah,
            header_integrity: self.ah,
            sealed: self.esp || self.srtp,
        }
    }

    /// The rules of `demanded` that insist and that this bundle does not satisfy, inside out. A rule is
    /// satisfied by what it guarantees, not by its name. `discard` demands no rule: ask for it first.
    pub fn missing_for(self, demanded: &Action, default_level: Level) -> Vec<Rule> {
        let carried = self.carried();
        let unmet = |rule: &&Rule| !Guarantee::of_rule(rule, default_level).accepts(&carried);
        demanded.resolved(default_level).rules().iter().filter(unmet).cloned().collect()
    }
}

/// `none`, `esp`, `ah+esp`, `esp/tunnel`, `ah+esp+ipcomp`, `esp+tfc`: outside in.
impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Framing { ipcomp, ipcomp_tunnel, esp_tunnel, ah_tunnel, tfc } = self.framing;
        let named = |there: bool, name: &'static str, tunnel: bool| {
            there.then(|| if tunnel { format!("{name}/tunnel") } else { name.to_owned() })
        };
        let parts = [
            named(self.ah, "ah", ah_tunnel),
            named(self.esp, "esp", esp_tunnel),
            named(self.srtp, "srtp", false),
            named(ipcomp, "ipcomp", ipcomp_tunnel),
            named(tfc, "tfc", false),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "none".to_owned() } else { parts.join("+") }.as_str())
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
        let all = bundle("ipsec ipcomp/tunnel/::1-::2/use esp/tunnel/::1-::2/use ah/transport//require");
        assert_eq!(all.to_string(), "ah+esp/tunnel+ipcomp/tunnel");
        assert!(all.is_sound());
    }

    #[test]
    fn padding_is_for_esp_alone_and_by_itself_for_variable_rates() {
        let padded = |text: &str, tfc: Option<bool>, variable: bool| {
            let entry =
                Entry::new(super::super::Selector::ANY, super::super::Direction::Out, parse_action(text).unwrap());
            let bundle = Bundle::of_entry(&Entry { tfc, ..entry }, variable);
            assert!(bundle.is_sound(), "{bundle}");
            bundle.framing.tfc
        };
        let esp = "ipsec esp/transport//require";
        assert!(padded(esp, Some(true), false) && padded(esp, None, true));
        assert!(!padded(esp, None, false) && !padded(esp, Some(false), true));
        assert!(!padded("ipsec ipcomp/transport//use esp/transport//require", Some(true), true));
        assert!(!padded("ipsec ah/transport//require", Some(true), true) && !padded("none", Some(true), true));
    }

    #[test]
    fn parts_that_do_not_fit_together_are_known() {
        let framing = |change: fn(&mut Framing)| {
            let mut framing = Framing::PLAIN;
            change(&mut framing);
            framing
        };
        let bad = [
            Bundle { framing: framing(|f| f.esp_tunnel = true), ..Bundle::AH },
            Bundle { framing: framing(|f| f.ah_tunnel = true), ..Bundle::ESP },
            Bundle { framing: framing(|f| f.ipcomp_tunnel = true), ..Bundle::ESP },
            Bundle { framing: framing(|f| f.ipcomp = true), ..Bundle::NONE },
            Bundle { framing: framing(|f| f.tfc = true), ..Bundle::AH },
            Bundle { framing: framing(|f| (f.tfc, f.ipcomp) = (true, true)), ..Bundle::ESP },
        ];
        assert!(bad.iter().all(|bundle| !bundle.is_sound()));
    }

    #[test]
    fn what_is_missing_is_what_insists_and_is_not_met() {
        let demanded = parse_action("ipsec esp/transport//default ah/transport//use").unwrap();
        let missing = |bundle: Bundle, level| {
            bundle.missing_for(&demanded, level).iter().map(Rule::to_string).collect::<Vec<_>>()
        };
        assert_eq!(missing(Bundle::default(), Level::Require), ["esp/transport//require"]);
        assert_eq!(missing(Bundle::default(), Level::Use), [""; 0]);
        assert_eq!(missing(Bundle::ESP, Level::Require), [""; 0]);
        assert_eq!(missing(Bundle::AH, Level::Require), ["esp/transport//require"]);
    }
}
