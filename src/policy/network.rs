//! What the system says of the networks that this machine is attached to, and what follows from it: which address is ours, and which of
//! them tells where we are (PROTOCOL section 5, "Environment").

use std::fmt;
use std::net::IpAddr;

/// The interfaces that are up, in the system's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    pub interfaces: Vec<Interface>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    pub name: String,
    pub kind: InterfaceKind,
    /// Usable ones, in the system's order; of IPv6 no link-local ones.
    pub addresses: Vec<IpAddr>,
    /// Of its default routes.
    pub gateways: Vec<Gateway>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceKind {
    /// To a network that the machine is really in.
    Attached,
    Loopback,
    /// Its packets travel in those of another: its address says nothing of where the machine is.
    Tunnel,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// `None`: the route names an interface only.
    pub address: Option<IpAddr>,
    /// As far as it is known.
    pub hardware: Option<HardwareAddress>,
    /// The lowest is used first.
    pub metric: u32,
}

/// Of an Ethernet interface (EUI-48).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareAddress(pub [u8; 6]);

/// Where a machine is, as far as its attached interface tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// Of the attached interface: the care-of address under Mobile IP or a VPN.
    pub address: IpAddr,
    /// Of the gateway that it is attached by.
    pub gateway: Option<HardwareAddress>,
}

impl Network {
    /// Whether packets to this address come to this machine. Loopback is always there.
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_loopback() || self.interface_of(address).is_some()
    }

    /// The address by which others reach us, of the family of `like`, or else of the other: of the interface of the default route. Without
    /// one, of the first that is attached to anything.
    pub fn own_address(&self, like: IpAddr) -> Option<IpAddr> {
        let by_metric = self.interfaces.iter().filter(|interface| interface.kind != InterfaceKind::Loopback);
        let routed = by_metric.clone().filter_map(|interface| Some((interface.metric()?, interface)));
        let routed: Vec<&Interface> = sorted(routed.collect());
        let all = || routed.iter().copied().chain(by_metric.clone());
        let same = |address: &&IpAddr| address.is_ipv4() == like.is_ipv4();
        let find = |any: bool| all().flat_map(|i| &i.addresses).find(|address| any || same(address)).copied();
        find(false).or_else(|| find(true))
    }

    /// Where we are when `own` is the address by which others reach us: of a tunnel that is told by the interface that carries it.
    pub fn whereabouts(&self, own: IpAddr) -> Whereabouts {
        if own.to_canonical().is_loopback() {
            return Whereabouts { address: own, gateway: None };
        }
        let holds = self.interface_of(own.to_canonical());
        let attached = holds.filter(|interface| interface.kind != InterfaceKind::Tunnel);
        let carrier = || self.carrier_of(own);
        match attached {
            Some(interface) => Whereabouts { address: own, gateway: interface.hardware() },
            None => carrier().unwrap_or(Whereabouts { address: own, gateway: None }),
        }
    }

    /// The attached interface that the default route would take without any tunnel.
    fn carrier_of(&self, own: IpAddr) -> Option<Whereabouts> {
        let attached = self.interfaces.iter().filter(|interface| interface.kind == InterfaceKind::Attached);
        let routed = attached.filter_map(|interface| Some((interface.metric()?, interface))).collect();
        let carriers = sorted(routed);
        let address = |interface: &&Interface| {
            let same = interface.addresses.iter().find(|address| address.is_ipv4() == own.is_ipv4());
            same.or(interface.addresses.first()).copied()
        };
        let found = carriers.iter().find_map(|interface| Some((address(interface)?, interface.hardware())));
        found.map(|(address, gateway)| Whereabouts { address, gateway })
    }

    fn interface_of(&self, address: IpAddr) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.addresses.contains(&address))
    }

    /// Gateways whose hardware address is not known yet: whoever speaks to them learns it.
    pub fn unknown_gateways(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let attached = self.interfaces.iter().filter(|interface| interface.kind == InterfaceKind::Attached);
        let unknown = attached.flat_map(|interface| &interface.gateways).filter(|gateway| gateway.hardware.is_none());
        unknown.filter_map(|gateway| gateway.address)
    }
}

impl Interface {
    fn metric(&self) -> Option<u32> {
        self.gateways.iter().map(|gateway| gateway.metric).min()
    }

    fn hardware(&self) -> Option<HardwareAddress> {
        self.gateways.iter().filter(|gateway| gateway.hardware.is_some()).min_by_key(|g| g.metric)?.hardware
    }
}

/// Stable: of equals the system's first.
fn sorted(mut routed: Vec<(u32, &Interface)>) -> Vec<&Interface> {
    routed.sort_by_key(|(metric, _)| *metric);
    routed.into_iter().map(|(_, interface)| interface).collect()
}

impl HardwareAddress {
    /// `00:1b:63:84:45:e6`, with `-` for `:` too; nothing for one that is all zeros, or of a group.
    pub fn parse(text: &str) -> Option<Self> {
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|c| c.is_ascii_hexdigit()))?;
            *octet = u8::from_str_radix(part, 16).ok()?;
        }
        let is_one = octets != [0; 6] && octets.first().is_some_and(|first| first & 1 == 0);
        (parts.next().is_none() && is_one).then_some(Self(octets))
    }
}

impl fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([a, b, c, d, e, g]) = self;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn interface(name: &str, kind: InterfaceKind, addresses: &[&str], gateway: Option<(&str, &str, u32)>) -> Interface {
        let addresses = addresses.iter().map(|text| ip(text)).collect();
        let gateways = gateway.iter().map(|(address, hardware, metric)| Gateway {
            address: Some(ip(address)),
            hardware: HardwareAddress::parse(hardware),
            metric: *metric,
        });
        Interface { name: name.into(), kind, addresses, gateways: gateways.collect() }
    }

    use InterfaceKind::{Attached, Loopback, Tunnel};

    #[test]
    fn the_interface_of_the_default_route_is_ours_and_loopback_never() {
        let lo = interface("lo", Loopback, &["127.0.0.1", "::1"], None);
        let idle = interface("eth0", Attached, &["10.0.0.9"], None);
        let slow = interface("wwan0", Attached, &["100.64.0.7", "2001:db8::7"], Some(("100.64.0.1", "", 700)));
        let fast = interface("wlan0", Attached, &["192.168.1.2"], Some(("192.168.1.254", "", 600)));
        let all = Network { interfaces: vec![lo.clone(), idle.clone(), slow, fast] };
        assert_eq!(all.own_address(ip("192.168.1.2")), Some(ip("192.168.1.2")));
        assert_eq!(all.own_address(ip("::1")), Some(ip("2001:db8::7")));
        assert_eq!(Network { interfaces: vec![lo.clone(), idle] }.own_address(ip("::1")), Some(ip("10.0.0.9")));
        assert_eq!(Network { interfaces: vec![lo.clone()] }.own_address(ip("10.0.0.1")), None);
        let none = Network { interfaces: vec![lo] };
        assert!(none.has(ip("127.9.9.9")) && !none.has(ip("192.168.1.2")) && all.has(ip("::ffff:192.168.1.2")));
    }

    #[test]
    fn a_vpn_is_judged_by_the_interface_that_carries_it() {
        let office = "00:1b:63:84:45:e6";
        let wlan = interface("wlan0", Attached, &["192.168.1.2"], Some(("192.168.1.254", office, 600)));
        let vpn = interface("tun0", Tunnel, &["10.8.0.2"], Some(("10.8.0.1", "", 50)));
        let network = Network { interfaces: vec![wlan, vpn] };
        assert_eq!(network.own_address(ip("0.0.0.0")), Some(ip("10.8.0.2")), "by which others reach us");
        let there = Whereabouts { address: ip("192.168.1.2"), gateway: HardwareAddress::parse(office) };
        assert_eq!(network.whereabouts(ip("10.8.0.2")), there);
        assert_eq!(network.whereabouts(ip("192.168.1.2")), there);
        assert_eq!(network.whereabouts(ip("203.0.113.5")), there, "a home address that no interface holds");
    }

    #[test]
    fn a_hardware_address_is_read_as_people_write_it() {
        for text in ["00:1b:63:84:45:e6", "00-1B-63-84-45-E6"] {
            assert_eq!(HardwareAddress::parse(text).unwrap().to_string(), "00:1b:63:84:45:e6");
        }
        for text in [
            "",
            "00:1b:63:84:45",
            "00:1b:63:84:45:e6:00",
            "0:1b:63:84:45:e6",
            "ff:ff:ff:ff:ff:ff",
            "00:00:00:00:00:00",
            "+0:1b:63:84:45:e6",
        ] {
            assert_eq!(HardwareAddress::parse(text), None, "{text}");
        }
    }

    #[test]
    fn gateways_that_nobody_spoke_to_are_named() {
        let wlan = interface("wlan0", Attached, &["192.168.1.2"], Some(("192.168.1.254", "", 600)));
        let network = Network { interfaces: vec![wlan] };
        assert_eq!(network.unknown_gateways().collect::<Vec<_>>(), [ip("192.168.1.254")]);
    }
}
