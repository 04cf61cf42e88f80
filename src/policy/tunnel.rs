//! Where a tunnel ends (items 719, 831): at the two devices of the call, or at a gateway that stands between them.

use std::net::IpAddr;

use super::spd::ends;
use super::{Action, Direction, Entry, Mode, Protocol, Rule};

impl Entry {
    /// The first rule whose tunnel does not end at the two ends of a call, and what to write in its place.
    pub fn tunnel_elsewhere(&self, ours: IpAddr, theirs: IpAddr) -> Option<(&Rule, Rule)> {
        let (source, destination) = ends(self.direction, ours.to_canonical(), theirs.to_canonical());
        let here = Mode::Tunnel { source, destination };
        let elsewhere = |rule: &&Rule| rule.mode != Mode::Transport && rule.mode != here;
        self.action.rules().iter().find(elsewhere).map(|rule| (rule, Rule { mode: here, ..rule.clone() }))
    }

    /// In two, where it tunnels to a gateway: what goes around packets as far as there, and what goes to the peer behind it. IPComp that
    /// nothing protects behind it is for the gateway.
    pub fn split_at(&self, ours: IpAddr, gateway: IpAddr) -> Option<(Self, Self)> {
        let (source, destination) = ends(self.direction, ours.to_canonical(), gateway.to_canonical());
        let there = Mode::Tunnel { source, destination };
        let (mut near, mut far): (Vec<Rule>, Vec<Rule>) =
            self.action.rules().iter().cloned().partition(|rule| rule.mode == there);
        if far.iter().all(|rule| rule.protocol == Protocol::Ipcomp) {
            near.append(&mut far);
        }
        let near = Action::ipsec(near).ok()?;
        let far = Action::ipsec(far).unwrap_or(Action::None);
        let of = |action| Self { action, ..self.clone() };
        Some((of(near), of(far)))
    }

    /// What of it is for the peer, where it tunnels to one of the gateways.
    pub fn beyond(&self, ours: IpAddr, is_gateway: impl Fn(IpAddr) -> bool) -> Option<Self> {
        let (_, gateway) = self.tunnel().filter(|(_, end)| is_gateway(*end))?;
        self.split_at(ours, gateway).map(|(_, far)| far)
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

    #[test]
    fn an_entry_is_split_at_the_gateway_that_it_tunnels_to() {
        let (alice, gateway) = ("192.168.1.1".parse().unwrap(), "133.134.10.1".parse().unwrap());
        let split = |text: &str| {
            let entry = &parse(&format!("spdadd any any udp {text};")).unwrap()[0];
            entry.split_at(alice, gateway).map(|(near, far)| (near.action.to_string(), far.action.to_string()))
        };
        let two = |near: &str, far: &str| Some((near.to_owned(), far.to_owned()));
        let esp = "ipsec esp/tunnel/192.168.1.1-133.134.10.1/require";
        assert_eq!(split(&format!("-P out {esp}")), two(esp, "none"));
        assert_eq!(
            split(&format!("-P out {esp} ah/transport//require")),
            two(esp, "ipsec ah/transport//require"),
            "AH is the peer's"
        );
        let back = "ipsec esp/tunnel/133.134.10.1-192.168.1.1/use";
        assert_eq!(split(&format!("-P in {back}")), two(back, "none"));
        assert_eq!(split(&format!("-P out {back}")), None, "that way it leads here");
        let packed = "ipsec ipcomp/transport//use esp/tunnel/192.168.1.1-133.134.10.1/require";
        assert_eq!(split(&format!("-P out {packed}")), two(packed, "none"));
        assert_eq!(
            split(&format!("-P out {packed} ah/transport//use")),
            two(esp, "ipsec ipcomp/transport//use ah/transport//use")
        );
        for elsewhere in
            ["none", "discard", "ipsec esp/transport//require", "ipsec esp/tunnel/192.168.1.1-10.0.0.1/use"]
        {
            assert_eq!(split(&format!("-P out {elsewhere}")), None);
        }
    }
}
