use std::fmt;
use std::net::IpAddr;

use super::Direction;

/// What becomes of a packet (item 716).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Discard,
    None,
    /// Rules inside out: srtp, ipcomp, esp, ah. Never empty, no protocol twice, srtp in transport mode only.
    Ipsec(Vec<Rule>),
}

/// One protection of a packet (items 717 to 720).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    pub protocol: Protocol,
    pub mode: Mode,
    pub level: Level,
}

/// Ordered inside out, as setkey lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// **Ours**: what ordinary telephones have (RFC 3711), with keys by SDES (RFC 4568). ESP serves it as well.
    Srtp,
    Ipcomp,
    Esp,
    Ah,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    Transport,
    /// The tunnel's two outer ends (items 719, 831).
    Tunnel {
        source: IpAddr,
        destination: IpAddr,
    },
}

/// How much a rule insists (item 720; RFC 4301 has no levels, setkey's are meant).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// The reader's own configured level; never in a statement.
    Default,
    /// Protect where an SA exists, else send in clear.
    Use,
    /// Protect or do not send.
    Require,
    /// As require, with an SA shared with no other entry.
    Unique,
}

/// What a received packet really had, found by opening it: never by what it claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Carried {
    pub confidentiality: bool,
    pub payload_integrity: bool,
    pub header_integrity: bool,
    /// Encrypted and authenticated, by whatever keys: by those of SDES too, which every proxy on the way can read.
    pub sealed: bool,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ah => "ah",
            Self::Esp => "esp",
            Self::Ipcomp => "ipcomp",
            Self::Srtp => "srtp",
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Use => "use",
            Self::Require => "require",
            Self::Unique => "unique",
        })
    }
}

/// `transport` or `tunnel 192.0.2.1-192.0.2.2`.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport => f.write_str("transport"),
            Self::Tunnel { source, destination } => write!(f, "tunnel {source}-{destination}"),
        }
    }
}

/// setkey's form: `esp/transport//require`, `esp/tunnel/192.0.2.1-192.0.2.2/require`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            Mode::Transport => write!(f, "{}/transport//{}", self.protocol, self.level),
            Mode::Tunnel { source, destination } => {
                write!(f, "{}/tunnel/{source}-{destination}/{}", self.protocol, self.level)
            }
        }
    }
}

/// setkey's form: `discard`, `none`, `ipsec esp/transport//require ah/transport//require`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discard => f.write_str("discard"),
            Self::None => f.write_str("none"),
            Self::Ipsec(rules) => {
                f.write_str("ipsec")?;
                rules.iter().try_for_each(|rule| write!(f, " {rule}"))
            }
        }
    }
}

impl Protocol {
    /// All of them, inside out.
    pub const ALL: [Self; 4] = [Self::Srtp, Self::Ipcomp, Self::Esp, Self::Ah];
    /// Those of IPsec, inside out: what two of us agree on.
    pub const IPSEC: [Self; 3] = [Self::Ipcomp, Self::Esp, Self::Ah];
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Default, Self::Use, Self::Require, Self::Unique];

    /// What it means to a reader whose own level is `default`. A reader without one, and one that
    /// names `default` itself, gets `require`.
    pub fn resolve(self, default: Level) -> Level {
        match (self, default) {
            (Self::Default, Self::Default) => Self::Require,
            (Self::Default, level) => level,
            (level, _) => level,
        }
    }
}

/// Why some rules make no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("at least one of ah, esp, ipcomp")]
    Empty,
    #[error("esp or ah beside ipcomp, which only makes packets shorter and protects nothing")]
    IpcompAlone,
    #[error("srtp in transport mode: it has no tunnel")]
    SrtpTunnel,
    #[error("{0} once only")]
    Twice(Protocol),
}

impl Action {
    /// `ipsec` with these rules, given in any order.
    pub fn ipsec(mut rules: Vec<Rule>) -> Result<Self, RulesError> {
        rules.sort_by_key(|rule| rule.protocol);
        if let Some(pair) = rules.windows(2).find(|pair| pair[0].protocol == pair[1].protocol) {
            return Err(RulesError::Twice(pair[0].protocol));
        }
        if rules.iter().any(|rule| rule.protocol == Protocol::Srtp && rule.mode != Mode::Transport) {
            return Err(RulesError::SrtpTunnel);
        }
        match rules.last().map(|rule| rule.protocol) {
            None => Err(RulesError::Empty),
            Some(Protocol::Ipcomp) => Err(RulesError::IpcompAlone),
            Some(_) => Ok(Self::Ipsec(rules)),
        }
    }

    /// The same action with every `default` level replaced by what it means to its author.
    pub fn resolved(&self, default: Level) -> Self {
        let resolve = |rule: &Rule| Rule { level: rule.level.resolve(default), ..rule.clone() };
        match self {
            Self::Ipsec(rules) => Self::Ipsec(rules.iter().map(resolve).collect()),
            other => other.clone(),
        }
    }

    /// As it is stated to peers: where we take what ordinary telephones have, a peer of our kind gives ESP.
    pub fn stated(&self) -> Self {
        let Self::Ipsec(rules) = self else { return self.clone() };
        let esp = |level| Rule::transport(Protocol::Esp, level);
        let has_esp = self.rule(Protocol::Esp).is_some();
        let stated = rules.iter().filter_map(|rule| match (rule.protocol, has_esp) {
            (Protocol::Srtp, true) => None,
            (Protocol::Srtp, false) => Some(esp(rule.level)),
            _ => Some(rule.clone()),
        });
        let mut stated: Vec<Rule> = stated.collect();
        stated.sort_by_key(|rule| rule.protocol);
        Self::Ipsec(stated)
    }

    /// The rule for one protocol.
    pub fn rule(&self, protocol: Protocol) -> Option<&Rule> {
        self.rules().iter().find(|rule| rule.protocol == protocol)
    }

    /// The same protections for packets on their way back: only a tunnel's ends change places.
    pub fn mirror(&self) -> Self {
        match self {
            Self::Ipsec(rules) => Self::Ipsec(rules.iter().map(Rule::mirror).collect()),
            other => other.clone(),
        }
    }

    /// The rules, inside out; none for `discard` and `none`.
    pub fn rules(&self) -> &[Rule] {
        match self {
            Self::Ipsec(rules) => rules,
            Self::Discard | Self::None => &[],
        }
    }
}

impl Rule {
    pub fn transport(protocol: Protocol, level: Level) -> Self {
        Self { protocol, mode: Mode::Transport, level }
    }

    /// Of a rule for packets of `direction`, that for packets which we send.
    pub fn as_sent(self, direction: Direction) -> Self {
        match direction {
            Direction::In => self.mirror(),
            Direction::Out => self,
        }
    }

    /// The same for packets on their way back: a tunnel's ends change places.
    pub fn mirror(&self) -> Self {
        let mode = match self.mode {
            Mode::Transport => Mode::Transport,
            Mode::Tunnel { source, destination } => Mode::Tunnel { source: destination, destination: source },
        };
        Self { mode, ..self.clone() }
    }
}
