//! Where a tunnel ends (items 719, 831): at the two devices of the call. Gateways are not spoken yet.

use std::net::IpAddr;

use super::spd::ends;
use super::{Direction, Entry, Mode, Rule};

impl Entry {
    /// The first rule whose tunnel does not end at the two ends of a call, and what to write in its place.
    pub fn tunnel_elsewhere(&self, ours: IpAddr, theirs: IpAddr) -> Option<(&Rule, Rule)> {
        let (source, destination) = ends(self.direction, ours.to_canonical(), theirs.to_canonical());
        let here = Mode::Tunnel { source, destination };
        let elsewhere = |rule: &&Rule| rule.mode != Mode::Transport && rule.mode != here;
        self.action.rules().iter().find(elsewhere).map(|rule| (rule, Rule { mode: here, ..rule.clone() }))
    }

    /// Our own end of its first tunnel, and the other.
    pub fn tunnel(&self) -> Option<(IpAddr, IpAddr)> {
        let ends = |rule: &Rule| match rule.mode {
            Mode::Transport => None,
            Mode::Tunnel { source, destination } if self.direction == Direction::Out => Some((source, destination)),
            Mode::Tunnel { source, destination } => Some((destination, source)),
        };
        self.action.rules().iter().find_map(ends)
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::setkey::parse;

    #[test]
    fn a_tunnel_ends_at_the_two_ends_of_the_call_in_its_direction() {
        let (alice, bob) = ("192.168.1.1".parse().unwrap(), "192.168.1.2".parse().unwrap());
        let elsewhere = |text: &str| {
            let entries = parse(text).unwrap();
            entries[0].tunnel_elsewhere(alice, bob).map(|(_, fits)| fits.to_string())
        };
        let out = |action: &str| elsewhere(&format!("spdadd any any udp -P out {action};"));
        let inbound = |action: &str| elsewhere(&format!("spdadd any any udp -P in {action};"));
        assert_eq!(out("none"), None);
        assert_eq!(out("ipsec esp/transport//require ah/tunnel/192.168.1.1-192.168.1.2/require"), None);
        assert_eq!(inbound("ipsec esp/tunnel/192.168.1.2-192.168.1.1/require"), None);
        let fits = Some("esp/tunnel/192.168.1.1-192.168.1.2/use".to_owned());
        assert_eq!(out("ipsec esp/tunnel/192.168.1.2-192.168.1.1/use"), fits);
        assert_eq!(out("ipsec ah/transport//use esp/tunnel/192.168.1.1-133.134.10.1/use"), fits);
        let entry = &parse("spdadd any any udp -P in ipsec esp/tunnel/::2-::1/use;").unwrap()[0];
        assert_eq!(entry.tunnel(), Some(("::1".parse().unwrap(), "::2".parse().unwrap())));
    }
}
