use super::{Action, Mode, Protocol};

/// How the protocols of a bundle are laid around a packet. Capabilities that both sides agree, no strength: none of it makes
/// a bundle tighter or looser (PROTOCOL section 2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Framing {
    /// IPComp with DEFLATE (RFC 3173, RFC 2394) inside of everything, where it makes a packet shorter.
    pub ipcomp: bool,
    /// A whole IP packet is compressed, and not only what it carries.
    pub ipcomp_tunnel: bool,
    pub esp_tunnel: bool,
    pub ah_tunnel: bool,
    /// ESP pads every packet to one size (RFC 4303 section 2.7). Never beside IPComp, which tells by sizes what was said.
    pub tfc: bool,
}

impl Framing {
    /// Transport mode, and nothing else.
    pub const PLAIN: Self =
        Self { ipcomp: false, ipcomp_tunnel: false, esp_tunnel: false, ah_tunnel: false, tfc: false };

    /// As the rules name it; padding is no rule's matter.
    pub fn of(action: &Action) -> Self {
        let tunnel = |protocol| action.rule(protocol).is_some_and(|rule| rule.mode != Mode::Transport);
        Self {
            ipcomp: action.rule(Protocol::Ipcomp).is_some(),
            ipcomp_tunnel: tunnel(Protocol::Ipcomp),
            esp_tunnel: tunnel(Protocol::Esp),
            ah_tunnel: tunnel(Protocol::Ah),
            tfc: false,
        }
    }

    /// What either has; without padding where there is compression.
    pub fn with(self, other: Self) -> Self {
        let ipcomp = self.ipcomp || other.ipcomp;
        Self {
            ipcomp,
            ipcomp_tunnel: self.ipcomp_tunnel || other.ipcomp_tunnel,
            esp_tunnel: self.esp_tunnel || other.esp_tunnel,
            ah_tunnel: self.ah_tunnel || other.ah_tunnel,
            tfc: (self.tfc || other.tfc) && !ipcomp,
        }
    }

    /// Some packet in it is an IP packet of its own.
    pub fn has_tunnel(self) -> bool {
        self.tunnels() > 0
    }

    /// How many IP headers stand inside.
    pub fn tunnels(self) -> usize {
        usize::from(self.ipcomp_tunnel) + usize::from(self.esp_tunnel) + usize::from(self.ah_tunnel)
    }
}
