use std::fmt;
use std::net::IpAddr;

/// What becomes of a packet (item 716).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Discard,
    None,
    /// One to three rules, inside out: ipcomp, esp, ah. Never empty, no protocol twice.
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
    Ipcomp,
    Esp,
    Ah,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ah => "ah",
            Self::Esp => "esp",
            Self::Ipcomp => "ipcomp",
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

impl Action {
    /// The same protections for packets on their way back: only a tunnel's ends change places.
    pub fn mirror(&self) -> Self {
        match self {
            Self::Ipsec(rules) => Self::Ipsec(rules.iter().map(Rule::mirror).collect()),
            other => other.clone(),
        }
    }

    /// The rules, none for `discard` and `none`.
    pub fn rules(&self) -> &[Rule] {
        match self {
            Self::Ipsec(rules) => rules,
            Self::Discard | Self::None => &[],
        }
    }
}

impl Rule {
    fn mirror(&self) -> Self {
        let mode = match self.mode {
            Mode::Transport => Mode::Transport,
            Mode::Tunnel { source, destination } => Mode::Tunnel { source: destination, destination: source },
        };
        Self { mode, ..self.clone() }
    }
}
