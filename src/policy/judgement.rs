//! Where a device is, as far as its address and the configured places tell (PROTOCOL section 5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Evidence, HardwareAddress, Prefix, Scope, Whereabouts};

/// A network that has a name.
#[derive(Clone, Copy, Debug)]
pub struct KnownPlace<'a> {
    pub name: &'a str,
    pub scope: Scope,
    pub networks: &'a [Prefix],
    /// Of its gateways: with any, an address of its networks is there only behind one of these.
    pub gateways: &'a [HardwareAddress],
}

/// The place of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub scope: Scope,
    pub evidence: Evidence,
    /// As configured or typed in, else `private network` or `external`.
    pub place: String,
}

/// What we think of where a peer is that does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inference {
    pub scope: Scope,
    /// One sentence, marked as our inference.
    pub text: String,
}

/// Judges where a machine is (under Mobile IP or a VPN: its attached interface). A configured place whose gateway it is attached
/// by names it, else the narrowest network that holds its address; without one it is a private network or external. What the user
/// `typed` in outweighs both, but lends a scope only when it is the name of a configured place.
pub fn judge(there: Whereabouts, places: &[KnownPlace<'_>], typed: Option<&str>) -> Judgement {
    let judged = narrowest(there, places).map_or_else(
        || unconfigured(there.address),
        |place| Judgement { scope: place.scope, evidence: place.evidence(), place: place.name.to_owned() },
    );
    match typed {
        None => judged,
        Some(text) => Judgement {
            scope: places.iter().find(|place| place.name == text).map_or(judged.scope, |place| place.scope),
            evidence: Evidence::User,
            place: text.to_owned(),
        },
    }
}

/// Compares the two addresses when a peer withholds its place.
pub fn infer(theirs: IpAddr, ours: IpAddr) -> Inference {
    let (scope, text) = match (scope_of(theirs), scope_of(ours)) {
        (Scope::Private, Scope::Private) => (
            Scope::Unknown,
            "both addresses are private: perhaps the same network, which a private address cannot prove",
        ),
        (Scope::Private, _) => (Scope::Unknown, "theirs is private, yours is not: they are on some other network"),
        (Scope::Public, Scope::Private) => (Scope::Public, "yours is private, theirs public: probably outside"),
        (Scope::Public, _) => (Scope::Public, "both addresses are public: the packets cross the Internet"),
        (Scope::Unknown, _) => (Scope::Unknown, "their address tells nothing of where they are"),
    };
    Inference { scope, text: format!("Our inference: {text}.") }
}

/// Private for addresses that no Internet router carries, unknown for none at all, else public.
pub fn scope_of(address: IpAddr) -> Scope {
    match address.to_canonical() {
        address if address.is_unspecified() => Scope::Unknown,
        IpAddr::V4(address) if private_v4(address) => Scope::Private,
        IpAddr::V6(address) if private_v6(address) => Scope::Private,
        _ => Scope::Public,
    }
}

/// RFC 1918 section 3, link-local (RFC 3927 section 2.1), loopback.
fn private_v4(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_link_local() || address.is_loopback()
}

/// Unique local (RFC 4193 section 3.1), link-local (RFC 4291 section 2.5.6), loopback.
fn private_v6(address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || address.is_loopback()
}

fn unconfigured(address: IpAddr) -> Judgement {
    let scope = scope_of(address);
    let place = match scope {
        Scope::Private => "private network",
        Scope::Public => "external",
        Scope::Unknown => "unknown",
    };
    Judgement { scope, evidence: Evidence::Address, place: place.to_owned() }
}

/// What a gateway proves goes before what an address does.
fn narrowest<'a, 'b>(there: Whereabouts, places: &'a [KnownPlace<'b>]) -> Option<&'a KnownPlace<'b>> {
    let width = |place: &KnownPlace<'_>| {
        let holding = place.networks.iter().filter(|network| network.contains(there.address));
        holding.map(|network| u16::from(network.specificity()) + 1).max().unwrap_or(0)
    };
    let fits = |place: &&KnownPlace<'_>| width(place) > 0 && place.is_behind(there.gateway);
    // Of equals `min_by_key` takes the first, which is how the configuration is read.
    places.iter().filter(fits).min_by_key(|place| std::cmp::Reverse((place.evidence(), width(place))))
}

impl KnownPlace<'_> {
    fn is_behind(&self, gateway: Option<HardwareAddress>) -> bool {
        self.gateways.is_empty() || gateway.is_some_and(|gateway| self.gateways.contains(&gateway))
    }

    /// What it takes to be there.
    fn evidence(&self) -> Evidence {
        if self.gateways.is_empty() {
            Evidence::Address
        } else {
            Evidence::Network
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_addresses_of_the_specification_and_the_edges_of_each_range() {
        let private = [
            "192.168.1.1",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "169.254.9.9",
            "127.0.0.1",
            "::1",
            "fd00::1",
            "fc00::",
            "fe80::1",
            "febf::1",
            "::ffff:192.168.1.1",
        ];
        for address in private {
            assert_eq!(scope_of(ip(address)), Scope::Private, "{address}");
        }
        for address in [
            "133.134.10.10",
            "172.32.0.0",
            "172.15.255.255",
            "192.169.0.0",
            "100.64.0.1",
            "2001:db8::1",
            "fec0::1",
            "fe00::",
        ] {
            assert_eq!(scope_of(ip(address)), Scope::Public, "{address}");
        }
        assert_eq!(scope_of(ip("0.0.0.0")), Scope::Unknown);
    }

    #[test]
    fn the_narrowest_configured_network_names_the_place_and_the_user_outweighs_it() {
        let [office, lab] = ["192.168.0.0/16", "192.168.1.0/24"].map(|text| {
            let (address, len) = text.split_once('/').unwrap();
            [Prefix::new(ip(address), len.parse().unwrap()).unwrap()]
        });
        let places = [
            KnownPlace { name: "office", scope: Scope::Private, networks: &office, gateways: &[] },
            KnownPlace { name: "guest lab", scope: Scope::Public, networks: &lab, gateways: &[] },
        ];
        let judged = |address, typed| {
            let there = Whereabouts { address: ip(address), gateway: None };
            let Judgement { scope, evidence, place } = judge(there, &places, typed);
            (scope, evidence, place)
        };
        assert_eq!(judged("192.168.1.1", None), (Scope::Public, Evidence::Address, "guest lab".to_owned()));
        assert_eq!(judged("192.168.2.1", None), (Scope::Private, Evidence::Address, "office".to_owned()));
        assert_eq!(judged("10.0.0.1", None), (Scope::Private, Evidence::Address, "private network".to_owned()));
        assert_eq!(judged("133.134.10.10", None), (Scope::Public, Evidence::Address, "external".to_owned()));
        assert_eq!(judged("133.134.10.10", Some("office")), (Scope::Private, Evidence::User, "office".to_owned()));
        assert_eq!(judged("133.134.10.10", Some("train")), (Scope::Public, Evidence::User, "train".to_owned()));
    }

    /// The office and a cafe use the same addresses.
    #[test]
    fn a_gateway_tells_a_place_from_another_with_the_same_addresses() {
        let network = [Prefix::new(ip("192.168.1.0"), 24).unwrap()];
        let [office, cafe] = ["00:1b:63:84:45:e6", "00:1b:63:84:45:e7"].map(HardwareAddress::parse);
        let gateways = [office.unwrap()];
        let anywhere = KnownPlace { name: "at home", scope: Scope::Private, networks: &network, gateways: &[] };
        let office_only = KnownPlace { name: "office", scope: Scope::Private, networks: &network, gateways: &gateways };
        let judged = |places: &[KnownPlace<'_>], gateway| {
            let Judgement { evidence, place, .. } =
                judge(Whereabouts { address: ip("192.168.1.2"), gateway }, places, None);
            (evidence, place)
        };
        for places in [&[anywhere, office_only][..], &[office_only, anywhere]] {
            assert_eq!(judged(places, office), (Evidence::Network, "office".into()));
            assert_eq!(judged(places, cafe), (Evidence::Address, "at home".into()));
        }
        for gateway in [cafe, None] {
            assert_eq!(judged(&[office_only], gateway), (Evidence::Address, "private network".into()));
        }
    }

    #[test]
    fn two_addresses_allow_an_inference_that_says_what_it_is() {
        let inferred = infer(ip("133.134.10.10"), ip("192.168.1.1"));
        assert_eq!(inferred.scope, Scope::Public);
        assert_eq!(inferred.text, "Our inference: yours is private, theirs public: probably outside.");
        assert_eq!(infer(ip("192.168.1.2"), ip("192.168.1.1")).scope, Scope::Unknown, "an address proves nothing");
    }
}
